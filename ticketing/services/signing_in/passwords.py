"""Passwords, by argon2id (RFC 9106)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ticketing.domain.identity.passwords import prepared, require_usable
from ticketing.services.bulkheads import Bulkhead

T = TypeVar("T")

# OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, parallelism 1. 44 ms a check here; the
# library's default takes 450 ms, which on two cores would let two people sign in a second.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

# Those who come behind one address at the beginning of a shift; the last waits for 0.7 s.
QUEUE = 15
# Longer than the whole queue takes on a busy processor, and shorter than a client waits.
PATIENCE_S = 4.0
# Lower than that of those who sell: a quarter of a busy processor, all of an idle one.
_NICENESS = 5


class Passwords:
    """Hashes and checks passwords, one at a time; safe for threads.

    Sixty-four at once would take 1.2 GB and all processors from those who buy. A thread does it
    that does nothing else, since each thread keeps the 19 MiB of its last hash (glibc's malloc has
    an arena for each).
    """

    def __init__(
        self,
        *,
        memory_kib: int = MEMORY_KIB,
        passes: int = PASSES,
        lanes: int = LANES,
        queue: int = QUEUE,
    ) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._bulkhead = Bulkhead(queue, PATIENCE_S)
        # Its thread begins with the first hash: after a server has forked.
        self._thread = ThreadPoolExecutor(1, "passwords", _give_way)
        self._nobodys = self._hasher.hash("nobody's password")

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn."""
        return self._bulkhead.waiting

    def turn(self) -> AbstractContextManager[None]:
        """Return a block within which nobody else hashes or checks; raises TooManyRequests."""
        return self._bulkhead.entered()

    def hash(self, password: str) -> str:
        """Hash a password with a salt of its own; raises TooManyRequests."""
        return self._do(lambda: self._hasher.hash(prepared(password)))

    def hash_new(self, password: str, address: str) -> str:
        """Hash what shall be the password of an address; raises UnusablePassword as well."""

        def work() -> str:
            require_usable(password, address)
            return self._hasher.hash(prepared(password))

        return self._do(work)

    def check(self, hashed: str | None, password: str) -> bool:
        """Return whether this is the password; None takes as long and is never right.

        Raises TooManyRequests.
        """
        return self.matching_form(hashed, password) is not None

    def matching_form(self, hashed: str | None, password: str) -> str | None:
        """Return in which spelling this is the password: as it is hashed today, or as it was given.

        Hashes of before were made of what was given. Raises TooManyRequests.
        """
        forms = dict.fromkeys((prepared(password), password))
        found = self._do(lambda: next(filter(partial(self._fits, hashed), forms), None))
        return found if hashed is not None else None

    def is_outdated(self, hashed: str) -> bool:
        """Return whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _fits(self, hashed: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(hashed or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False

    def _do(self, work: Callable[[], T]) -> T:
        with self.turn():
            return self._thread.submit(work).result()


def _give_way() -> None:
    """Lower this thread's priority below the others' (Linux, where each has its own)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
