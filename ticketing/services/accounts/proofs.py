"""Showing that an address is one's own, by a code that was sent to it.

Whether an address has an account is nobody's business: what is asked here is answered alike, and as
much is written, for one that has and one that has not.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.client_session import ClientSession

from ticketing.domain.errors import CodeNotFound, EmailTaken
from ticketing.domain.identity.account_changes import AccountChange
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.names import address_key, as_shown
from ticketing.domain.identity.users import User
from ticketing.services.accounts.changes import add_within, change_within
from ticketing.services.accounts.users import new_user
from ticketing.services.mail.messages import Kind, Letters
from ticketing.services.signing_in.passwords import Passwords
from ticketing.storage.accounts import codes, users
from ticketing.storage.accounts.codes import Code, Purpose
from ticketing.storage.background import outbox
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import until_committed

# Nobody's mailbox is filled from here: so many of one kind to one account in an hour.
_MOST_AN_HOUR = 3

# Whose code it is where nobody has an account.
_NOBODY = "nobody"

_SHOW_AN_ADDRESS: Sequence[Purpose] = ("verify", "address")
_RESET: Sequence[Purpose] = ("reset",)


@dataclass(frozen=True, slots=True)
class Sent:
    """What everybody hears who has asked for a code: where it goes, if it goes anywhere."""

    email: str


@dataclass(frozen=True, slots=True)
class Proofs:
    """Sends codes, and takes them."""

    db: Database
    passwords: Passwords
    letters: Letters

    def sign_up(self, email: str, password: str, caller: Caller, now: datetime) -> Sent:
        """Register somebody; raises UnusablePassword, and tells nothing else.

        A code goes to the address, and only the last one is good. With it goes the password that
        was chosen here: whoever chose another one before, and could not show that the address is
        theirs, has nothing of it.
        """
        user = new_user(self.passwords, email, password, now, verified=False)

        def work(session: ClientSession) -> None:
            known = users.find_within(self.db, user.key, session)
            if known is None:
                add_within(self.db, user, Caller(user.id, caller.request_id), session)
            account = known or user
            if account.verified or not account.active:
                self._send("known", account, session, now, withheld=not account.active)
            else:
                self._send_code("verify", account, session, now, hashed=user.password_hash)

        self._do(work)
        return Sent(email)

    def request_reset(self, email: str, now: datetime) -> Sent:
        """Send whoever has forgotten their password a code."""
        key = address_key(email)

        def work(session: ClientSession) -> None:
            user = users.find_within(self.db, key, session)
            self._send_code("reset", user if user and user.active else None, session, now)

        self._do(work)
        return Sent(email)

    def request_address(self, user_id: str, email: str, now: datetime) -> Sent:
        """Send a code to the address that somebody wants to be known by, and tell the old one."""
        key = address_key(email)

        def work(session: ClientSession) -> None:
            user = users.get(self.db, user_id, session)
            other = users.find_within(self.db, key, session)
            if other is not None and other.id != user.id:
                self._send("known", other, session, now, withheld=not other.active)
            else:
                self._send_code("address", user, session, now, email=as_shown(email))
            self._send("leaving", user, session, now, new=as_shown(email))

        self._do(work)
        return Sent(email)

    def verify(self, secret: str, caller: Caller, now: datetime) -> User:
        """Take a code that shows an address; raises CodeNotFound, EmailTaken."""

        def work(session: ClientSession) -> User:
            code = codes.use(self.db, secret, _SHOW_AN_ADDRESS, now, session)
            user = _owner(users.find_by_id_within(self.db, code.user, session), code)
            change = AccountChange(
                verified=True,
                password_hash=code.password_hash,
                email=code.email,
                key=address_key(code.email) if code.email else None,
            )
            by = Caller(user.id, caller.request_id)
            return change_within(self.db, user, change, by, now, session)

        return until_committed(self.db, work)

    def reset(self, secret: str, password: str, caller: Caller, now: datetime) -> User:
        """Take a code for a new password; raises CodeNotFound, UnusablePassword.

        It was sent to the address, so it also shows whose that is. All tokens end.
        """
        code = codes.find(self.db, secret, _RESET, now)
        if code is None:
            raise CodeNotFound
        user = _owner(users.find(self.db, code.user), code)
        hashed = self.passwords.hash_new(password, user.email)

        def work(session: ClientSession) -> User:
            used = codes.use(self.db, secret, _RESET, now, session)
            user = _owner(users.find_by_id_within(self.db, used.user, session), used)
            change = AccountChange(password_hash=hashed, verified=True)
            by = Caller(user.id, caller.request_id)
            return change_within(self.db, user, change, by, now, session)

        return until_committed(self.db, work)

    def _do(self, work: Callable[[ClientSession], None]) -> None:
        try:
            until_committed(self.db, work)
        except EmailTaken:
            # Somebody registered with the same address at the same moment: now it is known.
            until_committed(self.db, work)

    def _send_code(
        self,
        purpose: Purpose,
        user: User | None,
        session: ClientSession,
        now: datetime,
        *,
        hashed: str | None = None,
        email: str | None = None,
    ) -> None:
        secret = secrets.token_urlsafe(24)
        owner, key = (user.id, user.key) if user else (_NOBODY, "")
        until = now + codes.lifetime(purpose)
        codes.forget(self.db, owner, purpose, session)
        codes.insert(self.db, secret, Code(purpose, owner, key, until, hashed, email), session)
        mail = self.letters.write(purpose, owner, email or (user.email if user else ""), secret)
        outbox.insert(self.db, mail, now, session, withheld=self._is_too_much(mail, now, session))

    def _send(
        self,
        kind: Kind,
        user: User,
        session: ClientSession,
        now: datetime,
        *,
        withheld: bool = False,
        **known: str,
    ) -> None:
        mail = self.letters.write(kind, user.id, user.email, **known)
        withheld = withheld or self._is_too_much(mail, now, session)
        outbox.insert(self.db, mail, now, session, withheld=withheld)

    def _is_too_much(self, mail: outbox.Mail, now: datetime, session: ClientSession) -> bool:
        if mail.user == _NOBODY:
            return True
        since = now - timedelta(hours=1)
        written = outbox.written_since(self.db, mail.user, mail.kind, since, session)
        return written >= _MOST_AN_HOUR


def _owner(user: User | None, code: Code) -> User:
    """Require that a code is for an account as it was when it was sent; raises CodeNotFound."""
    if user is None or not user.active or user.key != code.key:
        raise CodeNotFound
    return user
