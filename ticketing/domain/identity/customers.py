"""Who holds a booking: a customer has an id, which bookings and the audit carry, and a key.

The key is canonical (`ticketing.domain.identity.names`): one person has one key however they are
spelt, so one person is one customer, over the counter and with an account. What a customer is
called stands in the customer alone, so that a person can be forgotten while every booking stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

MAX_NAME = 254

_ID = re.compile(r"[0-9A-Fa-f]{24}")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, who is the same as long as the id is.

    `name` is as it was given first, and None of somebody who has been erased. `user` is the id of
    the account that has proven to be this customer's, if any. `active` is False while that account
    is deactivated. `idle_since` marks somebody who will be forgotten unless they are heard of.
    """

    id: str
    name: str | None = field(compare=False)
    key: str | None = field(default=None, compare=False)
    user: str | None = field(default=None, compare=False)
    active: bool = field(default=True, compare=False)
    created_at: datetime | None = field(default=None, compare=False)
    idle_since: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NamedCustomer:
    """A customer as somebody named them: by address, by name, or by an id.

    Whether there is such a customer is read together with what they hold. If not, a booking makes
    one: with `new_id`, under the key. `id` is that of a customer or a user, where the name may be
    one; such ids are in small letters.
    """

    key: str
    given: str
    new_id: str = field(compare=False)
    id: str | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Look once whether the name may be an id: each step of a write asks for it."""
        id_ = self.given.lower() if _ID.fullmatch(self.given) else None
        object.__setattr__(self, "id", id_)

    def as_customer(self, now: datetime) -> Customer:
        """Return the customer that a first booking makes."""
        return Customer(self.new_id, self.given, self.key, created_at=now)


CustomerRef = Customer | NamedCustomer
"""Whom a command is for: a customer who is known, or one who is named."""
