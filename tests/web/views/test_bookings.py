from __future__ import annotations

import re

import pytest

from tests.services.writes.chained import heads_of
from tests.web.conftest import FRIDAY, SATURDAY, Page, book, put_on
from ticketing.storage import bookings
from ticketing.web import customers


def of(page):
    """The id of the one booking on a page."""
    return re.search(r'id="cancel-(\w+)"', page.html)[1]


def code_on(page):
    return re.search(r'<code class="code">([\w-]{20,})</code>', page.html)[1]


def test_books_and_says_what_is_one_s_own(robin, ida):
    event = put_on(robin)

    page = book(ida, event, 2)

    assert "Booked. 2 tickets for Harbour Ceilidh are yours, €24.00." in page.text
    assert "2 tickets, €24.00 Yours" in page.text
    again = ida.get("/bookings")
    assert "Booked." not in again.text
    assert "You have 2 tickets." in ida.get(f"/events/{event}").text


def test_a_booking_s_page_names_what_proves_its_story(robin, ida, hall):
    event = put_on(robin)
    book(ida, event, 2)
    booking = hall.db.bookings.find_one()["_id"]

    page = ida.get(f"/bookings/{booking}")

    assert f"Proof {event}:{heads_of(hall.db, event)[2]} . Keep it" in page.text


def test_sending_the_same_form_twice_books_once(robin, ida, hall):
    event = put_on(robin)
    form = ida.get(f"/events/{event}").form(f"/events/{event}/book")
    for _ in range(2):
        answer = ida.send(form.action, **form.fields)
        assert answer.status_code == 303
    assert "2 tickets for Harbour Ceilidh are yours" in ida.get("/bookings").text
    assert hall.db.bookings.count_documents({}) == 1
    assert hall.db.audit.count_documents({"action": "booked"}) == 1

    reused = ida.send(form.action, **{**form.fields, "n": "1"})
    assert reused.status_code == 422
    assert "This form has been sent before" in reused.text


def test_who_comes_too_late_is_told_and_may_take_what_is_left(robin, ida, hall):
    event = put_on(robin, capacity="3")
    late = ida.get(f"/events/{event}")
    book(hall.signed_in("noor@example.org"), event, 2)

    page = ida.submit(late, f"/events/{event}/book", n="2")

    assert page.status == 409
    assert "Only 1 is left" in page.text
    assert "Take it, or join the line for 2 and let the others have it." in page.text
    forms = [form for form in page.reader.forms if form.action.endswith("/book")]
    assert [(f.fields["n"], f.fields.get("wait")) for f in forms[:2]] == [("1", None), ("2", "1")]
    answer = ida.send(forms[1].action, **forms[1].fields)
    assert answer.status_code == 303
    assert "1st in line for 2 tickets for Harbour Ceilidh." in ida.get("/bookings").text


def test_who_finds_it_sold_out_is_on_no_list_by_surprise(robin, ida, hall):
    event = put_on(robin, capacity="2")
    late = ida.get(f"/events/{event}")
    book(hall.signed_in("noor@example.org"), event, 2)

    page = ida.submit(late, f"/events/{event}/book", n="1")

    assert page.status == 409
    assert "Sold out a moment ago" in page.text
    assert hall.db.bookings.count_documents({"status": "waiting"}) == 0
    page = ida.submit(page, f"/events/{event}/book", n="1")
    assert "1st in line" in page.text


def test_waits_sees_the_place_and_gets_what_comes_free(robin, ida, hall):
    event = put_on(robin, "Brass & Bellows", capacity="2")
    noor = hall.signed_in("noor@example.org")
    mats = hall.signed_in("mats@example.org")
    book(ida, event, 2)
    book(mats, event, 1)
    page = book(noor, event, 1)
    assert "in line 2nd of 2" in page.text

    page = ida.submit(ida.get("/bookings"), f"/bookings/{of(ida.get('/bookings'))}/cancel")

    assert "Cancelled. 2 tickets went to whoever waited longest." in page.text
    assert "You have no bookings" in page.text
    assert "1 ticket, €12.00 Yours" in noor.get("/bookings").text
    story = robin.get(f"/office/events/{event}").text
    assert "ida@example.org cancelled: 2 tickets came free, €24.00 to give back." in story
    assert "noor@example.org got 1 ticket that came free, €12.00; in line since" in story


def test_leaves_the_line(robin, ida, hall):
    event = put_on(robin, capacity="1")
    book(hall.signed_in("noor@example.org"), event)
    book(ida, event)
    page = ida.get("/bookings")

    page = ida.submit(page, f"/bookings/{of(page)}/cancel")

    assert "You have left the line." in page.text
    assert "You have no bookings" in page.text


def test_keeps_fewer(robin, ida):
    event = put_on(robin)
    page = book(ida, event, 5)
    action = f"/bookings/{of(page)}/size"
    assert page.form(action).fields["n"] == "4"

    after = ida.submit(page, action, n="2")
    assert "Changed. 2 tickets kept. 3 tickets came free." in after.text
    assert "2 tickets, €24.00" in after.text
    for number, status, said in (
        ("11", 400, "A booking has at most 10 tickets."),
        ("0", 400, "Write a whole number, of at least 1."),
        ("x", 400, "Write a whole number, of at least 1."),
    ):
        refused = ida.submit(ida.get("/bookings"), action, n=number)
        assert refused.status == status
        assert said in refused.text
        assert refused.title.startswith("Error: ")


def test_passes_on_by_a_code_that_works_once(robin, ida, hall):
    event = put_on(robin)
    booking = of(book(ida, event, 2))
    noor = hall.signed_in("noor@example.org")

    page = ida.submit(ida.get(f"/bookings/{booking}"), f"/bookings/{booking}/offer")
    code = code_on(page)
    assert "Offered. The tickets stay yours" in page.text
    assert code not in ida.get(f"/bookings/{booking}").html
    page = noor.submit(noor.get("/bookings"), "/bookings/code", code=code)

    assert "Yours. 2 tickets passed on to you." in page.text
    assert "You have no bookings" in ida.get("/bookings").text
    again = ida.submit(ida.get("/bookings"), "/bookings/code", code=code)
    assert "That code is used, taken back or expired." in again.text


def test_a_code_stands_on_the_page_alone_and_in_no_cookie(robin, ida, hall):
    """A signed cookie can be read by whoever finds it."""
    booking = of(book(ida, put_on(robin), 2))
    page = ida.submit(ida.get(f"/bookings/{booking}"), f"/bookings/{booking}/offer")
    code = code_on(page)

    read = hall.app.session_interface.get_signing_serializer(hall.app)
    cookie = ida.client.get_cookie("office").value
    assert code not in str(read.loads(cookie))
    assert code not in str(page.headers.getlist("Set-Cookie"))
    assert page.headers["Cache-Control"] == "private, no-store"
    assert code not in ida.get(f"/bookings/{booking}").html


def test_a_reload_of_the_page_with_the_code_shows_the_same_code(robin, ida):
    booking = of(book(ida, put_on(robin), 2))
    form = ida.get(f"/bookings/{booking}").form(f"/bookings/{booking}/offer")
    first, again = (Page(ida.send(form.action, **form.fields)) for _ in range(2))

    assert code_on(first) == code_on(again)


@pytest.mark.parametrize("again", [False, True], ids=["taken back", "offered anew"])
def test_a_reload_once_the_offer_is_over_shows_no_code(robin, ida, again):
    booking = of(book(ida, put_on(robin), 2))
    offer = f"/bookings/{booking}/offer"
    form = ida.get(f"/bookings/{booking}").form(offer)
    page = Page(ida.send(form.action, **form.fields))
    page = ida.submit(page, f"/bookings/{booking}/withdraw")
    if again:
        ida.submit(ida.get(f"/bookings/{booking}"), offer)

    reloaded = Page(ida.send(form.action, **form.fields))

    assert reloaded.status == 200
    assert "Hand this code on" not in reloaded.text
    assert "took the offer back" in reloaded.text


def test_takes_an_offer_back(robin, ida):
    booking = of(book(ida, put_on(robin), 2))
    page = ida.submit(ida.get(f"/bookings/{booking}"), f"/bookings/{booking}/offer")
    page = ida.submit(page, f"/bookings/{booking}/withdraw")

    assert "Taken back. The code is worth nothing any more." in page.text
    assert "ida@example.org took the offer back." in page.text


def test_adds_to_a_booking(robin, ida):
    booking = of(book(ida, put_on(robin), 2))

    page = ida.submit(ida.get(f"/bookings/{booking}"), f"/bookings/{booking}/size", n="5")

    assert "Changed. 3 tickets more, 5 tickets in all." in page.text
    assert "5 tickets, €60.00" in page.text


def test_a_booking_has_its_own_story(robin, ida, hall):
    event = put_on(robin, capacity="1")
    noor = hall.signed_in("noor@example.org")
    first = book(noor, event)
    page = book(ida, event)
    noor.submit(first, f"/bookings/{of(first)}/cancel")

    told = ida.get(f"/bookings/{of(page)}").text

    joined, got = told.index("joined the line for 1 ticket, 1st."), told.index("got 1 ticket")
    assert joined < got
    assert "noor" not in told


def test_somebody_else_s_booking_is_not_there(robin, ida, hall):
    booking = of(book(ida, put_on(robin), 2))
    noor = hall.signed_in("noor@example.org")
    token = noor.get("/account").form("/sign-out").fields["csrf_token"]

    assert noor.get(f"/bookings/{booking}").status == 404
    for what in ("cancel", "size"):
        answer = noor.send(f"/bookings/{booking}/{what}", n="1", csrf_token=token)
        assert answer.status_code == 404
    assert noor.send(f"/bookings/{booking}/pass-on", to="noor", csrf_token=token).status_code == 404
    assert "2 tickets, €24.00 Yours" in ida.get("/bookings").text


def test_staff_books_for_somebody_and_passes_a_booking_on(sal, robin, hall):
    event = put_on(robin)

    page = book(sal, event, 2, customer="Henk Larkspur")
    assert "For Henk Larkspur" in page.text
    booking = of(page)
    page = sal.submit(page, f"/bookings/{booking}/pass-on", to="sanne@example.org")
    assert "Passed on. 2 tickets now belong to sanne@example.org." in page.text
    assert "Henk Larkspur passed 2 tickets on to sanne@example.org ." in page.text
    page = sal.submit(page, f"/bookings/{booking}/pass-on", to=" ")
    assert page.status == 400
    assert "Say to whom" in page.text


def test_staff_hears_whose_tickets_they_are_and_what_to_give_back(sal, robin):
    event = put_on(robin)
    page = book(sal, event, 3, customer="Greta Thistlewood")
    assert "Booked. 3 tickets for Harbour Ceilidh are Greta Thistlewood’s, €36.00." in page.text
    assert "Calendar" in page.text

    page = sal.submit(page, f"/bookings/{of(page)}/size", n="1")
    assert "2 tickets came free. €24.00 to give back." in page.text
    page = sal.submit(page, f"/bookings/{of(page)}/cancel")
    assert "1 ticket came free. €12.00 to give back." in page.text


def test_staff_books_for_themselves_where_nobody_is_named(sal, robin):
    page = book(sal, put_on(robin), 1)

    assert "1 ticket for Harbour Ceilidh is yours" in page.text


def test_one_booking_for_each_person(sal, robin):
    event = put_on(robin)
    book(sal, event, 1, customer="Henk Larkspur")

    page = book(sal, event, 1, customer="Henk Larkspur")

    assert page.status == 409
    assert "Already booked" in page.text


@pytest.mark.parametrize("number", ["0", "11", "-1", "1.5", "x", "", "\uff11"])
def test_a_number_is_one_of_those_that_are_offered(robin, ida, hall, number):
    event = put_on(robin, capacity="100")
    page = ida.submit(ida.get(f"/events/{event}"), f"/events/{event}/book", n=number)

    assert page.status == 400
    assert "Choose a number from 1 to 10." in page.text
    assert hall.db.bookings.count_documents({}) == 0


@pytest.fixture
def interrupted(monkeypatch):
    """Has something done right after a page has read something, once."""

    def arrange(module, name, act):
        read = getattr(module, name)

        def reading(*args):
            monkeypatch.setattr(module, name, read)
            found = read(*args)
            act()
            return found

        monkeypatch.setattr(module, name, reading)

    return arrange


def waits_in_line(robin, ida, hall):
    """Has Ida wait where everything is sold; returns the event, and what cancels her booking."""
    event = put_on(robin, capacity="2")
    book(hall.signed_in("noor@example.org"), event, 2)
    book(ida, event, 1, wait="1")
    page = ida.get("/bookings")
    cancel = f"/bookings/{of(page)}/cancel"
    return event, lambda: ida.submit(page, cancel)


def test_an_event_s_page_tells_of_a_booking_and_its_place_as_of_one_moment(
    robin, ida, hall, interrupted
):
    event, cancel = waits_in_line(robin, ida, hall)
    interrupted(customers, "held_by", cancel)

    page = ida.get(f"/events/{event}")

    assert page.status == 200
    assert "You are 1st in line for 1 ticket." in page.text
    assert hall.db.bookings.count_documents({"status": "cancelled"}) == 1
    assert "in line for 1 ticket" not in ida.get(f"/events/{event}").text


def test_one_s_bookings_are_told_as_of_one_moment(robin, ida, hall, interrupted):
    _, cancel = waits_in_line(robin, ida, hall)
    interrupted(bookings, "active_of", cancel)

    page = ida.get("/bookings")

    assert "in line 1st of 1" in page.text
    assert "Called off" not in page.text, "they cancelled it themselves"
    assert hall.db.bookings.count_documents({"status": "cancelled"}) == 1


def test_a_booking_s_page_tells_of_its_place_as_of_one_moment(robin, ida, hall, interrupted):
    _, cancel = waits_in_line(robin, ida, hall)
    booking = hall.db.bookings.find_one({"status": "waiting"})["_id"]
    interrupted(bookings, "get_with_event", cancel)

    page = ida.get(f"/bookings/{booking}")

    assert "in line 1st of 1" in page.text
    assert hall.db.bookings.count_documents({"status": "cancelled"}) == 1


def test_what_is_called_off_while_it_is_read_is_shown_once(robin, ida, hall, interrupted):
    event = put_on(robin)
    book(ida, event, 2)
    page = robin.get(f"/office/events/{event}/call-off")
    call_off = f"/office/events/{event}/call-off"
    interrupted(bookings, "active_of", lambda: robin.submit(page, call_off, sure="yes"))

    page = ida.get("/bookings")

    assert len(re.findall('<article id="ticket-', page.html)) == 1
    assert "€24.00 is owed to you." in page.text


def test_what_was_called_off_says_what_is_owed(robin, ida):
    event = put_on(robin)
    book(ida, event, 2)
    page = robin.get(f"/office/events/{event}/call-off")
    robin.submit(page, f"/office/events/{event}/call-off", sure="yes")

    page = ida.get("/bookings")

    assert "Called off" in page.text
    assert "€24.00 is owed to you." in page.text
    assert "Who has tickets gets €12.00 back" in ida.get(f"/events/{event}").text


def test_what_is_over_is_told_apart(robin, ida):
    event = put_on(robin)
    book(ida, event, 3)
    page = robin.get(f"/office/events/{event}/change")
    robin.submit(page, f"/office/events/{event}/change", date="2026-10-30")

    page = ida.get("/bookings")
    assert "Over Fri 30 Oct Harbour Ceilidh" in page.text
    assert "This was on Friday 30 October 2026." in ida.get(f"/events/{event}").text
    assert not ida.get(f"/events/{event}").has_form(f"/events/{event}/book")


def test_a_script_that_asks_again_takes_no_notice_away(robin, ida):
    event = put_on(robin)
    form = ida.get(f"/events/{event}").form(f"/events/{event}/book")
    ida.send(form.action, **form.fields)

    polled = ida.get("/bookings", **{"X-Live": "1"})

    assert "Booked." not in polled.text
    page = ida.get("/bookings")
    assert "Booked." in page.text
    tag = page.headers["ETag"]
    assert ida.get("/bookings", **{"X-Live": "1", "If-None-Match": tag}).status == 304


def test_asking_whether_something_has_happened_reads_no_booking_s_page(robin, ida, hall):
    event = put_on(robin)
    tag = book(ida, event, 3).headers["ETag"]

    hall.db.command("profile", 2)
    answer = ida.get("/bookings", **{"If-None-Match": tag, "X-Live": "1"})
    hall.db.command("profile", 0)
    asked = list(hall.db["system.profile"].find({"op": "query"}))
    hall.db["system.profile"].drop()

    assert answer.status == 304
    read = {e["ns"].partition(".")[2]: e["docsExamined"] for e in asked}
    assert read["bookings"] == 0
    assert read["events"] == 1
    assert "customers" not in read or read["customers"] <= 1
    book(hall.signed_in("noor@example.org"), event, 1)
    assert ida.get("/bookings", **{"If-None-Match": tag, "X-Live": "1"}).status == 200


def test_what_was_cancelled_often_hides_nothing_that_is_held(robin, ida, hall, monkeypatch):
    monkeypatch.setattr("ticketing.web.views.bookings.MOST_SHOWN", 3)
    kept = {f"/bookings/{of(book(ida, put_on(robin, 'Harbour Ceilidh'), 2))}/cancel"}
    other = put_on(robin, "The Night Post", date=FRIDAY)
    for _ in range(4):
        page = book(ida, other, 1)
        (cancel,) = {f.action for f in page.reader.forms if f.action.endswith("/cancel")} - kept
        ida.submit(page, cancel)

    assert "Harbour Ceilidh" in ida.get("/bookings").text


def test_the_day_stands_with_the_booking(robin, ida):
    page = book(ida, put_on(robin, date=SATURDAY))

    assert f'datetime="{SATURDAY}"' in page.html
