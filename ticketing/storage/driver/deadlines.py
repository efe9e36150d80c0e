"""How long the work of one request may take, whatever it asks of MongoDB and however often."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pymongo

_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End all that this block asks of MongoDB within so many seconds.

    A block within a block can only shorten the time.
    """
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        with pymongo.timeout(seconds):
            yield
    finally:
        _until.reset(token)


def remaining() -> float:
    """Return how many seconds are left; infinitely many outside of any block."""
    return _until.get() - time.monotonic()
