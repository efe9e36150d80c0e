"""What came of a command, as facts that can be kept: pure functions of the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ticketing.domain.changes.results import (
    MOST_NAMED,
    BookingResult,
    CalledOff,
    EventResult,
    TransferOffer,
)
from ticketing.domain.events import Event
from ticketing.web.presenters.words import name_of

Facts = Mapping[str, Any]
"""JSON: what a form came to is stored, and shown once more to whoever sends the form again."""


def booking_facts(result: BookingResult) -> Facts:
    """Return what became of a booking, and how many tickets went to the list; names nobody."""
    booking = result.booking
    return {
        "booking": booking.id,
        "event": booking.event,
        "status": booking.status,
        "tickets": booking.tickets,
        "total": booking.total,
        "position": result.position,
        "passed": sum(other.tickets for other in result.assigned),
    }


def offer_facts(offer: TransferOffer) -> Facts:
    """Return under which code a booking is offered, and until when."""
    return {"booking": offer.booking.id, "code": offer.code, "until": offer.expires_at.isoformat()}


def sale_facts(sold: BookingResult) -> Facts:
    """Return what was sold over the counter."""
    sale = sold.booking
    return {"sale": sale.id, "event": sale.event, "tickets": sale.tickets, "total": sale.total}


def return_facts(result: BookingResult) -> Facts:
    """Return what was given back, and who got it from the list."""
    return {
        **booking_facts(result),
        "at": result.booking.cancelled_at.isoformat() if result.booking.cancelled_at else None,
        "to": [(name_of(b.customer), b.tickets) for b in result.assigned[:MOST_NAMED]],
    }


def new_event_facts(event: Event) -> Facts:
    """Return which event was put on."""
    return {"event": event.id}


def event_facts(result: EventResult) -> Facts:
    """Return which event was changed, and how many tickets went to the list."""
    return {
        "event": result.event.id,
        "passed": sum(booking.tickets for booking in result.assigned),
        "served": result.assigned_count,
    }


def called_off_facts(result: CalledOff) -> Facts:
    """Return which event was called off."""
    return {"event": result.event.id, "owed": result.owed_total}
