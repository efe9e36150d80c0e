"""What is shown alone and never was so is found, whichever of its fields is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.judging.shown.rows import ill_shown
from tests.faults.judging.told import OTHER, Trail, booked, court, returned, sold, waits
from tests.faults.load.history import Sight

Row = dict[str, Any]

STATUS = {
    "name": "Gala", "capacity": 4, "ticketsSold": 3, "ticketsAvailable": 1, "bookings": 1,
    "waiting": 1, "status": "scheduled",
}  # fmt: skip
EVENT = {
    **STATUS, "id": "e1", "venue": None, "date": "2030-01-01", "costPerTicket": 5, "revenue": 15,
    "createdAt": "2026-11-30T12:00:02.000Z", "head": "5:h5",
}  # fmt: skip
WAITS = {
    "id": "b2", "event": "e1", "customer": "p2", "customerId": "c2", "nTickets": 2, "total": None,
    "status": "waiting", "position": 1, "createdAt": "2026-11-30T12:00:10.000Z",
}  # fmt: skip
SALE = {
    "id": "s1", "event": "e1", "nTickets": 1, "total": 5, "status": "cancelled", "actor": "staff",
    "createdAt": "2026-11-30T12:00:04.000Z", "cancelledAt": "2026-11-30T12:00:06.000Z",
    "reason": "staff", "cancelledBy": OTHER,
}  # fmt: skip
EXPORTED = {name: value for name, value in WAITS.items() if name != "position"}

SHOWN: dict[str, tuple[str, Row]] = {
    "event": ("e1", EVENT),
    "status": ("e1", STATUS),
    "booking": ("b2", WAITS),
    "transaction": ("s1", SALE),
}


@pytest.fixture(autouse=True)
def spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """People are called `p1` here, and nothing else."""
    monkeypatch.setattr(
        "tests.faults.judging.shown.naming.spellings", lambda number: [f"p{number}"]
    )


def office() -> Trail:
    """A sale that was taken back, a booking, and somebody who waits."""
    trail = returned(sold(Trail(capacity=4), "s1"), "s1")
    return waits(booked(trail, "b1", "p1", 3), "b2", "p2", 2)


def found(kind: str, subject: str, told: object, status: int = 200) -> list[str]:
    body = json.dumps(told).encode()
    return list(ill_shown(court(office()), [Sight(kind, subject, 30.0, 31.0, status, body)]))


@pytest.mark.parametrize("kind", SHOWN)
def test_is_silent_about_what_was_so(kind: str) -> None:
    assert found(kind, *SHOWN[kind]) == []


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, (_, told) in SHOWN.items() for name in told]
)
def test_finds_each_field_that_is_wrong_or_missing(kind: str, name: str) -> None:
    subject, told = SHOWN[kind]
    less = {other: value for other, value in told.items() if other != name}

    assert len(found(kind, subject, {**told, name: "another"})) == 1
    assert len(found(kind, subject, less)) == 1


def test_looks_at_each_booking_of_an_export() -> None:
    assert found("export", "c2", {"bookings": [EXPORTED]}) == []
    assert len(found("export", "c2", {"bookings": [{**EXPORTED, "total": 5}]})) == 1
    assert len(found("export", "c2", {"bookings": [{**EXPORTED, "customer": "p1"}]})) == 1


def test_finds_a_sale_that_is_missing() -> None:
    assert found("transaction", "s9", {}, 404) == []
    assert len(found("transaction", "s1", {}, 404)) == 1
    assert len(found("transaction", "s9", {}, 403)) == 1


def test_finds_a_customer_by_another_s_name() -> None:
    assert found("customer", "c1", {"id": "c1", "name": "P1"}) == []
    assert len(found("customer", "c1", {"id": "c1", "name": "p2"})) == 1
    assert len(found("customer", "c1", {"id": "c2", "name": "p2"})) == 1
    assert len(found("customer", "c1", {"id": "c1", "name": None})) == 1
