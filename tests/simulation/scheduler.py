"""Threads of which one runs at a time, which one is drawn from a seed, and a time that waits.

A thread of the simulation is a greenlet. It runs until it comes to a switch point: a lock, a pause,
a message to MongoDB. There the next one is drawn from those that can run. Virtual time goes on only
when nobody can, and then to the next moment at which somebody can. So a run is decided by its seed,
and hours of waiting take no time.

https://greenlet.readthedocs.io/
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from greenlet import getcurrent, greenlet

# What the shortest message takes.
STEP_S = 0.0001

# A step and what a float adds to it is one step.
_NEARLY = 1e-6

# Without end some thread would go round in circles; a run takes a few thousand, rarely 400,000.
_MOST_SWITCHES = 2_000_000


class Killed(BaseException):
    """Whatever this thread does, it does no more: its process is gone."""


class Stuck(Exception):
    """Nobody can go on, though not everybody has finished; or somebody goes on for ever."""


class Process:
    """What dies together: threads with the memory that they share.

    With `steps_left` it dies by itself, after so many more steps of its threads.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.steps_left: int | None = None
        self.threads: dict[Thread, None] = {}

    def died(self) -> None:
        """Do what the world does once it is dead."""


class Thread:
    """One thread of a process; it is daemonic where nobody waits for its end."""

    __slots__ = ("greenlet", "is_daemon", "name", "process", "token", "waits")

    def __init__(self, name: str, process: Process, *, is_daemon: bool) -> None:
        self.name = name
        self.process = process
        self.is_daemon = is_daemon
        self.greenlet: greenlet | None = None
        self.waits = False
        # Changes whenever it is woken: a time that is over wakes nobody who has gone on since.
        self.token = 0

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self in self.process.threads

    def __str__(self) -> str:
        return f"{self.process.name}/{self.name}"


class Scheduler:
    """Runs threads; `now` is in seconds of virtual time, `eagerness` how often they give way.

    `watch` is called whenever nobody can go on at a moment, before time does.
    """

    def __init__(self, chance: random.Random, eagerness: float, watch: Callable[[], None]) -> None:
        self.now = 0.0
        self._steps = 0
        self._watch = watch
        self.chance = chance
        self.eagerness = eagerness
        self._hub = getcurrent()
        self._current: Thread | None = None
        self._ready: list[Thread] = []
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._alive: dict[Thread, None] = {}
        self._awaited = 0
        self._doomed: Process | None = None

    @property
    def running(self) -> Thread | None:
        """The thread that runs, if any does."""
        return self._current

    @property
    def current(self) -> Thread:
        """The thread that runs."""
        assert self._current is not None
        return self._current

    def start(
        self, process: Process, name: str, run: Callable[[], None], *, is_daemon: bool = False
    ) -> Thread:
        """Start a thread; it runs when it is drawn."""
        thread = Thread(name, process, is_daemon=is_daemon)

        def body() -> None:
            try:
                if not process.is_dead:
                    run()
            except Killed:
                pass
            finally:
                self._forget(thread)

        thread.greenlet = greenlet(body, self._hub)
        process.threads[thread] = None
        self._alive[thread] = None
        self._awaited += not is_daemon
        self._ready.append(thread)
        return thread

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something so many seconds from now, in nobody's thread; it must not wait.

        Time is in steps of `STEP_S`, so that things happen at one moment, in either order.
        """
        steps = math.ceil(seconds / STEP_S - _NEARLY) if seconds > 0 else 0
        at = self._steps + max(steps, seconds > 0)
        heapq.heappush(self._agenda, (at, next(self._numbers), act))

    def run(self) -> None:
        """Run until all threads but the daemons have ended; raises Stuck where they never will."""
        for _ in range(_MOST_SWITCHES):
            if self._doomed is not None:
                doomed, self._doomed = self._doomed, None
                self.kill(doomed)
                doomed.died()
            elif self._ready and not self._is_due():
                chosen = self._ready.pop(int(self.chance.random() * len(self._ready)))
                self._resume(chosen)
            elif not self._awaited:
                return
            elif self._agenda:
                at, _, act = heapq.heappop(self._agenda)
                if at > self._steps:
                    self._watch()
                    self._steps, self.now = at, at * STEP_S
                act()
            else:
                raise Stuck(f"nobody can go on: {', '.join(map(str, self._alive))} wait for ever")
        raise Stuck("somebody goes round in circles")

    def _is_due(self) -> bool:
        """Draw whether what is due at this moment happens before somebody goes on."""
        return (
            bool(self._agenda) and self._agenda[0][0] <= self._steps and self.chance.random() < 0.5
        )

    def kill(self, process: Process) -> None:
        """End a process from outside of all threads: what it has in memory is gone."""
        assert self._current is None
        process.is_dead = True
        for thread in list(process.threads):
            if thread in self._ready:
                self._ready.remove(thread)
            self._resume(thread, killed=True)

    def end(self) -> None:
        """End all that still runs, so that nothing of a run outlives it."""
        while self._alive:
            self.kill(next(iter(self._alive)).process)

    def give_way(self) -> None:
        """Let somebody else go on first, now and then."""
        if self._current is None:
            return
        thread = self._current
        self._step(thread)
        if self.chance.random() < self.eagerness:
            self._ready.append(thread)
            self._switch(thread)

    def sleep(self, seconds: float) -> None:
        """Go on so many seconds later."""
        thread = self.current
        self._step(thread)
        self._wake_in(seconds, thread)
        thread.waits = True
        self._switch(thread)

    def wait(self, timeout: float | None = None) -> None:
        """Wait to be woken, or for so many seconds; who is woken looks for themselves why."""
        thread = self.current
        self._step(thread)
        if timeout is not None:
            self._wake_in(timeout, thread)
        thread.waits = True
        self._switch(thread)

    def wake(self, thread: Thread) -> None:
        """Wake a thread that waits."""
        if thread.waits and not thread.process.is_dead:
            thread.waits = False
            thread.token += 1
            self._ready.append(thread)

    def _wake_in(self, seconds: float, thread: Thread) -> None:
        token = thread.token

        def wake() -> None:
            if thread.token == token:
                self.wake(thread)

        self.at(seconds, wake)

    def _step(self, thread: Thread) -> None:
        """Go one step further in the life of a thread's process, which may be the last."""
        process = thread.process
        if process.steps_left is not None and not process.is_dead:
            process.steps_left -= 1
            if process.steps_left <= 0:
                self._doomed = process
                self._switch(thread)
        if process.is_dead:
            raise Killed

    def _forget(self, thread: Thread) -> None:
        if thread in self._alive:
            del self._alive[thread], thread.process.threads[thread]
            self._awaited -= not thread.is_daemon

    def _switch(self, thread: Thread) -> None:
        self._hub.switch()
        if thread.process.is_dead:
            raise Killed

    def _resume(self, thread: Thread, *, killed: bool = False) -> None:
        assert thread.greenlet is not None
        before, self._current = self._current, thread
        try:
            if not killed:
                thread.greenlet.switch()
            elif thread.greenlet:
                thread.greenlet.throw(Killed)
            else:
                self._forget(thread)
        finally:
            self._current = before


class Lock:
    """A lock as `threading.Lock` is one, whom it goes to drawn from the seed."""

    __slots__ = ("_is_held", "_scheduler", "_waiting")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._is_held = False
        self._waiting: list[Thread] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; return False where it could not be had in time."""
        scheduler = self._scheduler
        scheduler.give_way()
        until = scheduler.now + timeout
        while self._is_held:
            left = until - scheduler.now
            if not blocking or (timeout >= 0 and left <= 0):
                return False
            thread = scheduler.current
            self._waiting.append(thread)
            try:
                scheduler.wait(left if timeout >= 0 else None)
            finally:
                if thread in self._waiting:
                    self._waiting.remove(thread)
        self._is_held = True
        return True

    def release(self) -> None:
        """Give the lock back; somebody who waits for it may try."""
        if not self._is_held:
            raise RuntimeError("release unlocked lock")
        self._is_held = False
        if self._waiting:
            chosen = int(self._scheduler.chance.random() * len(self._waiting))
            self._scheduler.wake(self._waiting.pop(chosen))
        if not self._scheduler.current.process.is_dead:
            self._scheduler.give_way()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Event:
    """A flag as `threading.Event` is one."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._is_set = False
        self._waiting: list[Thread] = []

    def is_set(self) -> bool:
        """Return whether the flag is set."""
        return self._is_set

    def set(self) -> None:
        """Set the flag and wake all who wait for it."""
        self._is_set = True
        while self._waiting:
            self._scheduler.wake(self._waiting.pop())

    def clear(self) -> None:
        """Take the flag away."""
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set; return whether it is."""
        if not self._is_set:
            with self._in_line():
                self._scheduler.wait(timeout)
        return self._is_set

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        thread = self._scheduler.current
        self._waiting.append(thread)
        try:
            yield
        finally:
            if thread in self._waiting:
                self._waiting.remove(thread)


class Mailbox:
    """Both ends of a pair of datagram sockets that never block; it outlives who writes to it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._messages: deque[bytes] = deque()
        self._has_some = Event(scheduler)

    def send(self, message: bytes) -> None:
        """Put a message in; a process that is dead does no such thing."""
        self._scheduler.give_way()
        self._messages.append(message)
        self._has_some.set()

    def recv(self, size: int) -> bytes:
        """Take the first message out; raises BlockingIOError where there is none."""
        self._scheduler.give_way()
        if not self._messages:
            raise BlockingIOError
        return self._messages.popleft()[:size]

    def wait(self, seconds: float) -> None:
        """Wait for a message, or for so long."""
        if not self._messages:
            self._has_some.clear()
            self._has_some.wait(seconds)
