"""What one hand could alter without any counter being wrong is told all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.domain.builders import ADA, GRACE, LINUS, NOW, book, sell
from tests.domain.verification.test_verification import found, says
from tests.domain.world import World
from ticketing.domain.bookings import Share
from ticketing.domain.commands.bookings import Resize
from ticketing.domain.commands.events import Change
from ticketing.domain.commands.transfers import Offer, Transfer, Withdraw

LATER = NOW + timedelta(days=1)


@pytest.fixture
def world():
    """Ada's booking grows at another price and goes to Grace; Linus waits, and saw the first."""
    world = World(capacity=4, price=500)
    world.do(sell(1, booking="s"), book(ADA, 1, booking="a"), Change({"price": 700}))
    world.do(Resize("a", 3), Transfer("a", GRACE), book(LINUS, booking="l"))
    world.do(Change({"name": "Ball"}), Resize("a", 2), Offer("a", "code", LATER))
    world.check()
    return world


def entry(world, action):
    return next(n for n, entry in enumerate(world.trail) if entry.action == action)


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        ("changed", {"price": (400, 700)}),
        ("added", {"tickets": (2, 3), "total": (500, 1900)}),
        ("added", {"tickets": (1, 2), "total": (500, 1900)}),
        ("added", {"tickets": (1, 3), "total": (400, 1900)}),
        ("transferred", {"customer": (LINUS, GRACE)}),
        ("transferred", {"customer": (ADA, LINUS)}),
        ("assigned", {"status": ("confirmed", "confirmed")}),
    ],
)
def test_finds_what_an_entry_says_to_have_been_otherwise(world, action, changes):
    number = entry(world, action)
    world.trail[number] = replace(world.trail[number], changes=changes)

    says(world, f"audit entry {number + 1} ({action})")


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("sold", {"total": 250}),
        ("booked", {"total": 250}),
        ("added", {"total": 1500}),
        ("reduced", {"total": 1900}),
        ("transferred", {"total": 1500}),
        ("offered", {"tickets": 1}),
        ("offered", {"customer": LINUS}),
    ],
)
def test_finds_an_entry_that_does_not_follow_from_those_before_it(world, action, wrong):
    number = entry(world, action)
    world.trail[number] = replace(world.trail[number], **wrong)

    says(world, f"audit entry {number + 1} ({action})")


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_at": LATER},
        {"price": 1},
        {"offer": None},
        {"shares": (Share(ADA.id, 1),)},
        {"shares": ()},
    ],
    ids=str,
)
def test_finds_what_was_altered_in_a_booking_alone(world, wrong):
    world.bookings["a"] = replace(world.bookings["a"], **wrong)

    says(world, "booking a")


@pytest.mark.parametrize(
    "wrong", [{"ever_booked": False}, {"created_at": LATER}, {"updated_at": LATER}], ids=str
)
def test_finds_what_was_altered_in_the_event_alone(world, wrong):
    world.event = replace(world.event, **wrong)

    says(world, f"event: {next(iter(wrong))}")


def test_finds_a_second_active_booking_of_one_customer(world):
    world.bookings["l"] = replace(world.bookings["l"], customer=GRACE)

    says(world, f"customer {GRACE.id} has 2 active bookings")


def test_finds_nothing_wrong_with_what_a_version_of_before_did_not_write_down(world):
    world.do(Withdraw("a"))
    world.event = replace(world.event, updated_at=None)
    world.bookings |= {
        id_: replace(booking, price=None, shares=None) for id_, booking in world.bookings.items()
    }

    assert found(world) == []
