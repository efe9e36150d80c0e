"""Clocks for tests: they show what they were set to."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from tests.system.waiting import NEVER_S
from ticketing.storage.driver.units_of_work import utc_now

Moment = TypeVar("Moment")


class Clock(Generic[Moment]):
    """A time that stands still until it is told to go on."""

    def __init__(self, now: Moment) -> None:
        self.now = now

    def __call__(self) -> Moment:
        return self.now


class Held:
    """A clock that holds the transaction which asks for the time, once what it reads is read."""

    def __init__(self):
        self.armed, self.reached, self.go_on = False, threading.Event(), threading.Event()

    def __call__(self):
        if self.armed:
            self.armed = False
            self.reached.set()
            assert self.go_on.wait(NEVER_S)
        return utc_now()
