"""A second factor: codes of a moment (TOTP, RFC 6238), and recovery codes for a lost telephone.

    proposed    a secret is made and shown once; nothing has changed yet
    confirmed   its first code was right: from now on a code is asked for, every session has ended
    replaced    as at first, by whoever has a code of the one that counts
    reset       by another administrator or at the terminal: every session has ended

A code is good for its half minute and the ones beside it, since clocks differ, and once: the commit
that takes it raises the step below which no code is good.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import structlog
from bson import ObjectId
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pymongo.client_session import ClientSession

from ticketing.domain.errors import (
    NoEnrolment,
    OwnSecondFactor,
    SecondFactorNeeded,
    Unreadable,
    UserNotFound,
)
from ticketing.domain.identity.account_changes import AccountChange
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.rate_limits import RateLimitStatus
from ticketing.domain.identity.users import User
from ticketing.services.accounts.changes import change_within
from ticketing.services.signing_in.sign_in import SignIn
from ticketing.storage.accounts import second_factors, users
from ticketing.storage.accounts.second_factors import SecondFactor
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import until_committed

log = structlog.get_logger(__name__)

STEP_S = 30
RECOVERY_CODES = 10

_PROPOSED_FOR = timedelta(minutes=30)
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[a-z2-7]{16}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an authenticator needs, shown once: the secret in base32, and the same as a link."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """Makes and checks second factors; secrets are sealed with the first key, read with all.

    `source` is where somebody comes from: what is wrong counts for it and for the account.
    """

    db: Database
    sign_in: SignIn
    keys: Sequence[str]
    issuer: str

    def check(
        self, source: str, user: User, code: str | None, now: datetime
    ) -> RateLimitStatus | None:
        """Take a code beside a password that was right; return the standing where it was counted.

        Raises SecondFactorNeeded where there is none, WrongSecondFactor, TooManyRequests.
        """
        if not user.second_factor:
            return None
        if code is None:
            raise SecondFactorNeeded
        # None is what counts as a failure.
        return self.sign_in.by_code(source, user.id, lambda: self._use(user, code, now) or None)[1]

    def propose(
        self, source: str, user_id: str, password: str, code: str | None, now: datetime
    ) -> Proposal:
        """Make a secret for somebody; it counts once a first code of it is confirmed.

        Asks for the password, and for a code where there is a second factor. Raises as `check`
        does, UserNotFound, WrongPassword.
        """
        # The password first: who lacks it can't try codes here.
        self.sign_in.require_password(source, user_id, password)
        user = users.find(self.db, user_id)
        if user is None:
            raise UserNotFound
        self.check(source, user, code, now)
        secret = pyotp.random_base32()
        sealed = self._seal(user.id, secret)
        factor = SecondFactor(str(ObjectId()), user.id, sealed, 0)
        second_factors.propose(self.db, factor, now + _PROPOSED_FOR)
        uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=self.issuer)
        return Proposal(secret, uri)

    def confirm(
        self, source: str, user_id: str, code: str, caller: Caller, now: datetime
    ) -> list[str]:
        """Confirm what was proposed last, by its first code; return the recovery codes.

        Raises NoEnrolment, WrongSecondFactor, UserNotFound. Every session of the user ends.
        """
        factor = second_factors.find_proposed(self.db, user_id, now)
        if factor is None:
            raise NoEnrolment
        secret = self._open(factor)
        step = self.sign_in.by_code(source, user_id, lambda: _step_of(secret, code, now))[0]
        codes = [
            _readable(base64.b32encode(secrets.token_bytes(10))) for _ in range(RECOVERY_CODES)
        ]
        digests = [_digest(_compact(one)) for one in codes]

        def work(session: ClientSession) -> None:
            second_factors.confirm(self.db, factor, step, digests, session)
            user = users.get(self.db, user_id, session)
            change = AccountChange(second_factor=factor.id)
            change_within(self.db, user, change, caller, now, session)

        until_committed(self.db, work)
        return codes

    def _use(self, user: User, code: str, now: datetime) -> bool:
        """Take a code of a user's second factor, or a recovery code; return whether it was good."""
        factor = second_factors.find(self.db, user.id, user.second_factor)
        if factor is None:
            return False
        if _RECOVERY.fullmatch(compact := _compact(code)):
            return self._use_recovery(factor, compact)
        secret = self._open(factor)
        step = _step_of(secret, code, now)
        if step is None:
            return False
        # Sealed anew with the first key, so that the previous one is needed less and less.
        sealed = self._seal(user.id, secret)
        return second_factors.use_step(self.db, factor.id, step, sealed)

    def _use_recovery(self, factor: SecondFactor, code: str) -> bool:
        used = second_factors.use_recovery(self.db, factor.id, _digest(code))
        if used:
            log.warning("recovery_code_used", user=factor.user)
        return used

    def _seal(self, user: str, secret: str) -> str:
        # Whose it is stands within: who may write to MongoDB can't give their own to somebody else.
        return self._box().encrypt(f"{user}:{secret}".encode()).decode()

    def _open(self, factor: SecondFactor) -> str:
        """Return a secret; raises Unreadable where no key of ours has sealed it for this user."""
        try:
            user, _, secret = self._box().decrypt(factor.secret).decode().partition(":")
        except InvalidToken:
            user, secret = "", ""
        if user != factor.user:
            log.error("second_factor_unreadable", user=factor.user)
            raise Unreadable
        return secret

    def _box(self) -> MultiFernet:
        return MultiFernet([Fernet(_derived(key)) for key in self.keys])


def reset(db: Database, user_id: str, caller: Caller, now: datetime) -> User:
    """Take somebody's second factor away, so that a password is enough; raises UserNotFound.

    Every session of theirs ends. Raises OwnSecondFactor for one's own: a session alone, which may
    be stolen, is not enough for that.
    """
    if caller.actor == user_id:
        raise OwnSecondFactor

    def work(session: ClientSession) -> User:
        user = users.get(db, user_id, session)
        second_factors.forget(db, user_id, session)
        return change_within(db, user, AccountChange(second_factor=""), caller, now, session)

    return until_committed(db, work)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step of which this is the code, if it is this one or one beside it."""
    given = "".join(code.split())
    if not given.isascii() or not _CODE.fullmatch(given):
        return None
    totp, this = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    # All three are looked at, so that the time it takes does not tell which one fits.
    fitting = [
        step
        for step in (this - 1, this, this + 1)
        if hmac.compare_digest(totp.generate_otp(step), given)
    ]
    # Where the same digits are two steps' code, the later one uses up both.
    return fitting[-1] if fitting else None


def _readable(code: bytes) -> str:
    text = code.decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _compact(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _digest(code: str) -> str:
    # 80 random bits need no salt and no slow hash.
    return hashlib.sha256(code.encode()).hexdigest()


def _derived(key: str) -> bytes:
    """Return a key for this alone: what signs tokens seals nothing."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"ticketing second factor").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
