"""Keys by which a till, a door or a shop's back end signs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ticketing.domain.identity.users import Principal, Role

LONGEST_NAME = 64

# What keys may do: whatever would hand out more is a person's business.
KEY_ROLES = (Role.CUSTOMER, Role.STAFF)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key; `prefix` is how it begins, `secret` all of it, which only its making knows.

    Stored is a hash. One that is revoked lets nobody in, and stays in the list.
    """

    id: str
    name: str
    role: Role
    prefix: str
    created_at: datetime
    created_by: str
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def principal(self) -> Principal:
        """Whoever shows it, as the audit names them. No customer: a key holds no bookings."""
        return Principal(f"key:{self.name}", self.role)
