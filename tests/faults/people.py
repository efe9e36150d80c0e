"""Who asks, and who is meant: the staff, accounts that ask for themselves, and spellings."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role, User
from ticketing.services.accounts.passwords import Passwords
from ticketing.services.accounts.tokens import Tokens
from ticketing.services.accounts.users import register
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
_ACCOUNTS = 3
_PERSONS = 400


@dataclass(frozen=True)
class Asker:
    """Somebody who asks: with which credentials, and as which person where it is an account."""

    authorization: str
    person: str | None = None
    user: str | None = None


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

    def made(email: str, role: Role) -> tuple[str, User]:
        user = register(db, quick, email, SECRET, now, role, caller=_BY_HAND)
        return f"Bearer {tokens.issue(user, now - timedelta(days=9))}", user

    tokens, quick = Tokens([SECRET], 30 * 86_400), Passwords(memory_kib=8, passes=1)
    staff, _ = made("staff@example.org", Role.ADMIN)
    accounts = []
    for number in range(_ACCOUNTS):
        token, user = made(spellings(number)[0], Role.CUSTOMER)
        accounts.append(Asker(token, f"p{number}", user.id))
    return People(Asker(staff), accounts)


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
