"""A MongoDB that is further away than it is: everything takes so long to get there and back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from ticketing.server.mongod import free_port

_CHUNK = 1 << 16


@contextmanager
def far_away(uri: str, round_trip_s: float) -> Iterator[str]:
    """Return the address of a MongoDB of one node from where a question takes so long.

    Whoever has the address asks that node alone: what the replica set calls itself is nearer.
    """
    asked = urlsplit(uri)
    port = free_port()
    passing = _Passing(port, asked.port or 27017, round_trip_s / 2)
    thread = threading.Thread(target=asyncio.run, args=(passing.listen(),), daemon=True)
    thread.start()
    passing.listens.wait()
    try:
        who = f"{asked.username}:{asked.password}@" if asked.username else ""
        source = "&authSource=admin" if who else ""
        yield f"mongodb://{who}127.0.0.1:{port}/?directConnection=true{source}"
    finally:
        passing.end()
        thread.join()


class _Passing:
    """Passes on what comes, a while later, both ways and in order."""

    def __init__(self, port: int, to: int, seconds: float) -> None:
        self._port = port
        self._to = to
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self.listens = threading.Event()

    async def listen(self) -> None:
        """Listen until the end; what is under way then is lost."""
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._serve, "127.0.0.1", self._port):
            self.listens.set()
            await self._over.wait()

    def end(self) -> None:
        """Listen no longer; from another thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            await asyncio.gather(self._pass(reader, to_there), self._pass(there, writer))
        finally:
            writer.close()
            to_there.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = loop.create_task(_arrive(under_way, writer))
        data = b"something"
        while data:
            # A connection that is broken off ends like one that is closed.
            data = b""
            with suppress(OSError):
                data = await reader.read(_CHUNK)
            under_way.put_nowait((loop.time() + self._seconds, data))
        await arriving


async def _arrive(
    under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    while True:
        at, data = await under_way.get()
        await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
        if not data:
            writer.close()
            return
        writer.write(data)
