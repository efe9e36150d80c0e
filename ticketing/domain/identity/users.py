"""Users and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from ticketing.domain.identity.customers import Customer, CustomerRef, NamedCustomer


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

    `email` is as it was given; `key` is what it is unique by, and `verified` whether somebody has
    shown that it is theirs. `generation` is in every token and goes up with each change of password
    or activity, which makes older tokens worthless. `signed_out` are the ids of tokens that were
    given back before their time. `sequence` counts the account's entries in the audit.
    `customer_id` is whose bookings are the user's, once the address is known to be theirs.
    `second_factor` names what codes are asked of at sign-in; empty where a password is enough.
    `seen_at` is when they showed who they are, to a day.
    """

    id: str
    email: str
    key: str
    role: Role
    active: bool
    password_hash: str
    generation: int
    signed_out: frozenset[str]
    created_at: datetime
    verified: bool
    sequence: int
    customer_id: str | None = None
    second_factor: str = ""
    seen_at: datetime | None = field(default=None, compare=False)

    @property
    def customer(self) -> Customer | None:
        """The user as the holder of bookings, once it is known whose they are."""
        return Customer(self.customer_id, self.email) if self.customer_id else None


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever makes a request: a user, or anybody at all in open mode.

    `customer` is None where nobody has signed in. `proven` is whether there were credentials that
    show it, `verified` whether the address of the account has been shown to be theirs, and
    `second_factor` whether the account asks for more than a password.
    """

    id: str
    role: Role
    customer: CustomerRef | None = None
    proven: bool = True
    verified: bool = True
    second_factor: bool = False

    @property
    def lacks_second_factor(self) -> bool:
        """Whether this is an administrator whose password is all that it takes."""
        return self.proven and self.role is Role.ADMIN and not self.second_factor


OPEN = Principal("open", Role.ADMIN, proven=False)


def introduced(customer: NamedCustomer) -> Principal:
    """Return somebody who has given a name in open mode, where nobody has to prove it."""
    return Principal(f"{OPEN.id}:{customer.given}", Role.ADMIN, customer, proven=False)


def former_key(email: str) -> str:
    """Return the key of a user of before whose address has none today, or another's.

    They go on signing in with what they registered, without regard to case.
    """
    return "former:" + email.strip().casefold()
