"""Passwords, by argon2id (RFC 9106)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. 44 ms a check here; the library's
# default takes 450 ms, which on two cores would let two people sign in a second.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1


class Passwords:
    """Hashes and checks passwords; safe for threads."""

    def __init__(
        self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, lanes: int = LANES
    ) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._nobodys = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """Hash a password with a salt of its own."""
        return self._hasher.hash(password)

    def check(self, hashed: str | None, password: str) -> bool:
        """Tell whether this is the password; None takes as long and is never right."""
        try:
            return self._hasher.verify(hashed or self._nobodys, password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)
