"""Signing in with a password: what is cheap comes first, and what is not is counted.

In this order, the first that fits:

| known to have no attempts left?    | refused, for nothing                              |
| verified a moment ago, from there? | the user, for the price of a read                 |
| too many wait for a check?         | refused                                           |
| wait for the turn                  | one check at a time                               |
| no place among the address's?      | refused                                           |
| no place among the account's?      | refused, but for whose turn it is                 |
| check the password                 | wrong: the place is kept; right: it is given back |

Whoever is refused hears so after a moment, while there are threads to wait in: refused at once,
sixty-four connections would be back at once, and leave no processor to those who buy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ticketing.domain.errors import TooManyRequests, UnusableName, WrongSecondFactor
from ticketing.domain.identity.names import address_key
from ticketing.domain.identity.rate_limits import RateLimitStatus
from ticketing.domain.identity.users import User
from ticketing.services.accounts import users
from ticketing.services.signing_in.attempts import Attempts
from ticketing.services.signing_in.pacing import Pacing
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.verified import Verified
from ticketing.storage.accounts.users import find_by_email
from ticketing.storage.driver.clients import Database

T = TypeVar("T")

# As many refusals a second as a worker hardly notices: fifty.
_PAUSE_S = 0.02


def _unknown(email: str) -> str | None:
    """Return what guesses at an address without an account are counted by, like those at others.

    What is no address is no account's, and counted by where it comes from alone.
    """
    try:
        return hashlib.sha256(address_key(email).encode()).hexdigest()
    except UnusableName:
        return None


class SignIn:
    """Checks passwords for whoever shows one; `source` is where they come from.

    Everything here raises TooManyRequests. At most so many `threads` wait in here.
    """

    def __init__(
        self, db: Database, passwords: Passwords, attempts: Attempts, *, threads: int
    ) -> None:
        self._db = db
        self._passwords = passwords
        self._attempts = attempts
        self._verified = Verified()
        self._pacing = Pacing(_PAUSE_S)
        self._threads = threads

    def by_password(
        self, source: str, email: str, password: str
    ) -> tuple[User | None, RateLimitStatus | None]:
        """Return the active user with this password, and the standing where it was checked."""
        with self._refusing_slowly():
            self._attempts.refuse_if_known(source)
            user = find_by_email(self._db, email)
            if user and user.active and self._verified.knows(source, user, password):
                return user, None
            with self._passwords.turn():
                user, standing = self._attempts.run(
                    source,
                    lambda: users.authenticate(self._db, self._passwords, email, password),
                    user.id if user else _unknown(email),
                )
        if user:
            self._verified.add(source, user, password)
        return user, standing

    def without_password(self, source: str) -> RateLimitStatus | None:
        """Count an attempt that shows no password at all: it has failed."""
        with self._refusing_slowly():
            _, standing = self._attempts.run(source, lambda: None)
        return standing

    def require_password(self, source: str, user_id: str, current: str) -> None:
        """Raise WrongPassword, which counts, but for the user's; raises UserNotFound."""

        def check() -> User:
            return users.require_password(self._db, self._passwords, user_id, current)

        with self._refusing_slowly():
            self._attempts.refuse_if_known(source)
            with self._passwords.turn():
                self._attempts.run(source, check, user_id)

    def by_code(
        self, source: str, user_id: str, check: Callable[[], T | None]
    ) -> tuple[T, RateLimitStatus | None]:
        """Return what a check of a code gives, and the standing; raises WrongSecondFactor for None.

        That counts, as a wrong password does.
        """

        def checked() -> T:
            found = check()
            if found is None:
                raise WrongSecondFactor
            return found

        with self._refusing_slowly():
            self._attempts.refuse_if_known(source)
            found, standing = self._attempts.run(source, checked, user_id)
        assert found is not None
        return found, standing

    @contextmanager
    def _refusing_slowly(self) -> Iterator[None]:
        try:
            yield
        except TooManyRequests:
            self._pacing.wait(self._threads - self._passwords.waiting)
            raise
