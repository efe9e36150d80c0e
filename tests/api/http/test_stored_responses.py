"""A stored response that was altered or invented is told of; those of real requests are not."""

from __future__ import annotations

import json
import re

import pytest
from bson import Binary

from tests.services.writes.chained import chain_anew
from ticketing.services.verification import verify


@pytest.fixture
def record(api, till, db):
    """The record of a booking that has grown since, been moved and cancelled, by keys as well."""
    one, other = till.event(capacity=5), till.event(date="2024-11-01", capacity=5)
    body = {"customer": "ada", "nTickets": 2}
    path = f"/api/v1/events/{one['id']}/bookings"
    made = api.post(path, json=body, headers={"Idempotency-Key": "k1"}).json
    booking = f"/api/v1/bookings/{made['id']}"
    for key, method, more, sent in (
        ("k2", "PATCH", "", {"nTickets": 3}),
        ("k3", "POST", "/transfer", {}),
        ("k4", "POST", "/move", {"event": other["id"]}),
        ("k5", "DELETE", "", None),
        ("k6", "DELETE", "", None),
        ("k7", "PATCH", "", {"nTickets": 1}),
    ):
        api.open(booking + more, method=method, json=sent, headers={"Idempotency-Key": key})
    assert list(verify(db)) == []
    return db.idempotency.find_one({"key": "k1"})


@pytest.mark.parametrize("wrong", [{"nTickets": 4}, {"total": 1}, {"id": "nobody"}], ids=str)
def test_finds_a_response_that_was_altered(db, record, wrong):
    body = Binary(json.dumps({**json.loads(record["body"]), **wrong}).encode())
    db.idempotency.update_one({"_id": record["_id"]}, {"$set": {"body": body}})

    ((_, told),) = verify(db)

    assert re.search("under k1 tells of booking .* what no audit entry does", told)


def test_finds_a_head_that_is_not_the_entry_s(db, record):
    """The service keeps receipts itself for a while: so a careless hand is found out."""
    chain_anew(db, json.loads(record["body"])["event"])
    assert list(verify(db)) == []
    db.audit.update_one({"action": "created"}, {"$set": {"request_id": "another"}})
    for event in db.audit.distinct("event"):
        chain_anew(db, event)

    told = [sentence for _, sentence in verify(db)]

    assert len(told) == 2, "of the booking and of its change, before it was moved"
    assert all(re.search("stored for .* under k.: head .* was noted as", each) for each in told)


def test_finds_a_response_that_was_invented(db, record):
    del record["_id"]
    body = {**json.loads(record["body"]), "id": "never-made"}
    db.idempotency.insert_one({**record, "key": "k9", "body": Binary(json.dumps(body).encode())})

    ((_, told),) = verify(db)

    assert "under k9 tells of booking never-made" in told
