from tests.domain.builders import ADA, a_sale, an_event, decided, give_back, outcome, sell
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.errors import (
    EventCancelled,
    EventNotFound,
    NotEnoughTickets,
    SoldOut,
    TransactionNotFound,
    WaitingListFirst,
)


def test_sells_all_the_tickets_asked_for():
    decision = decided(an_event(capacity=10, price=500), sell(3))

    assert decision.after.sold == 3
    assert decision.after.revenue == 1500
    assert decision.outcomes[0].booking.total == 1500


def test_counts_a_sale_over_the_counter_as_no_customers_booking():
    assert decided(an_event(), sell(3)).after.bookings == 0


def test_sells_the_last_ticket():
    assert decided(an_event(capacity=10, sold=9), sell(1)).after.available == 0


def test_refuses_more_than_is_left_and_says_how_many_are():
    refusal = outcome(an_event(capacity=10, sold=8), sell(3))

    assert isinstance(refusal, NotEnoughTickets)
    assert refusal.facts == {"available": 2}


def test_says_sold_out_when_nothing_is_left():
    assert isinstance(outcome(an_event(capacity=10, sold=10), sell(1)), SoldOut)


def test_keeps_what_is_left_for_the_waiting_list():
    refusal = outcome(an_event(capacity=10, sold=8, waiting=1), sell(1))

    assert isinstance(refusal, WaitingListFirst)
    assert refusal.facts == {"available": 2}


def test_sells_nothing_of_an_unknown_a_deleted_or_a_called_off_event():
    assert isinstance(outcome(None, sell()), EventNotFound)
    assert isinstance(outcome(an_event(status="deleted"), sell()), EventNotFound)
    assert isinstance(outcome(an_event(status="cancelled"), sell()), EventCancelled)


def test_takes_tickets_back_at_the_price_they_were_sold_for():
    sale = a_sale(tickets=3, total=1500)
    event = an_event(price=900, sold=3, revenue=1500, ever_booked=True)

    decision = decided(event, give_back(sale), bookings={sale.id: sale})

    assert (decision.after.sold, decision.after.revenue) == (0, 0)
    assert decision.outcomes[0].booking.status == "cancelled"


def test_takes_tickets_back_once():
    sale = a_sale(tickets=3, total=1500)
    event = an_event(sold=3, revenue=1500)

    decision = decided(event, give_back(sale), give_back(sale), bookings={sale.id: sale})

    assert decision.after.sold == 0
    assert len(decision.entries) == 1
    assert decision.outcomes[1] == BookingResult(
        decision.outcomes[0].booking, head=decision.after.head
    )


def test_sells_tickets_that_came_back_in_the_same_group():
    sale = a_sale(tickets=10, total=5000)
    event = an_event(capacity=10, sold=10, revenue=5000)

    decision = decided(event, sell(), give_back(sale), sell(), bookings={sale.id: sale})

    assert isinstance(decision.outcomes[0], SoldOut)
    assert decision.after.sold == 1


def test_takes_nothing_back_that_it_did_not_sell_over_the_counter():
    booked = a_sale(id="b2", customer=ADA)

    assert isinstance(outcome(an_event(), give_back(a_sale())), TransactionNotFound)
    assert isinstance(
        outcome(an_event(), give_back(booked), bookings={"b2": booked}), TransactionNotFound
    )


def test_writes_one_audit_entry_for_each_sale():
    first, second = decided(an_event(sequence=4), sell(2), sell(3)).entries

    assert (first.sequence, first.action, first.tickets, first.sold) == (5, "sold", 2, 2)
    assert (second.sequence, second.action, second.tickets, second.sold) == (6, "sold", 3, 5)
    assert (first.actor, first.request_id) == ("ada", "r1")


def test_lets_no_refusal_spoil_its_neighbours():
    decision = decided(an_event(capacity=5), sell(3), sell(3), sell(2))

    assert decision.after.sold == 5
    assert isinstance(decision.outcomes[1], NotEnoughTickets)
    assert [entry.sequence for entry in decision.entries] == [2, 3]
