"""Who shows a token or an API key, known for a second after it was looked up.

Reading somebody's account for each request would cost more than what they ask for. What was found
is used again while nothing has changed: at once where this host changed an account or a key
(`ticketing.storage.driver.host`), and after `LIFETIME_S` at the latest wherever it was changed.
Only what was good is remembered: whoever is refused is looked up anew each time.

One read looks up the tokens of all who came while the read before it was under way, and of those
who go on asking and whose second is over, or nearly so. So a worker that many ask reads about once
a second, and nobody is known for longer than if they were read by themselves.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ticketing.domain.errors import Busy, DatabaseUnavailable, OutcomeUnknown
from ticketing.domain.identity.users import Principal
from ticketing.services.accounts import api_keys, users
from ticketing.services.recent import Recent
from ticketing.services.signing_in.tokens import Claims, Tokens
from ticketing.services.writes.queue import BatchQueues
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S, Database
from ticketing.storage.driver.host import stamp_of

LIFETIME_S = 1.0
# Whose second ends so soon is looked up together with whose second is over.
SOON_S = 0.25
MOST_TOGETHER = 64
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a secret is good for; `claims` are those of a token, which ends with them."""

    principal: Principal
    claims: Claims | None = None


@dataclass(slots=True)
class _Found:
    """What was found, at which stamp, and when by two clocks: the service's may be set."""

    known: Known
    stamp: int
    at: datetime
    until: float
    has_asked_again: bool = False

    def is_fresh(self, stamp: int, now: datetime, moment: float) -> bool:
        """Return whether it is still so, as far as anybody here can know."""
        if self.stamp != stamp or moment >= self.until:
            return False
        claims = self.known.claims
        ends = self.at + timedelta(seconds=LIFETIME_S)
        return self.at <= now < (min(ends, claims.expires_at) if claims else ends)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment before a look-up: what changes after it may have been looked up in vain."""

    stamp: int | None
    monotonic: float
    now: datetime


@dataclass(frozen=True, slots=True)
class _Shown:
    """A token that somebody shows, and what it says."""

    digest: bytes
    claims: Claims
    now: datetime


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
        self._queues: BatchQueues[_Shown, Known | None] = BatchQueues(
            self._look_up, size=MOST_TOGETHER, complete_s=OPERATION_TIMEOUT_S
        )

    def by_token(self, token: str, now: datetime) -> Known | None:
        """Find whom a token is good for; None where anything is wrong with it."""
        digest = self._digest(token)
        if (known := self._remembered(digest, self._before(now))) is not None:
            return known
        claims = self._tokens.read(token, now)
        if claims is None:
            return None
        try:
            shown = _Shown(digest, claims, now)
            return self._queues.submit("tokens", shown, wait_s=OPERATION_TIMEOUT_S)
        except (Busy, OutcomeUnknown) as error:
            # The queue's words for a change: a look-up that takes too long has changed nothing.
            raise DatabaseUnavailable from error

    def by_api_key(self, secret: str, now: datetime) -> Known | None:
        """Find whom an API key is for; None where it is none, or no good."""
        if not api_keys.is_key(secret):
            return None
        digest, before = self._digest(secret), self._before(now)
        if (known := self._remembered(digest, before)) is not None:
            return known
        found = api_keys.bearer_of(self._db, secret, now)
        return self._remember(digest, Known(found) if found else None, before)

    def _look_up(
        self, _: str, shown: Sequence[_Shown]
    ) -> Sequence[Known | UnreadableDocument | None]:
        """Look up those who were not found meanwhile, together with who would be next."""
        before = self._before(min(one.now for one in shown))
        results: dict[bytes, Known | UnreadableDocument | None] = {}
        wanted: dict[bytes, Claims] = {}
        for one in shown:
            if (known := self._remembered(one.digest, replace(before, now=one.now))) is not None:
                results[one.digest] = known
            else:
                wanted[one.digest] = one.claims
        if wanted:
            wanted = {**self._due(before.monotonic), **wanted}
            bearers = users.bearers_of(self._db, list(wanted.values()), before.now)
            for (digest, claims), bearer in zip(wanted.items(), bearers, strict=True):
                known = Known(bearer, claims) if isinstance(bearer, Principal) else None
                self._remember(digest, known, before)
                results[digest] = bearer if isinstance(bearer, UnreadableDocument) else known
        return [results[one.digest] for one in shown]

    def _due(self, moment: float) -> Mapping[bytes, Claims]:
        """Return whose second is over or soon will be, of those who asked within it again.

        Who has not come since is forgotten.
        """
        due: dict[bytes, Claims] = {}
        over: list[bytes] = []
        with self._lock:
            # In the order in which they were found.
            for digest, found in self._found.items():
                if moment < found.until - SOON_S or len(due) == MOST_TOGETHER:
                    break
                if moment >= found.until + (LIFETIME_S if found.has_asked_again else 0):
                    over.append(digest)
                elif found.has_asked_again and found.known.claims is not None:
                    due[digest] = found.known.claims
            for digest in over:
                del self._found[digest]
        return due

    def _digest(self, secret: str) -> bytes:
        return hashlib.blake2b(
            secret.encode("utf-8", "replace"), key=self._key, digest_size=16
        ).digest()

    def _before(self, now: datetime) -> _Moment:
        stamp = self._stamp.read() if self._stamp is not None else None
        return _Moment(stamp, self._clock(), now)

    def _remembered(self, digest: bytes, at: _Moment) -> Known | None:
        found = self._found.get(digest)
        if found is None or at.stamp is None:
            return None
        if not found.is_fresh(at.stamp, at.now, at.monotonic):
            return None
        found.has_asked_again = True
        return found.known

    def _remember(self, digest: bytes, known: Known | None, before: _Moment) -> Known | None:
        with self._lock:
            if known is not None and before.stamp is not None:
                until = before.monotonic + LIFETIME_S
                self._found[digest] = _Found(known, before.stamp, before.now, until)
            else:
                self._found.pop(digest, None)
        return known
