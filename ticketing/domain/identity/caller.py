"""Who asks for a change, and in which request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the audit names them, and the id of the request that they ask in.

    `customer` is the id of the customer that the caller is, if any: who cancels their own booking
    is no staff.
    """

    actor: str
    request_id: str
    customer: str | None = None


SYSTEM_ACTOR = "office"
"""Who finishes remaining work, as the audit names it."""
