"""Liveness has a verdict: once a fault is over, every kind of request gets its turn, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.faults.judging.kinds import KINDS
from tests.faults.load.history import Request

# As long as a commit may take (8 s), and nobody is to need that twice.
TURN_S = 8


def starved(requests: Sequence[Request], over: float, ports: Iterable[int]) -> Iterator[str]:
    """Find kinds that got no turn at a host, though asked for after the fault was over.

    A turn is an answer other than 503 (429, 500) to whoever asked first, or asked again, within
    `TURN_S` from the first question.
    """
    since = [request for request in requests if request.began >= over]
    for port in ports:
        here = [request for request in since if request.port == port]
        for kind, route in KINDS.items():
            asked = [one for one in here if (one.kind, one.route) == (kind, route)]
            yield from _starved(kind, port, asked)


def _starved(kind: str, port: int, asked: Sequence[Request]) -> Iterator[str]:
    if not asked:
        yield f"{kind}: nobody has asked for it at {port} since"
        return
    answered = [request.ended for request in asked if request.is_answered]
    if not answered:
        yield f"{kind}: no answer at {port} since, asked {len(asked)} times"
        return
    first = min(answered) - min(request.began for request in asked)
    if first > TURN_S:
        yield f"{kind}: its first answer at {port} took {first:.1f} s, {TURN_S} allowed"
