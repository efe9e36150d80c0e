"""What can be written can be read: also what an audit entry says has changed, whatever it is."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from tests.domain.builders import ADA, CALLER, HALLOWEEN, NOW, a_sale, an_event
from ticketing.api.schemas import AUDIT_PAGE
from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Share
from ticketing.domain.events import Event
from ticketing.storage.documents import AUDIT, BOOKINGS, CUSTOMERS, EVENTS, Fields
from ticketing.storage.migrations import schema

EVENT_OF_ALL = an_event(venue="Hall", day=HALLOWEEN, owed_total=500)
# Of these the audit tells by its actions alone.
UNTOLD = {"shares", "offer", "offer_until", "sold_by", "cancelled_by", "updated_at", "head"}
BOOKING_OF_ALL = a_sale(
    customer=ADA, cancelled_at=NOW, reason="staff", price=500, shares=(Share("c1", 2),),
    offer="digest", offer_until=NOW,
)  # fmt: skip

PAIRS = [
    (EVENT_OF_ALL, an_event(day=None, venue=None)),
    (BOOKING_OF_ALL, a_sale(status="cancelled", total=None, tickets=7)),
]
FIELDS = [
    pytest.param(field.name, getattr(value, field.name), id=f"{type(value).__name__}.{field.name}")
    for value in (EVENT_OF_ALL, BOOKING_OF_ALL)
    for field in fields(value)
    if field.name not in UNTOLD
]


def an_entry(name, old, new):
    return AuditEntry(
        event="e1", sequence=2, action="changed", booking=None, customer=None, tickets=None,
        total=None, sold=0, waiting=0, changes={name: (old, new)}, actor=CALLER.actor, at=NOW,
        request_id=CALLER.request_id,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_a_change_of_any_field_is_read_as_it_was_written(name, value):
    assert value is not None
    entry = an_entry(name, None, value)

    assert AUDIT.decode(Fields(AUDIT.encode(entry))) == entry


CHANGED = [
    pytest.param(*pair, field.name, id=f"{type(pair[0]).__name__}.{field.name}")
    for pair in PAIRS
    for field in fields(pair[0])
    if getattr(pair[0], field.name) != getattr(pair[1], field.name)
]


@pytest.mark.parametrize(("whole", "bare", "name"), CHANGED)
def test_an_update_makes_one_document_of_the_other(whole, bare, name):
    """Both ways: what was not there is set, what is gone is removed, and nothing else is told."""
    codec = EVENTS if isinstance(whole, Event) else BOOKINGS
    other = replace(whole, **{name: getattr(bare, name)})

    for before, after in ((whole, other), (other, whole)):
        update = codec.update(before, after)
        document = codec.encode(before) | update.get("$set", {})
        for key in update.get("$unset", {}):
            del document[key]
        assert document == codec.encode(after)
        assert sum(len(changed) for changed in update.values()) == 1


def test_an_update_tells_nothing_of_what_is_written_alike():
    renamed = replace(BOOKING_OF_ALL, customer=replace(ADA, name="Ada Lovelace"))

    assert BOOKINGS.update(BOOKING_OF_ALL, renamed) == {}


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_a_change_of_any_field_can_be_shown(name, value):
    assert json.dumps(AUDIT_PAGE.dump({"items": [an_entry(name, None, value)], "next": None}))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("day", HALLOWEEN, {"date": [None, "2024-10-31"]}),
        ("price", 1250, {"costPerTicket": [None, 12.5]}),
        ("tickets", 2, {"nTickets": [None, 2]}),
        ("customer", ADA, {"customer": [None, "ada"], "customerId": [None, "customer-ada"]}),
        ("cancelled_at", NOW, {"cancelledAt": [None, "2024-10-01T12:00:00.000Z"]}),
        ("owed_total", 500, {"owed_total": [None, 500]}),
    ],
)
def test_shows_a_change_as_the_event_or_the_booking_shows_the_field(name, value, shown):
    page = AUDIT_PAGE.dump({"items": [an_entry(name, None, value)], "next": None})

    assert page["items"][0]["changes"] == shown


# Of these a validator says nothing, so that servers of before the chain can go on beside.
OF_THE_CHAIN = {"head", "hash"}


@pytest.mark.parametrize(
    ("collection", "codec"),
    [("events", EVENTS), ("bookings", BOOKINGS), ("audit", AUDIT), ("customers", CUSTOMERS)],
)
def test_a_validator_knows_every_field_that_is_written(collection, codec):
    """One that it does not know may be anything: a field that is added has to be added there."""

    def properties(part):
        if isinstance(part, dict):
            yield from part.get("properties", {})
        for inner in part.values() if isinstance(part, dict) else part:
            if isinstance(inner, dict | list):
                yield from properties(inner)

    known = set(properties(schema.SCHEMA[collection].validator))

    assert {key for _, key, *_ in codec._fields} - {"_id"} - OF_THE_CHAIN <= known
