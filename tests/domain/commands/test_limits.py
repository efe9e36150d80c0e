"""What a customer may acquire, however it is asked for, and until when they may ask."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.builders import ADA, GRACE, HALLOWEEN, LINUS, NOW, an_envelope, named, sell
from tests.domain.world import World
from ticketing.domain.changes.results import TransferOffer
from ticketing.domain.commands.bookings import Book, Cancel, CancelFor, Resize
from ticketing.domain.commands.decide import decide
from ticketing.domain.commands.events import Change
from ticketing.domain.commands.transfers import Accept, Offer, Transfer, Withdraw
from ticketing.domain.errors import (
    EventOver,
    LimitReached,
    NotConfirmed,
    NotEnoughTickets,
    OfferGone,
    SoldOut,
    WaitingListFirst,
)

SOON = NOW + timedelta(hours=72)


def refused(world, command, error):
    before = len(world.trail)
    (outcome,) = world.do(command)
    assert type(outcome) is error
    assert len(world.trail) == before
    return outcome


def own(customer, tickets, booking):
    """A booking that a customer asks for themselves."""
    return Book(booking, customer, tickets, most=10)


def test_counts_what_was_passed_on():
    """One account took all tickets by booking ten and passing them on, again and again."""
    world = World(capacity=100)
    world.do(own(ADA, 10, "b1"), Transfer("b1", GRACE))

    assert refused(world, own(ADA, 1, "b2"), LimitReached).facts == {"available": 0}

    world.do(Transfer("b1", LINUS))
    refused(world, own(ADA, 1, "b2"), LimitReached)
    assert world.do(own(GRACE, 10, "b3"))[0].booking.tickets == 10
    world.check()


def test_counts_no_more_what_was_given_back():
    world = World(capacity=100)
    world.do(own(ADA, 10, "b1"), Transfer("b1", GRACE), Resize("b1", 4))

    refused(world, own(ADA, 7, "b2"), LimitReached)
    assert world.do(own(ADA, 6, "b2"))[0].booking.tickets == 6
    world.do(Cancel("b1"))
    assert world.do(Resize("b2", 10, ADA.id, most=10))[0].booking.tickets == 10
    world.check()


def test_counts_a_booking_that_comes_back_once():
    world = World(capacity=100)
    world.do(own(ADA, 6, "b1"), Transfer("b1", GRACE), Transfer("b1", ADA))

    assert world.bookings["b1"].shares is None
    assert world.do(Resize("b1", 10, ADA.id, most=10))[0].booking.tickets == 10
    refused(world, Resize("b1", 11, ADA.id, most=10), LimitReached)


def test_lets_staff_go_beyond_it():
    world = World(capacity=100)

    assert world.do(Book("b1", ADA, 15))[0].booking.tickets == 15
    assert world.do(Resize("b1", 20))[0].booking.tickets == 20


def test_adds_at_todays_price():
    world = World(capacity=10, price=500)
    world.do(Book("b1", ADA, 2))
    world.do(Change({"price": 700}))

    (added,) = world.do(Resize("b1", 3))

    assert (added.booking.tickets, added.booking.total) == (3, 1700)
    assert world.trail[-1].action == "added"
    assert world.event.revenue == 1700
    world.check()


def test_gives_back_the_average_where_two_prices_were_paid():
    world = World(capacity=10, price=500)
    world.do(Book("b1", ADA, 2), Change({"price": 800}), Resize("b1", 3), Resize("b1", 2))

    assert world.bookings["b1"].total == 1200
    world.check()


def test_adds_all_or_nothing_and_never_before_those_who_wait():
    world = World(capacity=5)
    world.do(Book("b1", ADA, 2), sell(2))
    refused(world, Resize("b1", 4), NotEnoughTickets)

    world.do(Book("w", GRACE, 2, waitlist=True))
    refused(world, Resize("b1", 3), WaitingListFirst)
    refused(world, Resize("w", 3), NotConfirmed)

    world.do(Cancel("w"), sell(1))
    refused(world, Resize("b1", 3), SoldOut)


def test_offers_a_booking_to_whoever_gives_the_code():
    world = World(capacity=20)
    world.do(Book("b1", ADA, 2))

    (offer,) = world.do(Offer("b1", "the code", SOON, ADA.id))

    assert offer == TransferOffer(world.bookings["b1"], "the code", SOON, world.event.head)
    assert "the code" not in repr(world.bookings["b1"]), "only its digest is kept"
    assert world.holders() == [ADA]
    refused(world, Accept("b1", "another", GRACE), OfferGone)
    world.do(Accept("b1", "the code", named("grace")))
    assert world.holders() == [GRACE]
    refused(world, Accept("b1", "the code", LINUS), OfferGone)
    refused(world, own(ADA, 9, "b2"), LimitReached)
    world.check()


@pytest.mark.parametrize(
    "ending",
    [
        Withdraw("b1", ADA.id),
        Cancel("b1"),
        Transfer("b1", LINUS),
        Offer("b1", "a newer one", SOON),
    ],
)
def test_a_code_is_worth_nothing_once(ending):
    world = World(capacity=5)
    world.do(Book("b1", ADA, 2), Offer("b1", "the code", SOON))

    world.do(ending)

    refused(world, Accept("b1", "the code", GRACE), OfferGone)
    world.check()


def test_a_code_expires():
    world = World(capacity=5)
    world.do(Book("b1", ADA, 2), Offer("b1", "the code", NOW))

    refused(world, Accept("b1", "the code", GRACE), OfferGone)


def test_takes_nothing_back_that_was_not_offered():
    world = World(capacity=5)
    world.do(Book("b1", ADA, 2))
    before = len(world.trail)

    world.do(Withdraw("b1", ADA.id))

    assert len(world.trail) == before


def on_the_day_after(world, *commands):
    """Decide commands when the event is over."""
    envelopes = [an_envelope(command) for command in commands]
    tomorrow = HALLOWEEN + timedelta(days=1)
    decision = decide("e1", world.event, world.read_set(commands), envelopes, NOW, tomorrow)
    return world.write(decision).outcomes


@pytest.mark.parametrize(
    "command",
    [
        own(GRACE, 1, "b2"),
        Cancel("b1", ADA.id),
        CancelFor(ADA, ADA.id),
        Resize("b1", 1, ADA.id, most=10),
        Resize("b1", 3, ADA.id, most=10),
        Offer("b1", "another", SOON, ADA.id),
        Accept("b1", "the code", GRACE),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_customers_do_themselves_ends_with_the_day(command):
    world = World(capacity=5)
    world.do(Book("b1", ADA, 2), Offer("b1", "the code", SOON))

    (outcome,) = on_the_day_after(world, command)

    assert type(outcome) is EventOver
    (granted,) = world.do(command)
    assert not isinstance(granted, Exception), "on the day itself it is granted"


def test_staff_goes_on_after_the_day():
    world = World(capacity=5)
    world.do(Book("b1", ADA, 2))

    outcomes = on_the_day_after(
        world, Book("b2", GRACE, 1), Resize("b1", 1), Transfer("b1", LINUS), Cancel("b2"), sell(1)
    )

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_serves_nobody_after_the_day():
    world = World(capacity=1)
    world.do(Book("b1", ADA, 1), Book("b2", GRACE, 1))

    (cancelled,) = on_the_day_after(world, Cancel("b1"))

    assert cancelled.assigned == []
    assert [b.id for b in world.waiting()] == ["b2"]


def test_an_event_without_a_day_is_never_over():
    world = World(capacity=1, day=None)

    (outcome,) = on_the_day_after(world, own(ADA, 1, "b1"))

    assert outcome.booking.customer == ADA


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["book", "resize", "transfer", "cancel"]),
        st.sampled_from([ADA, GRACE, LINUS]),
        st.sampled_from([ADA, GRACE, LINUS]),
        st.integers(1, 10),
    ),
    max_size=25,
)


@given(STEPS)
def test_nobody_ever_acquires_more_than_the_limit(steps):
    """Whatever three customers do with what they hold."""
    world = World(capacity=60)
    for number, (kind, who, other, tickets) in enumerate(steps):
        held = next((b.id for b in world.bookings.values() if b.active and b.customer == who), "x")
        world.do(
            {
                "book": own(who, tickets, f"b{number}"),
                "resize": Resize(held, tickets, who.id, most=10),
                "transfer": Transfer(held, other),
                "cancel": Cancel(held, who.id),
            }[kind]
        )
        active = [b for b in world.bookings.values() if b.active]
        for customer in (ADA, GRACE, LINUS):
            assert sum(b.acquired_by(customer.id) for b in active) <= 10
        for booking in active:
            assert sum(booking.acquired_by(c.id) for c in (ADA, GRACE, LINUS)) == booking.tickets
    world.check()
