"""Who asks, and who is meant: the staff, accounts that ask for themselves, and spellings."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.tokens import PAGES_AUDIENCE, Tokens
from ticketing.storage.driver.clients import Database

SECRET = "only-for-runs-in-which-things-break-on-purpose"
MOST = 4

# What the server is started with: whoever asks for themselves may acquire so many tickets.
SETTINGS = {
    "TICKETING_AUTH": "required",
    "TICKETING_SECRET_KEY": SECRET,
    "TICKETING_MAX_TICKETS_PER_BOOKING": str(MOST),
    "TICKETING_RATE_READS": "off",
    "TICKETING_RATE_WRITES": "off",
}

_BY_HAND = Caller("command line", "faults")
_FOR_LONG_S = 30 * 86_400
_ACCOUNTS = 3
_PERSONS = 400


@dataclass(frozen=True)
class Asker:
    """Somebody who asks: with which credentials, and as which person where it is an account.

    `cookie` is what their browser sends, who have signed in on the pages.
    """

    authorization: str
    person: str | None = None
    user: str | None = None
    cookie: str = ""


@dataclass(frozen=True)
class People:
    """The staff, and those who have an account."""

    staff: Asker
    accounts: Sequence[Asker] = field(default=())

    @property
    def person_of(self) -> Mapping[str, str]:
        """Which person each account's user is."""
        return {a.user: a.person for a in self.accounts if a.user and a.person}


def register_all(db: Database, now: datetime) -> People:
    """Make the staff and some accounts, with tokens that no clock a day off refuses."""

    def made(email: str, role: Role, person: str | None = None) -> Asker:
        user = register(db, quick, email, SECRET, now, role, caller=_BY_HAND)
        token, session = (kind.issue(user, now - timedelta(days=9)) for kind in (tokens, sessions))
        return Asker(f"Bearer {token}", person, user.id if person else None, _cookie(session))

    quick = Passwords(memory_kib=8, passes=1)
    tokens, sessions = Tokens([SECRET], _FOR_LONG_S), Tokens([SECRET], _FOR_LONG_S, PAGES_AUDIENCE)
    staff = made("staff@example.org", Role.ADMIN)
    accounts = [
        made(spellings(number)[0], Role.CUSTOMER, f"p{number}") for number in range(_ACCOUNTS)
    ]
    return People(staff, accounts)


def _cookie(session: str) -> str:
    """Sign what signing in on the pages leaves with a browser."""
    app = Flask(__name__)
    app.secret_key = SECRET
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return f"office={signer.dumps({'token': session})!s}"


def somebody(chance: random.Random) -> tuple[str, str]:
    """Choose a person, and one way to spell them."""
    number = chance.randrange(_PERSONS)
    return f"p{number}", chance.choice(spellings(number))


def spellings(number: int) -> Sequence[str]:
    """Write one person in every way that means them; the first is as they register."""
    if number < _ACCOUNTS or number % 3 == 0:
        return f"person{number}@example.org", f"PERSON{number}@Example.ORG"
    if number % 3 == 1:
        domains = "b\u00fccher.example", "xn--bcher-kva.example", "BU\u0308CHER.example"
        return [f"j\u00f6rg{number}@{domain}" for domain in domains] + [
            f"JO\u0308RG{number}@{domains[0]}"
        ]
    return f"Frau M\u00fcller {number}", f"  Frau  Mu\u0308ller {number} "
