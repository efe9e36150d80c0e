"""The chain in MongoDB: what it tells by itself, and what only a head that was noted down tells."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from tests.domain.builders import (
    ADA,
    CALLER,
    GRACE,
    LINUS,
    NOW,
    a_new_event,
    an_envelope,
    book,
    named,
    sell,
)
from tests.services.conftest import a_handler
from tests.services.writes.chained import as_before, chain_anew, entries_of, heads_of
from tests.storage.migrations.before import without_chain
from ticketing.domain.commands.bookings import Cancel, Resize
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.identity.customers import Customer
from ticketing.domain.verification.heads import NotedHead
from ticketing.services.accounts.erasure import erase
from ticketing.services.verification import differences_of_heads, verify
from ticketing.services.writes.batch import Submission
from ticketing.storage import customers, events
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate


@pytest.fixture
def evening(db, handler):
    """An event with three entries of before the last two waiters, and everybody's receipts."""
    receipts = []
    for command in (
        a_new_event(capacity=2), sell(1, "s1"), book(named("ada"), booking="a"),
        book(named("grace"), booking="g"), book(named("linus"), booking="l"),
    ):  # fmt: skip
        outcome = handler.execute(command, on="e1", caller=CALLER).outcome
        receipts.append(NotedHead("e1", outcome.head))
    assert told(db, receipts) == []
    return receipts


def told(db, receipts=()):
    """What a verification says, and then what the receipts do."""
    found = [*verify(db), *differences_of_heads(db, receipts)]
    return [sentence for _, sentence in found]


def sequences_in(sentences):
    return [int(sentence.split()[1]) for sentence in sentences]


def swap_waiters(db):
    """Have linus wait before grace, wherever that is told."""
    first, second = (db.bookings.find_one({"_id": id_})["customer"] for id_ in ("g", "l"))
    for id_, customer in (("g", "nobody"), ("l", first), ("g", second)):
        db.bookings.update_one({"_id": id_}, {"$set": {"customer": customer}})
        db.audit.update_one({"booking": id_}, {"$set": {"customer": customer}})


def test_two_waiters_swapped_everywhere_is_told_by_a_receipt_alone(db, evening):
    swap_waiters(db)
    assert [s.split(":")[0] for s in told(db)] == [
        "audit entry 4 (waitlisted)",
        "audit entry 5 (waitlisted)",
    ]

    chain_anew(db, "e1")

    assert told(db) == []
    assert sequences_in(told(db, evening)) == [4, 5]
    assert "is stored as" in told(db, evening)[0]


def test_the_last_sale_rolled_back_everywhere_is_told_by_its_receipt(db, handler, evening):
    before = db.events.find_one({"_id": "e1"})
    sale = handler.execute(Change({"capacity": 5}), on="e1", caller=CALLER).outcome
    receipt = NotedHead("e1", sale.head)
    assert told(db, [receipt]) == []

    db.audit.delete_many({"event": "e1", "sequence": {"$gt": before["sequence"]}})
    db.bookings.update_many({"_id": {"$in": ["g", "l"]}}, {"$set": {"status": "waiting"}})
    db.bookings.update_many({"_id": {"$in": ["g", "l"]}}, {"$set": {"total": None}})
    db.events.replace_one({"_id": "e1"}, before)

    assert told(db, evening) == []
    assert told(db, [receipt]) == [
        f"head 8 was noted as {receipt.head.hash}, and there is no entry 8 any more"
    ]


def test_what_took_the_place_of_a_sale_is_told_by_its_receipt(db, handler, evening):
    before = db.events.find_one({"_id": "e1"})
    lost = handler.execute(Change({"name": "Ball"}), on="e1", caller=CALLER).outcome
    db.audit.delete_one({"event": "e1", "sequence": 6})
    db.events.replace_one({"_id": "e1"}, before)
    kept = handler.execute(Change({"name": "Fête"}), on="e1", caller=CALLER).outcome

    assert told(db, [NotedHead("e1", kept.head)]) == []
    assert sequences_in(told(db, [NotedHead("e1", lost.head)])) == [6]


def test_an_event_that_is_gone_is_told_by_a_receipt(db, evening):
    for name in ("events", "bookings", "audit", "customers"):
        db[name].delete_many({})

    assert len(told(db, evening)) == 5


def test_an_entry_that_can_not_be_read_is_told(db, evening):
    noon = {"$set": {"at": "noon"}}
    db.audit.update_one({"sequence": 3}, noon, bypass_document_validation=True)

    spoilt = [sentence for sentence in told(db, evening[2:3]) if "can't be read" in sentence]

    assert len(spoilt) == 2, "by the walk and by the receipt"


FIELDS = {
    "request_id": "another", "actor": "nobody", "at": NOW, "hash": "f" * 64,
    "changes.name.1": "Ball",
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_an_old_entry_is_told(db, evening, field):
    db.audit.update_one({"event": "e1", "sequence": 1}, {"$set": {field: FIELDS[field]}})

    assert [s for s in told(db) if s.startswith("audit entry 1 (created): its hash is")]


def test_an_entry_taken_out_and_the_others_renumbered_is_told(db, handler, evening):
    for name in ("Ball", "Fête", "Ball", "Charity Auction"):
        handler.execute(Change({"name": name}), on="e1", caller=CALLER)
    db.audit.delete_many({"event": "e1", "sequence": {"$in": [7, 8]}})
    db.audit.update_one({"event": "e1", "sequence": 9}, {"$set": {"sequence": 7}})
    last = db.audit.find_one({"event": "e1", "sequence": 7})
    db.events.update_one(
        {"_id": "e1"},
        {"$set": {"sequence": 7, "head": f"7:{last['hash']}", "updated_at": last["at"]}},
    )

    assert [s.split(":")[0] for s in told(db)] == ["audit entry 7 (changed)"]


def test_hashes_taken_away_at_the_end_are_told_by_a_receipt_alone(db, handler, evening):
    """It looks as if a version of before had written them."""
    without_chain(db)

    assert told(db) == []
    assert sequences_in(told(db, evening)) == [1, 2, 3, 4, 5]
    assert "has no hash any more" in told(db, evening)[0]


def test_hashes_taken_away_from_some_entry_on_are_told_by_their_receipts_alone(db, evening):
    db.audit.update_many({"sequence": {"$gt": 3}}, {"$unset": {"hash": 1}})
    assert [s.split(":")[0] for s in told(db)] == ["event"], "it has the head of entry 5"

    db.events.update_one({"_id": "e1"}, {"$set": {"head": str(evening[2].head)}})

    assert told(db) == []
    assert sequences_in(told(db, evening)) == [4, 5]


def test_each_of_a_batch_gets_the_head_of_its_own_entry(db, handler):
    handler.execute(a_new_event(capacity=10), on="e1", caller=CALLER)
    submissions = [Submission(an_envelope(sell(1))) for _ in range(12)]

    outcomes = [result.outcome for result in handler._commit("e1", submissions)]

    sold = outcomes[:10]
    assert [str(each.head) for each in sold] == list(heads_of(db, "e1").values())[1:]
    assert len({each.head for each in sold}) == 10
    assert told(db, [NotedHead("e1", each.head) for each in sold]) == []


def test_a_head_is_that_of_what_was_committed_after_a_conflict(db, mongo, handler):
    """Another is faster each time that this one has read the event."""
    handler.execute(a_new_event(capacity=30), on="e1", caller=CALLER)
    faster = []

    def clock():
        if len(faster) < 1:
            outcome = handler.execute(sell(1), on="e1", caller=CALLER).outcome
            faster.append(outcome.head)
        return utc_now()

    slower = a_handler(mongo, db, clock).execute(sell(2), on="e1", caller=CALLER).outcome

    heads = heads_of(db, "e1")
    assert [str(faster[0]), str(slower.head)] == [heads[2], heads[3]]
    assert told(db) == []


def test_hosts_that_compete_for_an_event_make_one_chain(db, mongo):
    handlers = [a_handler(mongo, db) for _ in range(2)]
    handlers[0].execute(a_new_event(capacity=30), on="e1", caller=CALLER)

    def ask(number):
        return handlers[number % 2].execute(sell(1), on="e1", caller=CALLER).outcome

    with ThreadPoolExecutor(8) as pool:
        receipts = [NotedHead("e1", each.head) for each in pool.map(ask, range(24))]

    assert len({receipt.head for receipt in receipts}) == 24
    assert told(db, receipts) == []


def test_a_booking_that_moves_is_in_both_chains(db, handler, evening):
    handler.execute(a_new_event(day=date(2024, 11, 1), capacity=5), on="e2", caller=CALLER)

    moved = handler.move("a", to="e2", caller=CALLER).outcome

    assert str(moved.head) == heads_of(db, "e2")[2]
    assert events.get(db, "e1").head.sequence == 7, "it went, and grace was served"
    assert told(db, [*evening, NotedHead("e2", moved.head)]) == []


def test_calling_off_in_several_commits_makes_one_chain(db, mongo, monkeypatch):
    for module in ("changes.read_set", "commands.events"):
        monkeypatch.setattr(f"ticketing.domain.{module}.MOST_PER_COMMIT", 2)
    handler = a_handler(mongo, db)
    for command in (a_new_event(), *(sell(1, f"s{number}") for number in range(5))):
        handler.execute(command, on="e1", caller=CALLER)

    off = handler.execute(CallOff(), on="e1", caller=CALLER).outcome

    assert off.event.head.sequence == 9, "after the first commit: two of five have ended"
    assert events.get(db, "e1").head.sequence == 12
    assert told(db, [NotedHead("e1", off.event.head)]) == []


def test_an_erasure_changes_no_entry(db, handler, evening):
    ada = customers.find_named(db, named("ada"))
    before = entries_of(db, "e1")

    erase(db, handler, ada.id, CALLER, NOW)

    assert customers.find_named(db, named("ada")) is None
    assert entries_of(db, "e1")[:5] == before
    assert told(db, evening) == []


def test_a_database_of_before_has_a_chain_from_its_next_entry_on(db, handler, evening):
    without_chain(db)
    assert migrate(db) == []
    assert events.get(db, "e1").head is None

    receipt = NotedHead("e1", handler.execute(Cancel("a"), on="e1", caller=CALLER).outcome.head)

    assert [entry.get("hash") is None for entry in entries_of(db, "e1")] == [True] * 5 + [False] * 2
    assert told(db, [receipt]) == []
    db.audit.update_one({"event": "e1", "sequence": 6}, {"$set": {"actor": "nobody"}})
    assert [s.split(":")[0] for s in told(db)] == ["audit entry 6 (cancelled)"]


def test_a_version_of_before_that_writes_in_between_is_seen_and_no_fault(db, handler, evening):
    as_before(db, handler, "e1", Change({"capacity": 3}), CALLER)
    assert told(db, evening) == []

    for command in (sell(1), Change({"price": 700})):
        handler.execute(command, on="e1", caller=CALLER)
    receipt = NotedHead("e1", events.get(db, "e1").head)

    hashed = [entry.get("hash") is not None for entry in entries_of(db, "e1")]
    assert hashed == [True] * 5 + [False] * 2 + [True]
    assert told(db, [*evening, receipt]) == []


def test_a_version_of_before_may_make_an_event_and_change_it_last(db, handler):
    as_before(db, handler, "e1", a_new_event(), CALLER)
    as_before(db, handler, "e1", sell(1), CALLER)
    handler.execute(sell(1), on="e1", caller=CALLER)
    as_before(db, handler, "e1", sell(2), CALLER)

    assert told(db) == []


@pytest.mark.parametrize("number", [6, 7])
def test_what_a_version_of_before_wrote_is_not_protected(db, handler, evening, number):
    """Said in docs/reliability.md: no hash covers it, so only what it adds up to is compared."""
    as_before(db, handler, "e1", Change({"capacity": 3}), CALLER)
    handler.execute(Resize("g", 1), on="e1", caller=CALLER)
    db.audit.update_one({"event": "e1", "sequence": number}, {"$set": {"actor": "nobody"}})

    assert told(db, evening) == []


@pytest.mark.parametrize("customer", [ADA, LINUS, GRACE], ids=lambda c: c.id)
def test_the_hash_covers_the_customers_id_alone(db, handler, customer):
    """What is read of the database has no name beside it."""
    handler.execute(a_new_event(), on="e1", caller=CALLER)
    db.customers.insert_one({"_id": customer.id, "name": customer.name, "active": True})
    handler.execute(book(Customer(customer.id, "Somebody")), on="e1", caller=CALLER)

    assert told(db) == []
