"""Who shows a token or an API key, known for a second after it was looked up.

Reading somebody's account for each request would cost more than what they ask for. What was found
is used again while nothing has changed: at once where this host changed an account or a key
(`ticketing.storage.driver.host`), and after `LIFETIME_S` at the latest wherever it was changed.
Only what was good is remembered: whoever is refused is looked up anew each time.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketing.domain.identity.users import Principal
from ticketing.services.accounts import api_keys, users
from ticketing.services.recent import Recent
from ticketing.services.signing_in.tokens import Claims, Tokens
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.host import stamp_of

LIFETIME_S = 1.0
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a secret is good for; `claims` are those of a token, which ends with them."""

    principal: Principal
    claims: Claims | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found, at which stamp, and when by two clocks: the service's may be set."""

    known: Known
    stamp: int
    at: datetime
    until: float

    def is_fresh(self, stamp: int, now: datetime, moment: float) -> bool:
        """Return whether it is still so, as far as anybody here can know."""
        if self.stamp != stamp or moment >= self.until:
            return False
        claims = self.known.claims
        ends = self.at + timedelta(seconds=LIFETIME_S)
        return self.at <= now < (min(ends, claims.expires_at) if claims else ends)


class Callers:
    """Finds whom a token or an API key is good for; safe for threads."""

    def __init__(
        self, db: Database, tokens: Tokens, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._clock = clock
        self._stamp = stamp_of(db.name)
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._found: Recent[bytes, _Found] = Recent(_MOST)

    def by_token(self, token: str, now: datetime) -> Known | None:
        """Find whom a token is good for; None where anything is wrong with it."""

        def look_up() -> Known | None:
            claims = self._tokens.read(token, now)
            found = users.bearer_of(self._db, claims, now)
            return Known(found, claims) if found else None

        return self._remembering(token, now, look_up)

    def by_api_key(self, secret: str, now: datetime) -> Known | None:
        """Find whom an API key is for; None where it is none, or no good."""
        if not api_keys.is_key(secret):
            return None

        def look_up() -> Known | None:
            found = api_keys.bearer_of(self._db, secret, now)
            return Known(found) if found else None

        return self._remembering(secret, now, look_up)

    def _remembering(
        self, secret: str, now: datetime, look_up: Callable[[], Known | None]
    ) -> Known | None:
        if self._stamp is None:
            return look_up()
        digest = hashlib.blake2b(
            secret.encode("utf-8", "replace"), key=self._key, digest_size=16
        ).digest()
        # Read before the look-up: what changes meanwhile has been looked up in vain.
        stamp = self._stamp.read()
        found, moment = self._found.get(digest), self._clock()
        if found is not None and found.is_fresh(stamp, now, moment):
            return found.known
        known = look_up()
        with self._lock:
            if known is not None:
                self._found[digest] = _Found(known, stamp, now, moment + LIFETIME_S)
            else:
                self._found.pop(digest, None)
        return known
