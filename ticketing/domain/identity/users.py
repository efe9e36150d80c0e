"""Users and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from ticketing.domain.identity.customers import Customer

_USER = "user:"


class Role(IntEnum):
    """Who may do what: each role may do all that those before it may."""

    ANYBODY = 0
    CUSTOMER = 1
    STAFF = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role as the API and the database write it."""
        return self.name.lower()


ROLES = tuple(role.word for role in Role if role is not Role.ANYBODY)


def role_of(word: str) -> Role:
    """Read a role; raises KeyError for a word that is none."""
    return Role[word.upper()]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in.

    `email` is as it was given; it is unique without regard to case. `generation` is in every token
    and goes up with each change of password or activity, which makes older tokens worthless.
    `signed_out` are the ids of tokens that were given back before their time.
    """

    id: str
    email: str
    role: Role
    active: bool
    password_hash: str
    generation: int
    signed_out: frozenset[str]
    created_at: datetime

    @property
    def customer(self) -> Customer:
        """The user as the holder of bookings."""
        return Customer(_USER + self.id, self.email)


def user_id_of(customer_key: str) -> str | None:
    """Return which user holds the bookings of this customer key; None for a plain name."""
    return customer_key.removeprefix(_USER) if customer_key.startswith(_USER) else None


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever makes a request: a user, or anybody at all in open mode.

    `customer` is None where nobody has signed in. `proven` is whether there were credentials that
    show it.
    """

    id: str
    role: Role
    customer: Customer | None = None
    proven: bool = True


OPEN = Principal("open", Role.ADMIN, proven=False)


def introduced(customer: Customer) -> Principal:
    """Return somebody who has given a name in open mode, where nobody has to prove it."""
    return Principal(f"{OPEN.id}:{customer.given}", Role.ADMIN, customer, proven=False)


def is_user(customer: Customer | None, actor: str) -> bool:
    """Return whether a customer is the user with this id."""
    return customer is not None and customer.key == _USER + actor


def email_key(email: str) -> str:
    """Make two spellings of an e-mail address that differ in case the same."""
    return email.strip().casefold()
