"""The checker is itself checked: each way to be wrong is found and named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.domain.all_at_once import differences
from tests.domain.builders import ADA, GRACE, LINUS, NOW, book, sell
from tests.domain.world import World
from ticketing.domain.changes.chain import next_head
from ticketing.domain.commands.bookings import CancelFor, Resize
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.commands.sales import Return
from ticketing.domain.commands.transfers import Transfer


@pytest.fixture
def world():
    world = World(capacity=4, price=500)
    world.do(sell(1, booking="s"), book(ADA, 2, booking="a"), book(GRACE, booking="g"))
    world.do(book(LINUS, booking="l"), Change({"price": 700}), Resize("a", 1))
    world.check()
    return world


def found(world):
    return list(differences(world.event, world.bookings.values(), world.trail))


def chained_anew(world):
    """Compute all hashes again, as somebody would who has changed an entry."""
    head = None
    for number, entry in enumerate(world.trail):
        head = next_head(head, entry)
        world.trail[number] = replace(entry, hash=head.hash)
    world.event = replace(world.event, head=head)


def says(world, *words):
    """Check that something is found which says all of these words."""
    assert [f for f in found(world) if all(word in f for word in words)], found(world)


@pytest.mark.parametrize("counter", ["sold", "bookings", "waiting", "revenue", "sequence"])
def test_finds_a_wrong_counter(world, counter):
    world.event = replace(world.event, **{counter: getattr(world.event, counter) + 1})

    says(world, f"counter {counter}")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tickets": 3}, "tickets"),
        ({"status": "cancelled"}, "status"),
        ({"customer": ADA}, "customer"),
        ({"total": 1}, "total"),
        ({"sequence": 99}, "sequence"),
        ({"cancelled_at": NOW}, "cancelled_at"),
        ({"reason": "staff"}, "reason"),
    ],
)
def test_finds_a_wrong_booking(world, change, word):
    world.bookings["g"] = replace(world.bookings["g"], **change)

    says(world, "booking g", word)


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (CancelFor(GRACE), {"reason": "called_off"}),
        (CancelFor(GRACE), {"reason": "customer"}),
        (CancelFor(GRACE), {"reason": "expired"}),
        (CallOff(), {"reason": "staff"}),
        (CallOff(), {"reason": None}),
        (CallOff(), {"cancelled_at": None}),
        (CallOff(), {"cancelled_at": NOW + timedelta(milliseconds=1)}),
    ],
)
def test_finds_a_wrong_end(world, command, wrong):
    world.do(command)
    world.check()
    world.bookings["g"] = replace(world.bookings["g"], **wrong)

    says(world, "booking g", *wrong)


def test_finds_a_wrong_seller(world):
    world.bookings["s"] = replace(world.bookings["s"], sold_by="somebody")

    says(world, "booking s", "sold_by is somebody", "the trail says ada")


def test_finds_a_wrong_hand_that_took_a_sale_back(world):
    world.do(Return("s"))
    world.check()
    world.bookings["s"] = replace(world.bookings["s"], cancelled_by="somebody")

    says(world, "booking s", "cancelled_by is somebody", "the trail says ada")


def test_finds_nothing_wrong_with_a_sale_of_a_version_that_named_no_seller(world):
    world.do(Return("s"))
    world.bookings["s"] = replace(world.bookings["s"], sold_by=None, cancelled_by=None)

    assert found(world) == []


@pytest.mark.parametrize("owed_total", [None, 0, 2201])
def test_finds_a_wrong_sum_of_what_is_owed(world, owed_total):
    world.do(CallOff())
    world.check()
    world.event = replace(world.event, owed_total=owed_total)

    says(world, f"owed_total is {owed_total}", "the trail comes to 2000")


def test_finds_a_sum_owed_for_an_event_that_was_not_called_off(world):
    world.event = replace(world.event, owed_total=1)

    says(world, "owed_total")


def test_finds_a_lost_sale(world):
    del world.bookings["s"]

    says(world, "booking s", "not there")


def test_finds_a_sale_that_nobody_knows_of(world):
    world.bookings["x"] = replace(world.bookings["s"], id="x", sequence=77)

    says(world, "booking x", "does not know")


def test_finds_a_gap_and_a_repeat_in_the_trail(world):
    whole = list(world.trail)
    world.trail = whole[:2] + whole[3:]
    says(world, "comes after entry 2")

    world.trail = [*whole[:3], whole[2], *whole[3:]]
    says(world, "comes after entry 3")


@pytest.mark.parametrize("field", ["sold", "waiting"])
def test_finds_an_entry_with_a_wrong_figure(world, field):
    wrong = replace(world.trail[2], **{field: getattr(world.trail[2], field) + 1})
    world.trail[2] = wrong

    says(world, "audit entry 3")


def test_finds_an_oversold_event_though_everything_else_agrees():
    world = World(capacity=4)
    world.do(sell(4, booking="s"))
    world.trail[0] = replace(
        world.trail[0], changes={**world.trail[0].changes, "capacity": (None, 3)}
    )
    world.event = replace(world.event, capacity=3)
    chained_anew(world)

    assert found(world) == ["audit entry 2 (sold): 4 tickets sold of 3"]


@pytest.fixture
def full():
    """An event that is sold out, with two who wait."""
    world = World(capacity=1)
    world.do(book(ADA), book(GRACE, booking="g"), book(LINUS, booking="l"))
    return world


def test_finds_who_was_served_before_the_head(full):
    full.do(CancelFor(ADA))
    full.trail[-1] = replace(full.trail[-1], booking="l", customer=LINUS)

    says(full, "booking l", "before the head")


def test_finds_who_got_tickets_while_others_waited():
    world = World(capacity=2)
    world.do(sell(1), book(ADA, 2, waitlist=True, booking="a"), book(GRACE, booking="g"))
    jumped = replace(world.trail[-1], action="booked", total=500, sold=2, waiting=1)
    world.trail[-1] = jumped

    says(world, "booking g", "while others waited")


def test_finds_who_waits_though_tickets_are_free(full):
    full.event = replace(full.event, capacity=9)

    says(full, "waiting list", "tickets are free")


def test_finds_a_second_cancellation(world):
    world.do(CancelFor(ADA))
    again = replace(world.trail[-1], sequence=world.event.sequence + 1)
    world.trail.append(again)

    says(world, "cancelled before")


def test_finds_a_detail_that_was_changed_by_hand(world):
    world.event = replace(world.event, price=1)

    assert found(world) == ["event: price is 1, the trail says 700"]


def test_knows_a_passed_on_booking_by_its_new_holder(world):
    world.do(Transfer("a", GRACE))

    assert found(world) == []
