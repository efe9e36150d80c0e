from __future__ import annotations

import csv
import io
import re

import pytest

from tests.services.writes.chained import heads_of
from tests.storage.migrations.before import without_chain
from tests.web.conftest import FRIDAY, YESTERDAY, Page, book, put_on

TODAY = "2026-11-25"


def sell(clerk, event, n, page=None):
    return clerk.submit(page or clerk.get(f"/office/till?event={event}"), "/office/till", n=str(n))


def test_a_number_and_enter_sell(sal, robin, hall):
    event = put_on(robin, "The Night Post", date=TODAY, capacity="240", costPerTicket="18")

    page = sal.get("/office/till")
    assert page.title.startswith("Till: The Night Post")
    assert "left 240 of 240" in page.text
    page = sell(sal, event, 3, page)

    assert (
        "Sold at 18:00:04 3 tickets, €54.00 The Night Post , Wed 25 November. 237 left."
        in page.text
    )
    assert "18:00:04 3, €54.00 Give back" in page.text
    assert "Sold 3 Taken €54.00" in page.text
    sale = hall.db.bookings.find_one()
    assert sale["customer"] is None
    assert f"Receipt {sale['_id'][-8:]} , Wed 25 Nov, 18:00:04, sal@example.org" in page.text


def test_a_receipt_names_what_proves_the_sale_and_what_came_of_it(sal, robin, hall):
    event = put_on(robin, date=TODAY)
    page = sell(sal, event, 3)
    proofs = heads_of(hall.db, event)
    assert f"Proof {event}:{proofs[2]}" in page.text

    sale = hall.db.bookings.find_one()["_id"]
    sell(sal, event, 1)
    sal.submit(page, f"/office/till/{sale}/give-back")

    receipt = sal.get(f"/office/till?event={event}&sale={sale}").text
    assert f"Proof {event}:{heads_of(hall.db, event)[4]}" in receipt


def test_a_receipt_of_before_has_nothing_to_prove_it(sal, robin, hall):
    event = put_on(robin, date=TODAY)
    sell(sal, event, 3)
    without_chain(hall.db)

    sale = hall.db.bookings.find_one()["_id"]

    assert "Proof" not in sal.get(f"/office/till?event={event}&sale={sale}").text


def test_the_same_form_twice_is_one_sale_and_says_so(sal, robin, hall):
    event = put_on(robin, date=TODAY)
    form = sal.get("/office/till").form("/office/till")
    first, second = (sal.send(form.action, **{**form.fields, "n": "2"}) for _ in range(2))

    assert "Sold at" in sal.get(first.headers["Location"]).text
    again = sal.get(second.headers["Location"]).text
    assert "Already sold at 18:00:04 2 tickets, €24.00" in again
    assert "It was the same sale, so it counts once." in again
    assert hall.db.bookings.count_documents({}) == 1
    assert hall.db.events.find_one({"_id": event})["sold"] == 2


def test_another_number_under_the_same_key_is_no_sale(sal, robin, hall):
    put_on(robin, date=TODAY)
    form = sal.get("/office/till").form("/office/till")
    sal.send(form.action, **{**form.fields, "n": "2"})

    page = Page(sal.send(form.action, **{**form.fields, "n": "3"}))

    assert page.status == 422
    assert "The first sale, of 2, went through. This one did not." in page.text
    assert hall.db.bookings.count_documents({}) == 1
    assert page.form("/office/till").fields["key"] != form.fields["key"]


def test_more_than_is_left_is_not_sold_and_what_is_left_is_offered(sal, robin):
    event = put_on(robin, date=TODAY, capacity="2")

    page = sell(sal, event, 3)

    assert page.status == 409
    assert "Not sold Only 2 are left and you asked for 3." in page.text
    offer = [f for f in page.reader.forms if f.action == "/office/till"][1]
    assert offer.fields["n"] == "2"
    answer = sal.send(offer.action, **offer.fields)
    assert "2 tickets, €24.00" in sal.get(answer.headers["Location"]).text
    assert "Sold out a moment ago" in sell(sal, event, 1).text


def test_who_waits_comes_first(sal, robin, ida):
    event = put_on(robin, date=TODAY, capacity="2")
    book(robin, event, 1, customer="Noor")
    book(ida, event, 1)
    book(robin, event, 2, customer="Mats", wait="1")
    page = ida.get("/bookings")
    ida.submit(page, re.search(r"/bookings/\w+/cancel", page.html)[0])

    page = sell(sal, event, 1)

    assert page.status == 409
    assert "1 ticket is free, but 1 booking waits for it. They come first." in page.text


def test_gives_back_once_and_says_what_to_pay(sal, robin, hall):
    event = put_on(robin, date=TODAY)
    page = sell(sal, event, 3)
    action = next(f.action for f in page.reader.forms if f.action.endswith("/give-back"))

    page = sal.submit(page, action)

    assert "Given back at 18:00:04." in page.text
    assert "3 tickets, €36.00 to give back." in page.text
    assert "Sold 0 Taken €0.00" in page.text
    assert hall.db.events.find_one({"_id": event})["sold"] == 0


def test_giving_back_asks_first_where_somebody_waits(sal, robin, ida, hall):
    event = put_on(robin, date=TODAY, capacity="2")
    page = sell(sal, event, 2)
    book(ida, event, 1)
    action = next(f.action for f in page.reader.forms if f.action.endswith("/give-back"))

    page = sal.submit(page, action)
    assert "1 booking waits" in page.text
    assert hall.db.events.find_one({"_id": event})["sold"] == 2
    page = sal.submit(page, action)

    assert "ida@example.org got 1 ticket from the list." in page.text
    assert hall.db.events.find_one({"_id": event})["sold"] == 1


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "1.5"])
def test_no_number_is_no_sale(sal, robin, hall, number):
    event = put_on(robin, date=TODAY)

    page = sell(sal, event, number)

    assert page.status == 400
    assert "Write how many tickets." in page.text
    assert hall.db.bookings.count_documents({}) == 0


def test_opens_on_today_else_on_the_next_and_remembers_the_choice(sal, robin):
    put_on(robin, "Over Already", date=YESTERDAY)
    friday = put_on(robin, "Brass & Bellows", date=FRIDAY)
    assert "Till: Brass &amp; Bellows" in sal.get("/office/till").title
    put_on(robin, "The Night Post", date=TODAY)
    assert "Till: The Night Post" in sal.get("/office/till").title

    sal.get(f"/office/till?event={friday}")
    assert "Till: Brass &amp; Bellows" in sal.get("/office/till").title


def test_what_was_called_off_takes_no_place_among_what_can_be_sold(sal, robin, monkeypatch):
    monkeypatch.setattr("ticketing.web.views.till.EVENTS", 2)
    for number in range(3):
        event = put_on(robin, f"Off {number}", date=TODAY)
        page = robin.get(f"/office/events/{event}/call-off")
        robin.submit(page, f"/office/events/{event}/call-off", sure="yes")
    put_on(robin, "The Night Post", date=FRIDAY)
    put_on(robin, "Harbour Ceilidh")

    page = sal.get("/office/till")

    assert page.title.startswith("Till: The Night Post")
    assert "Harbour Ceilidh" in page.text
    assert "Off 1" not in page.text


def test_where_nothing_is_left_the_till_leads_to_the_list(sal, robin):
    event = put_on(robin, date=TODAY, capacity="3")
    assert "Put somebody on the list" not in sal.get("/office/till").text

    page = sell(sal, event, 3)

    assert "Nothing is left. Put somebody on the list" in page.text
    assert f'href="/events/{event}#book"' in page.html


def test_the_evening_can_be_closed_where_nothing_is_ahead(sal):
    for path in ("/office/till", "/office"):
        assert 'href="/office/till/evening"' in sal.get(path).html


def test_without_a_script_the_numbers_are_links(sal, robin):
    event = put_on(robin, date=TODAY)

    page = sal.get(f"/office/till?event={event}&n=4")

    assert page.form("/office/till").fields["n"] == "4"
    assert "€48.00" in page.text
    assert "Sell 4 tickets" in page.text


def test_nothing_ahead_says_so(sal):
    assert "Nothing to sell" in sal.get("/office/till").text


def test_what_was_called_off_is_not_sold(sal, robin):
    event = put_on(robin, date=TODAY)
    page = sal.get("/office/till")
    off = robin.get(f"/office/events/{event}/call-off")
    robin.submit(off, f"/office/events/{event}/call-off", sure="yes")

    page = sell(sal, event, 1, page)

    assert page.status == 409
    assert "This event was called off." in page.text


def test_a_till_that_asks_again_hears_304_until_another_has_sold(sal, robin):
    event = put_on(robin, date=TODAY)
    asks = {"X-Live": "1", "If-None-Match": sal.get(f"/office/till?event={event}").headers["ETag"]}
    assert sal.get(f"/office/till?event={event}", **asks).status == 304

    sell(robin, event, 2)

    page = sal.get(f"/office/till?event={event}", **asks)
    assert page.status == 200
    assert "left 8 of 10" in page.text


def test_the_evening_adds_up_who_sold_and_who_took_back(sal, robin):
    event = put_on(robin, date=TODAY)
    page = sell(sal, event, 3)
    sell(robin, event, 2)
    action = next(f.action for f in page.reader.forms if f.action.endswith("/give-back"))
    form = robin.get(f"/office/till?event={event}").form("/office/till")
    robin.send(action, csrf_token=form.fields["csrf_token"])

    page = robin.get("/office/till/evening")

    assert "Sold at the counter 5 €60.00" in page.text
    assert "Given back 3 €36.00" in page.text
    assert "Has to be in the drawers €24.00" in page.text
    table = list(csv.reader(io.StringIO(robin.client.get("/office/till/evening.csv").text[1:])))
    by = {row[0]: row[1:] for row in table[1:]}
    assert by["sal@example.org"] == ["1", "3", "36.00", "0", "0.00", "36.00"]
    assert by["robin@example.org"] == ["1", "2", "24.00", "3", "36.00", "-12.00"]
    assert "Nothing was sold" in robin.get(f"/office/till/evening?day={YESTERDAY}").text


def test_the_till_is_for_staff(ida):
    assert ida.get("/office/till").status == 404
