"""What `make faults` reads off the pages is what they say, and what it sends is their form."""

from __future__ import annotations

import pytest

from tests.client import Answer
from tests.faults.load import pages
from tests.faults.load.history import Operation
from tests.faults.load.pages import Shown, ShownBooking
from tests.faults.load.people import Asker
from tests.web.conftest import FRIDAY, book, put_on


@pytest.fixture
def sold_out(robin, ida, hall):
    """Two of two tickets sold for 24 euros, and somebody waits for one."""
    event = put_on(robin, capacity="2")
    book(ida, event, 2)
    book(hall.signed_in("noor@example.org"), event, 1)
    return event


def test_reads_an_event_off_every_page_that_shows_it(robin, sold_out):
    words, other = "Sold out, 1 waiting", put_on(robin, date=FRIDAY, costPerTicket="0")

    def html(path):
        return robin.get(path).html

    assert pages.event(html(f"/events/{sold_out}"), sold_out) == Shown(sold_out, words, price=1200)
    assert pages.figures(html(f"/office/events/{sold_out}"), sold_out) == Shown(
        sold_out, words, sold=2, capacity=2, bookings=1, waiting=1, revenue=2400
    )
    assert {shown.event: shown for shown in pages.whats_on(html("/"))} == {
        sold_out: Shown(sold_out, words, price=1200),
        other: Shown(other, "Only 10 left", price=0),
    }
    assert {shown.event: shown for shown in pages.calendar(html("/office"))} == {
        sold_out: Shown(sold_out, words, sold=2, capacity=2, revenue=2400),
        other: Shown(other, "Only 10 left", sold=0, capacity=10, revenue=0),
    }


def test_reads_a_booking_off_its_page(robin, sold_out, hall):
    found = {
        booking["status"]: pages.booking(robin.get(f"/bookings/{booking['_id']}").html)
        for booking in hall.db.bookings.find()
    }

    assert found["confirmed"] == ShownBooking("Confirmed", 2, None, 2400)
    assert found["waiting"] == ShownBooking("Waiting", 1, 1, None)


def answer_of(response):
    return Answer(response.status_code, dict(response.headers), response.data)


def sent(visitor, event, tickets, customer):
    """Send the form of an event's page for somebody; give what the API would have told."""
    page = answer_of(visitor.client.get(f"/events/{event}", headers={"Accept": "text/html"}))
    operation = pages.filled(page, event, tickets, Asker(""), customer, customer)
    assert isinstance(operation, Operation)
    operation.answer = answer_of(visitor.send(operation.path, **operation.form.fields))
    return pages.as_of_the_api(operation)


def test_sends_a_form_and_knows_what_came_of_it(robin, hall):
    event = put_on(robin, capacity="3")

    booked = sent(robin, event, 2, "Ada")
    assert (booked.kind, booked.body["waitlist"], booked.answer.status) == ("book", False, 201)
    assert hall.db.bookings.find_one()["_id"] == booked.answer.json["id"]
    assert hall.db.audit.find_one({"action": "booked"})["booking"] == booked.answer.json["id"]

    refusals = [sent(robin, event, n, name) for n, name in ((2, "Bob"), (1, "Ada"), (4, "Cy"))]
    assert [refusal.answer.json for refusal in refusals] == [
        {"code": "not_enough_tickets", "available": 1},
        {"code": "already_booked"},
        {"code": "exceeds_capacity", "capacity": 3},
    ]
    assert {refusal.answer.status for refusal in refusals} == {409}


def test_a_form_that_waits_says_so(robin, sold_out):
    waits = sent(robin, sold_out, 1, "Ada")

    assert waits.body["waitlist"] is True
    assert waits.answer.status == 201


def test_knows_a_page_that_says_what_went_wrong(robin, sold_out):
    page = answer_of(robin.client.get(f"/events/{sold_out}", headers={"Accept": "text/html"}))
    operation = pages.filled(page, sold_out, 1, Asker(""), "Ada", "Ada")
    operation.answer = answer_of(robin.send("/events/0123456789abcdef01234567/book",
                                            **operation.form.fields))  # fmt: skip

    assert pages.as_of_the_api(operation).answer.json == {"code": "event_not_found"}


def test_refuses_to_make_anything_of_another_page(robin):
    with pytest.raises(LookupError):
        pages.event(robin.get("/office").html, "e1")
