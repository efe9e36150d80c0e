"""Passwords that were found right a moment ago, so that each need not be hashed again."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time

from ticketing.domain.identity.users import User
from ticketing.services.recent import Recent

LIFETIME_S = 60.0
MOST = 4096


class Verified:
    """Remembers for a minute who has shown the right password, and from where; safe for threads.

    What it keeps is a hash with a key that dies with the process, of the password together with
    the hash that the user document has: a new password, and any other change that makes tokens
    worthless, makes it worthless too. It holds for one source only, or whoever guesses from
    elsewhere could find out for nothing.
    """

    def __init__(self, lifetime_s: float = LIFETIME_S, most: int = MOST) -> None:
        self._key = secrets.token_bytes(32)
        self._lifetime_s = lifetime_s
        self._until: Recent[bytes, float] = Recent(most)
        self._lock = threading.Lock()

    def knows(self, source: str, user: User, password: str) -> bool:
        """Return whether this was the user's password less than a minute ago."""
        digest = self._digest(source, user, password)
        with self._lock:
            return self._until.get(digest, 0.0) > time.monotonic()

    def add(self, source: str, user: User, password: str) -> None:
        """Remember that this is the user's password; forget whoever has been here longest."""
        digest = self._digest(source, user, password)
        with self._lock:
            self._until[digest] = time.monotonic() + self._lifetime_s

    def _digest(self, source: str, user: User, password: str) -> bytes:
        said = json.dumps([source, user.id, user.generation, user.password_hash, password])
        return hashlib.blake2b(said.encode(), key=self._key, digest_size=32).digest()
