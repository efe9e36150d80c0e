from __future__ import annotations

import pytest

from tests.domain.all_at_once import differences
from tests.domain.builders import ADA, GRACE, LINUS, NOW, a_customer, book, give_back, outcome, sell
from tests.domain.world import World
from ticketing.domain.changes import read_set, waiting_list
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.bookings import Cancel, CancelFor, Resize
from ticketing.domain.commands.command import Resume
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.sales import Return
from ticketing.domain.commands.transfers import Transfer, Withdraw
from ticketing.domain.errors import (
    AlreadyBooked,
    AlreadyWaiting,
    BookingNotFound,
    CapacityBelowWaiting,
    EventCancelled,
    EventNotFound,
    ExceedsCapacity,
    NotActive,
    NotConfirmed,
    NotEnoughTickets,
    NothingToReduce,
    SoldOut,
    WaitingListFirst,
)

HEDY = a_customer("hedy")


def refused(world, command, error):
    before = world.event
    (found,) = world.do(command)
    assert isinstance(found, error), found
    assert world.event == before
    return found


def cancel(world, customer):
    return world.do(Cancel(world.id_of(customer)))[0]


def test_books_for_a_customer():
    world = World(capacity=10, price=500)

    (held,) = world.do(book(ADA, 3))

    assert (held.booking.status, held.booking.total, held.position) == ("confirmed", 1500, None)
    assert (world.event.sold, world.event.bookings) == (3, 1)


def test_lets_a_customer_have_one_booking():
    world = World(capacity=1)
    world.do(book(ADA))
    world.do(book(GRACE))

    refused(world, book(ADA), AlreadyBooked)
    refused(world, book(GRACE), AlreadyWaiting)


def test_lets_a_customer_book_again_after_cancelling_also_within_one_group():
    world = World(capacity=5)

    outcomes = world.do(book(ADA, 2), CancelFor(ADA), book(ADA, 3))

    assert outcomes[2].booking.tickets == 3
    assert world.event.sold == 3
    world.check()


def test_puts_who_comes_too_late_on_the_list_in_order():
    world = World(capacity=1)

    outcomes = world.do(book(ADA), book(GRACE), book(LINUS))

    assert [held.position for held in outcomes] == [None, 1, 2]
    assert outcomes[1].booking.total is None
    assert world.event.waiting == 2


def test_puts_nobody_on_the_list_who_does_not_want_to_be():
    world = World(capacity=1)
    world.do(book(ADA))

    assert refused(world, book(GRACE, waitlist=False), SoldOut).facts == {"available": 0}


def test_lets_a_large_wish_not_stop_the_sale_by_accident():
    world = World(capacity=2)

    world.do(sell(1))
    problem = refused(world, book(ADA, 2), NotEnoughTickets)

    assert problem.facts == {"available": 1}
    assert world.do(book(ADA, 2, waitlist=True))[0].position == 1


def test_refuses_more_than_the_event_has():
    refused(World(capacity=2), book(ADA, 3, waitlist=True), ExceedsCapacity)


def test_lets_no_newcomer_overtake_those_who_wait():
    world = World(capacity=3)
    world.do(sell(2), book(ADA, 2, waitlist=True))

    assert world.do(book(GRACE, 1))[0].position == 2
    refused(world, book(LINUS, 1, waitlist=False), SoldOut)
    refused(world, sell(1), WaitingListFirst)


def test_gives_the_freed_ticket_to_whoever_waited_longest():
    world = World(capacity=1, price=500)
    world.do(book(ADA), book(GRACE), book(LINUS))

    freed = cancel(world, ADA)

    assert [b.customer for b in freed.assigned] == [GRACE]
    assert freed.assigned[0].total == 500
    assert world.holders() == [GRACE]
    assert [e.action for e in world.trail[-2:]] == ["cancelled", "assigned"]
    world.check()


@pytest.mark.parametrize(("today", "paid"), [(700, 500), (300, 300)])
def test_charges_who_waited_what_they_saw_or_less(today, paid):
    world = World(capacity=2, price=500)
    world.do(book(ADA, 2), book(GRACE, 2), Change({"price": today}))

    assert cancel(world, ADA).assigned[0].total == 2 * paid
    assert world.event.revenue == 2 * paid
    world.check()


def test_keeps_tickets_for_a_head_whose_wish_does_not_fit():
    world = World(capacity=3)
    world.do(book(ADA, 1), sell(2), book(GRACE, 3), book(LINUS, 1))

    freed = cancel(world, ADA)

    assert freed.assigned == []
    assert world.event.available == 1


def test_serves_who_was_behind_a_blocking_head_that_leaves():
    world = World(capacity=3)
    world.do(book(ADA, 1), sell(2), book(GRACE, 3), book(LINUS, 1))
    cancel(world, ADA)

    assert [b.customer for b in cancel(world, GRACE).assigned] == [LINUS]
    world.check()


def test_serves_a_blocking_head_that_wants_less():
    world = World(capacity=3)
    world.do(book(ADA, 1), sell(2), book(GRACE, 3))
    cancel(world, ADA)

    (held,) = world.do(Resize(world.id_of(GRACE), 1))

    assert (held.booking.status, held.booking.tickets, held.position) == ("confirmed", 1, None)
    world.check()


def test_lets_a_waiter_that_leaves_free_nothing_but_the_place():
    world = World(capacity=1)
    world.do(book(ADA), book(GRACE), book(LINUS))

    assert cancel(world, GRACE).assigned == []
    assert (world.event.sold, world.event.waiting) == (1, 1)


def test_cancels_once():
    world = World(capacity=1)
    world.do(book(ADA, booking="b1"), book(GRACE))

    first, second = world.do(Cancel("b1"), Cancel("b1"))

    assert len(first.assigned) == 1
    assert list(second.assigned) == []
    assert world.event.sold == 1


def test_cancels_by_customer_what_is_there():
    world = World(capacity=1)
    world.do(book(ADA), book(GRACE))

    (held,) = world.do(CancelFor(ADA))

    assert [b.customer for b in held.assigned] == [GRACE]
    refused(world, CancelFor(ADA), BookingNotFound)


def test_frees_tickets_by_reducing_at_the_price_that_was_paid():
    world = World(capacity=3, price=500)
    world.do(book(ADA, 3), Change({"price": 900}), book(GRACE, 2))

    (held,) = world.do(Resize(world.id_of(ADA), 1))

    assert (held.booking.tickets, held.booking.total) == (1, 500)
    assert [b.customer for b in held.assigned] == [GRACE]
    assert world.event.revenue == 500 + 2 * 900
    world.check()


def test_lets_a_waiter_that_wants_less_keep_the_place():
    world = World(capacity=2)
    world.do(sell(2), book(ADA), book(GRACE, 2), book(LINUS))

    (held,) = world.do(Resize(world.id_of(GRACE), 1))

    assert held.position == 2
    assert [b.customer for b in world.waiting()] == [ADA, GRACE, LINUS]


def test_knows_a_waiters_place_after_others_left_in_the_same_group():
    world = World(capacity=2)
    world.do(sell(2), book(ADA), book(GRACE, 2))

    outcomes = world.do(CancelFor(ADA), book(LINUS), Resize(world.id_of(GRACE), 1))

    assert outcomes[1].position == 2
    assert outcomes[2].position == 1


def test_reduces_to_fewer_only():
    world = World(capacity=5)
    world.do(book(ADA, 2, booking="b1"))

    assert refused(world, Resize("b1", 2), NothingToReduce).facts == {"tickets": 2}
    world.do(Cancel("b1"))
    refused(world, Resize("b1", 1), NotActive)


def test_passes_a_booking_on_and_leaves_the_counters():
    world = World(capacity=1)
    world.do(book(ADA))
    before = world.event

    world.do(Transfer(world.id_of(ADA), GRACE))

    assert world.holders() == [GRACE]
    assert (world.event.sold, world.event.revenue) == (before.sold, before.revenue)
    world.check()


def test_passes_on_only_what_is_confirmed_and_to_nobody_who_has_one():
    world = World(capacity=2)
    world.do(book(ADA, 1, booking="a"), book(GRACE, 1), book(LINUS, booking="l"))
    hedy = a_customer("hedy")

    refused(world, Transfer("a", GRACE), AlreadyBooked)
    refused(world, Transfer("a", LINUS), AlreadyWaiting)
    refused(world, Transfer("a", ADA), AlreadyBooked)
    refused(world, Transfer("l", hedy), NotConfirmed)
    world.do(Cancel("a"))
    refused(world, Transfer("a", hedy), NotConfirmed)


def test_lets_who_passed_theirs_on_book_again_in_the_same_group():
    world = World(capacity=2)
    world.do(book(ADA, booking="a"))

    outcomes = world.do(Transfer("a", GRACE), Resize("a", 1), book(ADA))

    assert outcomes[2].booking.customer == ADA
    world.check()


def test_knows_no_sale_as_a_booking_and_no_unknown_one():
    world = World()
    world.do(sell(1, booking="s"))

    for id_ in ("s", "unknown"):
        for command in (Cancel(id_), Resize(id_, 1), Transfer(id_, ADA)):
            refused(world, command, BookingNotFound)


def test_serves_the_first_that_fit_when_the_capacity_grows():
    world = World(capacity=1)
    world.do(sell(1), *(book(a_customer(f"c{n}")) for n in range(8)))

    (changed,) = world.do(Change({"capacity": 6}))

    assert [b.customer.name for b in changed.assigned] == [f"c{n}" for n in range(5)]
    assert (world.event.sold, world.event.waiting) == (6, 3)
    world.check()


def test_does_not_lower_the_capacity_below_what_a_waiter_wants():
    world = World(capacity=5)
    world.do(sell(2), book(ADA, 5, waitlist=True))

    refused(world, Change({"capacity": 4}), CapacityBelowWaiting)
    world.do(CancelFor(ADA))
    assert world.do(Change({"capacity": 4}))[0].event.capacity == 4


def test_serves_the_list_with_what_the_counter_takes_back():
    world = World(capacity=2)
    (sale,) = world.do(sell(2))
    world.do(book(ADA), book(GRACE))

    (held,) = world.do(give_back(sale.booking))

    assert [b.customer for b in held.assigned] == [ADA, GRACE]
    world.check()


def test_calls_an_event_off():
    world = World(capacity=4, price=500)
    world.do(sell(1), book(ADA, 3), book(GRACE))

    (off,) = world.do(CallOff())

    assert off.event.status == "cancelled"
    assert (off.event.sold, off.event.waiting, off.event.revenue) == (0, 0, 0)
    assert [(b.customer, b.total) for b in off.owed] == [(None, 500), (ADA, 1500)]
    assert off.owed_total == 2000
    for command in (sell(1), book(LINUS), CallOff(), Change({"name": "x"})):
        refused(world, command, EventCancelled)
    world.check()


def test_says_when_and_why_a_booking_was_cancelled():
    world = World(capacity=5, price=500)
    own = a_customer("own")  # who asks for every change
    world.do(book(own, booking="own"), book(GRACE, booking="grace"), sell(1, "sale"))
    world.do(book(LINUS, 2, booking="linus"), book(HEDY, booking="hedy"))

    world.do(Cancel("own"), CancelFor(GRACE), Return("sale"))
    assert world.bookings["linus"].cancelled_at is None
    assert world.bookings["linus"].reason is None
    world.do(CallOff())

    ended = world.bookings.values()
    assert {b.cancelled_at for b in ended} == {NOW}
    assert {b.id: b.reason for b in ended} == {
        "own": "customer",
        "grace": "staff",
        "sale": "staff",
        "linus": "called_off",
        "hedy": "called_off",
    }
    world.check()


def test_leaves_the_reason_be_when_it_is_cancelled_again():
    world = World()
    world.do(book(ADA, booking="a"), Cancel("a"))
    before = world.bookings["a"]

    world.do(CallOff(), Cancel("a"))

    assert world.bookings["a"] == before


def test_keeps_what_an_event_had_brought_when_it_was_called_off():
    world = World(capacity=3, price=500)
    world.do(book(ADA, 2, booking="a"), sell(1), book(GRACE), Cancel("a"))
    assert world.event.owed_total is None

    world.do(CallOff())

    assert (world.event.owed_total, world.event.revenue) == (1000, 0)
    world.check()


def test_names_the_first_hundred_who_are_owed_money():
    world = World(capacity=200)
    world.do(*(book(a_customer(f"c{n}")) for n in range(102)), Change({"price": 0}), sell(3))

    (off,) = world.do(CallOff())

    assert [b.customer.name for b in off.owed] == [f"c{n}" for n in range(100)]
    assert off.owed_total == 102 * 500


def test_has_no_tickets_of_an_event_that_was_called_off():
    world = World(capacity=4)
    world.do(sell(1))

    (off,) = world.do(CallOff())

    assert (off.event.capacity, off.event.available) == (4, 0)


def test_calls_off_what_was_booked_in_the_same_group():
    world = World(capacity=4)

    world.do(book(ADA), CallOff(), book(GRACE))

    assert world.event.sold == 0
    world.check()


def test_books_nothing_of_an_unknown_event():
    assert isinstance(outcome(None, book(ADA)), EventNotFound)
    assert isinstance(outcome(None, CancelFor(ADA)), EventNotFound)
    assert isinstance(outcome(None, Cancel("b")), BookingNotFound)


@pytest.fixture
def small_commits(monkeypatch):
    """Only three changes of bookings go into one commit."""
    for module in ("ticketing.domain.commands.events", "ticketing.domain.changes.waiting_list"):
        monkeypatch.setattr(f"{module}.MOST_PER_COMMIT", 3)
    monkeypatch.setattr(read_set, "MOST_PER_COMMIT", 3)


@pytest.mark.usefixtures("small_commits")
def test_serves_a_long_list_in_several_commits_while_newcomers_wait():
    world = World(capacity=1)
    world.do(sell(1), *(book(a_customer(f"c{n}")) for n in range(8)))

    decision = world.decide(Change({"capacity": 9}))
    assert decision.has_remaining_work
    assert world.event.waiting == 5

    decision = world.decide(book(ADA))
    assert decision.outcomes[0].position == 3
    assert decision.has_remaining_work

    while world.decide(Resume()).has_remaining_work:
        pass
    assert (world.event.sold, world.event.waiting) == (9, 1)
    assert [b.customer for b in world.waiting()] == [ADA]
    world.check()


@pytest.mark.usefixtures("small_commits")
def test_moves_a_booking_that_is_served_by_the_commit_which_moves_it():
    """What an earlier commit left comes first, and takes the last tickets that are free."""
    world = World(capacity=1)
    world.do(sell(1), *(book(a_customer(f"c{n}"), booking=f"b{n}") for n in range(5)))
    assert world.decide(Change({"capacity": 5})).has_remaining_work

    (left,) = world.do(Leave("b3"))

    assert isinstance(left, BookingResult)
    assert [booking.id for booking in left.assigned] == ["b4"]
    assert world.event.waiting == 0


@pytest.mark.usefixtures("small_commits")
def test_calls_a_large_event_off_in_several_commits():
    world = World(capacity=10, price=500)
    world.do(*(book(a_customer(f"c{n}")) for n in range(12)))

    decision = world.decide(CallOff())
    assert decision.has_remaining_work
    assert decision.outcomes[0].owed_total == 5000
    assert len(decision.outcomes[0].owed) == 3
    assert (world.event.owed_total, world.event.available) == (5000, 0)

    while world.decide(Resume()).has_remaining_work:
        pass
    assert (world.event.sold, world.event.waiting, world.event.revenue) == (0, 0, 0)
    world.check()


@pytest.mark.usefixtures("small_commits")
def test_owes_also_who_cancels_before_the_calling_off_has_come_to_them():
    world = World(capacity=20, price=500)
    world.do(*(book(a_customer(f"c{n}"), booking=f"b{n:02}") for n in range(15)), sell(1, "s"))
    world.do(CallOff())

    world.do(Cancel("b13"))
    world.do(Return("s"))
    while world.decide(Resume()).has_remaining_work:
        pass

    assert {booking.reason for booking in world.bookings.values()} == {"called_off"}
    assert sum(b.total for b in world.bookings.values()) == world.event.owed_total == 8000
    world.check()


def test_without_the_strict_rule_somebody_overtakes(monkeypatch):
    """The checker knows a list that was jumped."""
    world = World(capacity=3)
    world.do(book(ADA, 1), sell(2), book(GRACE, 3), book(LINUS, 1))

    def jump(change_set, **_):
        fitting = [b for b in change_set.active_bookings() if b.status == "waiting"]
        return next(
            (b for b in fitting if b.tickets <= change_set.existing_event().available), None
        )

    monkeypatch.setattr(waiting_list, "servable", jump)
    cancel(world, ADA)

    assert world.holders() == [None, LINUS]
    found = list(differences(world.event, world.bookings.values(), world.trail))
    assert [f for f in found if "before the head" in f]


def test_a_waiter_who_takes_nothing_back_still_hears_their_place():
    world = World(capacity=1)
    world.do(sell(1), book(ADA, booking="a"), book(GRACE, booking="g"))

    (outcome,) = world.do(Withdraw("g"))

    assert isinstance(outcome, BookingResult)
    assert (outcome.booking.status, outcome.position) == ("waiting", 2)
