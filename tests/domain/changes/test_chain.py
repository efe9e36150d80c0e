"""Each entry's hash covers the entry and the hash that it follows."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256

import pytest

from tests.domain.builders import ADA, GRACE, book, give_back, sell
from tests.domain.verification.test_verification import chained_anew, found, says
from tests.domain.world import World
from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes.chain import Head, genesis, next_head
from ticketing.domain.commands.bookings import Resize
from ticketing.domain.commands.events import CallOff, Change, Create
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.transfers import Offer, Transfer, Withdraw

ENTRY = AuditEntry(
    event="e1", sequence=2, action="transferred", booking="b1", customer=GRACE, tickets=2,
    total=1050, sold=2, waiting=0, changes={"total": (None, 1050), "customer": (ADA, GRACE)},
    actor="zoë", at=datetime(2024, 10, 1, 12, 0, 0, 123999, tzinfo=UTC), request_id="r\u20281",
)  # fmt: skip
BEFORE = Head(1, "0123456789abcdef" * 4)
TEXT = (
    '[1,"e1",2,"transferred","b1","customer-grace",2,1050,2,0,'
    '{"customer":["customer-ada","customer-grace"],"total":[null,1050]},'
    '"zoë","2024-10-01T12:00:00.123Z","r\u20281"]'
)
# As `sha256sum` says it of BEFORE's hash and TEXT.
HASH = "0570726fad7f75aca255a540862d02f12a2a049af3a4d2237c1d6eaa8cd6c887"


def test_a_hash_is_what_it_always_was():
    """What has been noted down once has to come out for ever."""
    assert next_head(BEFORE, ENTRY) == Head(2, HASH)
    assert sha256((BEFORE.hash + TEXT).encode()).hexdigest() == HASH


def test_the_first_entry_follows_what_depends_on_the_event():
    assert next_head(None, ENTRY) == next_head(genesis("e1"), ENTRY)
    assert genesis("e1") != genesis("e2")


OTHERS = {
    "event": "e2", "sequence": 3, "action": "booked", "booking": None, "customer": ADA,
    "tickets": None, "total": 1051, "sold": 3, "waiting": 1, "changes": {"total": (None, 1050)},
    "actor": "zoe", "at": ENTRY.at + timedelta(milliseconds=1), "request_id": "r1",
}  # fmt: skip


def test_covers_every_field_but_the_hash_itself():
    assert OTHERS.keys() == {field.name for field in fields(AuditEntry)} - {"hash"}
    for name, other in OTHERS.items():
        assert next_head(BEFORE, replace(ENTRY, **{name: other})).hash != HASH, name
    assert next_head(BEFORE, replace(ENTRY, hash="anything")).hash == HASH


def test_covers_which_entry_it_follows():
    assert next_head(replace(BEFORE, sequence=0), ENTRY).hash != HASH
    assert next_head(Head(1, "f" * 64), ENTRY).hash != HASH


def test_does_not_depend_on_how_a_value_is_held():
    east = timezone(timedelta(hours=2))
    same = replace(
        ENTRY,
        customer=replace(GRACE, name=None, key=None),
        changes=dict(reversed(ENTRY.changes.items())),
        at=ENTRY.at.replace(microsecond=123000).astimezone(east),
    )

    assert next_head(BEFORE, same).hash == HASH


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (date(2024, 10, 31), date(2024, 11, 1)),
        (None, ""),
        (1, "1"),
        (True, 1),
        (datetime(2024, 10, 31, tzinfo=UTC), date(2024, 10, 31)),
    ],
)
def test_tells_values_of_a_change_apart(value, other):
    one, another = (replace(ENTRY, changes={"x": (None, side)}) for side in (value, other))

    assert next_head(BEFORE, one) != next_head(BEFORE, another)


@pytest.mark.parametrize("head", [Head(1, "0" * 64), Head(2**53 - 1, HASH)])
def test_is_read_as_it_was_written(head):
    assert Head.parse(str(head)) == head


@pytest.mark.parametrize(
    "text",
    ["", ":", "1:", f"0:{HASH}", f"01:{HASH}", f"-1:{HASH}", f"1:{HASH[1:]}", f"1:{HASH}0",
     f"1:{HASH.upper()}", f" 1:{HASH}", f"1:{HASH}\n", f"\u0661:{HASH}", f"1{HASH}"],
)  # fmt: skip
def test_reads_nothing_else(text):
    with pytest.raises(ValueError, match="is no head"):
        Head.parse(text)


@pytest.fixture
def world():
    world = World(capacity=3)
    world.do(sell(1, booking="s"), book(ADA, 2, booking="a"), book(GRACE, booking="g"))
    return world


def test_the_event_has_the_head_of_its_last_entry(world):
    assert world.event.head == Head(world.trail[-1].sequence, world.trail[-1].hash)


def test_each_of_a_batch_has_the_head_after_its_own_last_entry(world):
    _, resized, _, changed, offer, withdrawn = world.do(
        book(ADA, booking="x"), Resize("a", 1), sell(9), Change({"price": 700}),
        Offer("a", "code", world.trail[0].at), Withdraw("a"),
    )  # fmt: skip
    hashes = {entry.sequence: entry.hash for entry in world.trail}

    # The first was refused, for ada has a booking; a ticket of hers went to grace.
    assert resized.head == Head(6, hashes[6])
    assert changed.event.head == changed.head == Head(7, hashes[7])
    assert (offer.head, withdrawn.head) == (Head(8, hashes[8]), Head(9, hashes[9]))


def test_what_changes_nothing_has_the_head_as_it_stands(world):
    sale = world.bookings["s"]

    first, again = world.do(give_back(sale), give_back(sale))
    (later,) = world.do(Withdraw("a"))

    assert first.head == again.head == later.head == world.event.head
    assert first.head.sequence == len(world.trail)


def test_goes_on_over_everything_that_an_event_can_meet(world):
    world.do(Transfer("a", GRACE), Resize("a", 1), Change({"capacity": 9}))
    world.do(Leave("a"))
    world.do(CallOff())
    world.check()

    fresh = World("e2")
    details = fresh.event
    fresh.do(Create(details.name, None, details.day, 9, 700, replaces=True))
    fresh.check()
    assert fresh.event.head.sequence == 2


def unchained(world, *numbers):
    """Have entries as a version of before writes them: without a hash."""
    for number in numbers:
        world.trail[number - 1] = replace(world.trail[number - 1], hash=None)


def of_before(world, *commands):
    """Have commands decided by a version that knows nothing of the chain."""
    head, known = world.event.head, len(world.trail)
    world.do(*commands)
    unchained(world, *range(known + 1, len(world.trail) + 1))
    world.event = replace(world.event, head=head)


def test_an_event_of_before_has_a_chain_from_its_next_entry_on():
    world = World(capacity=3)
    world.event = replace(world.event, head=None)
    unchained(world, 1)
    of_before(world, sell(1, booking="s"))
    assert world.event.head is None
    world.check()

    world.do(book(ADA, booking="a"))

    assert world.event.head == next_head(None, world.trail[2])
    world.check()


def test_begins_anew_after_what_a_version_of_before_has_written(world):
    of_before(world, Resize("a", 1))
    assert world.event.head.sequence == 4
    world.check()

    world.do(Change({"price": 700}), sell(9))

    assert [entry.hash is None for entry in world.trail] == [False] * 4 + [True] * 2 + [False]
    world.check()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_finds_an_entry_that_was_changed(world, number):
    world.trail[number - 1] = replace(world.trail[number - 1], request_id="another")

    assert len(found(world)) == 1
    says(world, f"audit entry {number}", "its hash is", "it comes to")


def test_finds_the_last_entry_changed_with_its_hash(world):
    wrong = replace(world.trail[3], request_id="another")
    world.trail[3] = replace(wrong, hash=next_head(Head(3, world.trail[2].hash), wrong).hash)

    assert len(found(world)) == 1
    says(world, "event: its head is 4:")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_finds_a_hash_that_was_taken_away(world, number):
    unchained(world, number)

    says(world, f"audit entry {number + 1}", "its hash is")


@pytest.mark.parametrize("head", [None, Head(3, "f" * 64), Head(4, "f" * 64), Head(5, "f" * 64)])
def test_finds_a_wrong_head(world, head):
    world.event = replace(world.event, head=head)

    assert found(world) == [f"event: its head is {head}, the trail's is {chain_of(world)}"]


def chain_of(world):
    return Head(4, world.trail[-1].hash)


def test_finds_an_entry_taken_out_and_the_rest_renumbered(world):
    """Even where all that is counted was made to agree."""
    world.do(Change({"name": "Ball"}), Change({"name": "Charity Auction"}), Change({"price": 9}))
    world.check()
    del world.trail[4:6]
    world.trail[4] = replace(world.trail[4], sequence=5)
    world.event = replace(world.event, sequence=5, head=Head(5, world.trail[4].hash))

    assert len(found(world)) == 1
    says(world, "audit entry 5", "its hash is")


def test_finds_nothing_where_all_hashes_were_computed_again(world):
    """What only a head that was noted down elsewhere tells."""
    noted = world.event.head
    world.trail[2] = replace(world.trail[2], request_id="another")
    chained_anew(world)

    world.check()
    assert world.event.head != noted
