from __future__ import annotations

import csv
import io
import re

import pytest

from tests.web.conftest import FRIDAY, SATURDAY, book, put_on
from ticketing.web.presenters.tables import csv_of


def rows(answer):
    text = answer.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def form_of(robin, event):
    return robin.get(f"/office/events/{event}/change")


def sell(robin, event, n):
    page = robin.get(f"/office/till?event={event}")
    return robin.submit(page, "/office/till", event=event, n=str(n))


def change(robin, event, **values):
    return robin.submit(form_of(robin, event), f"/office/events/{event}/change", **values)


def test_puts_an_event_on(robin, visitor):
    page = robin.submit(
        robin.get("/office/events/new?day=2026-12-11"),
        "/office/events/new",
        name="Paper Kites, Loud Hearts",
        capacity="1,240",
        costPerTicket="22.50",
        venue="Great Hall",
    )

    assert "Put on. Paper Kites, Loud Hearts is on the calendar" in page.text
    assert "Put on for Fri 11 December 2026: 1,240 tickets at €22.50." in page.text
    assert "€22.50 1,240 left" in visitor.get("/").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Give it a name."),
        ("name", "x" * 201, "Make the name shorter: 200 characters at most."),
        ("name", "a\x07b", "The name has a character that can’t be shown."),
        ("date", "31.12.2026", "Write the day like 31/12/2026 or 2026-12-31."),
        ("date", "30/02/2026", "Write the day like 31/12/2026 or 2026-12-31."),
        ("capacity", "0", "Write a whole number from 1 to 1,000,000."),
        ("capacity", "many", "Write a whole number from 1 to 1,000,000."),
        ("capacity", "1000001", "Write a whole number from 1 to 1,000,000."),
        ("costPerTicket", "14.505", "Write the price with at most two decimals, like 12.50."),
        ("costPerTicket", "-1", "Write the price with at most two decimals, like 12.50."),
        ("costPerTicket", "NaN", "Write the price with at most two decimals, like 12.50."),
        ("costPerTicket", "1000000.01", "At most 1,000,000."),
        ("venue", "y" * 201, "Make the name shorter: 200 characters at most."),
    ],
)
def test_says_beside_the_field_what_to_write(robin, hall, field, value, said):
    values = {"name": "X", "date": SATURDAY, "capacity": "5", "costPerTicket": "1", field: value}

    page = robin.submit(robin.get("/office/events/new"), "/office/events/new", **values)

    assert page.status == 400
    assert page.title.startswith("Error: New event")
    assert page.text.count(said.rstrip(".")) == 2
    assert f'<a href="#{field}">' in page.html
    assert "One thing needs another look" in page.text
    kept = page.form("/office/events/new").fields
    assert all(kept[name] == values[name] for name in values if name not in (field, "name"))
    assert hall.db.events.count_documents({}) == 0


def test_a_day_that_is_taken_offers_the_next_free_ones(robin):
    put_on(robin, "Candlelight Choir", date="2026-12-12")
    put_on(robin, "The Day Before", date="2026-12-11")
    values = {"name": "X", "date": "12/12/2026", "capacity": "5", "costPerTicket": "1"}

    page = robin.submit(robin.get("/office/events/new"), "/office/events/new", **values)

    assert page.status == 409
    assert "12 December 2026 is taken by Candlelight Choir." in page.text
    assert "Free next to it: Thu 10 December and Sun 13 December." in page.text
    page = robin.submit(page, "/office/events/new", take="2026-12-13")
    assert "Put on for Sun 13 December 2026" in page.text


def test_sending_the_form_twice_puts_one_event_on(robin, hall):
    form = robin.get("/office/events/new").form("/office/events/new")
    values = {"name": "X", "date": SATURDAY, "capacity": "5", "costPerTicket": "1"}
    places = {
        robin.send(form.action, **{**form.fields, **values}).headers["Location"] for _ in "12"
    }

    assert len(places) == 1
    assert hall.db.events.count_documents({}) == 1


def test_changes_an_event_and_serves_the_line(robin, ida):
    event = put_on(robin, capacity="2")
    book(ida, event, 2)
    book(robin, event, 2, customer="Noor Tamsett", wait="1")

    page = change(robin, event, capacity="4", costPerTicket="14", name="Harbour Dance")

    assert "Changed. 2 tickets went to whoever waited longest." in page.text
    assert "There are more tickets: 2 became 4, so 2 came free." in page.text
    assert "The price went from €12.00 to €14.00; sold tickets keep theirs." in page.text
    assert "Renamed , was “Harbour Ceilidh”." in page.text
    assert "Noor Tamsett got 2 tickets that came free" in page.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"capacity": "1"}, "2 are sold already."),
        ({"capacity": "2"}, "Somebody waits for 3; at least that many must exist."),
        ({"date": FRIDAY}, "27 November 2026 is taken by Brass & Bellows."),
    ],
)
def test_a_change_that_can_not_be_says_why(robin, ida, values, said):
    put_on(robin, "Brass & Bellows", date=FRIDAY)
    event = put_on(robin, capacity="3")
    book(ida, event, 2)
    book(robin, event, 3, customer="Noor Tamsett", wait="1")

    page = change(robin, event, **values)

    assert page.status == 409
    assert said in page.text


def test_who_saves_what_somebody_else_has_changed_is_told(robin, hall):
    event = put_on(robin)
    stale = form_of(robin, event)
    change(robin, event, capacity="20")

    page = robin.submit(stale, f"/office/events/{event}/change", costPerTicket="9")

    assert page.status == 412
    assert "Somebody else has changed this" in page.text
    assert "There are more tickets: 10 became 20, so 10 came free." in page.text
    assert "by robin@example.org." in page.text
    assert hall.db.events.find_one({"_id": event})["price"] == 1200
    page = robin.submit(page, f"/office/events/{event}/change", capacity="20")
    assert hall.db.events.find_one({"_id": event})["price"] == 900


def test_calls_off_only_once_the_box_is_ticked(robin, ida, visitor, hall):
    event = put_on(robin, "Understorey")
    book(ida, event, 2)
    page = robin.get(f"/office/events/{event}/call-off")
    assert "2 tickets end: 1 booking and 0 counter sales." in page.text
    assert "€24.00 is owed" in page.text

    asked = robin.submit(page, f"/office/events/{event}/call-off")
    assert asked.status == 400
    assert hall.db.events.find_one({"_id": event})["status"] == "scheduled"
    page = robin.submit(page, f"/office/events/{event}/call-off", sure="yes")

    assert "Called off at" in page.text
    assert "Owed in all €24.00" in page.text
    assert "ida@example.org" in page.text
    assert "Called off" in visitor.get(f"/events/{event}").text
    assert rows(robin.client.get(f"/office/events/{event}/owed.csv"))[1][0] == "ida@example.org"
    assert robin.get(f"/office/events/{event}/call-off").status == 303
    assert put_on(robin, "On the same day")


def test_calling_off_what_has_moved_on_shows_the_new_numbers(robin, ida):
    event = put_on(robin)
    page = robin.get(f"/office/events/{event}/call-off")
    book(ida, event, 2)

    page = robin.submit(page, f"/office/events/{event}/call-off", sure="yes")

    assert page.status == 412
    assert "ida@example.org booked 2 tickets" in page.text
    assert "2 tickets end" in page.text


def test_takes_off_what_nobody_has_booked(robin, ida, visitor):
    event = put_on(robin)
    page = robin.get(f"/office/events/{event}/call-off")
    page = robin.submit(page, f"/office/events/{event}/take-off")

    assert "Taken off. Harbour Ceilidh is gone, and its day is free." in page.text
    assert visitor.get(f"/events/{event}").status == 404

    event = put_on(robin)
    page = robin.get(f"/office/events/{event}/call-off")
    book(ida, event)
    page = robin.submit(page, f"/office/events/{event}/take-off")
    assert page.status == 409
    assert "it can only be called off" in page.text


def test_the_calendar_shows_today_first_and_the_free_days(robin):
    today = put_on(robin, "The Night Post", date="2026-11-25", capacity="240")
    put_on(robin, "Harbour Ceilidh")

    page = robin.get("/office")

    assert "Today, €12.00" in page.text
    assert f'href="/office/events/{today}"' in page.html
    assert "0 of 240 sold, €0.00" in page.text
    assert 'href="/office/events/new?day=2026-12-01"' in page.html
    assert "Coming, 1 event" in page.text
    assert 'href="/office/events/new?day=2026-11-24"' not in page.html


def test_the_office_knows_what_has_no_day(robin):
    event = put_on(robin)
    db = robin.client.application.ticketing.db
    db.events.update_one({"_id": event}, {"$set": {"day": None}})

    assert "no day Harbour Ceilidh" in robin.get("/office").text
    page = robin.get(f"/events/{event}")
    assert "The day is not known yet" in page.text
    page = change(robin, event, capacity="11")
    assert "There are more tickets: 10 became 11" in page.text


def test_calling_off_says_nothing_of_what_nobody_has(robin):
    text = robin.get(f"/office/events/{put_on(robin)}/call-off").text

    assert "No ticket ends: none is sold." in text
    assert "stop waiting" not in text


def test_a_year_without_an_event_says_what_will_be_here(robin):
    assert "Nothing to count yet" in robin.get("/office/figures").text
    put_on(robin, date="2026-11-25")
    assert "Nothing to count yet" not in robin.get("/office/figures").text


def test_a_month_with_more_events_than_a_page_goes_on(robin, monkeypatch):
    monkeypatch.setattr("ticketing.web.views.calendar.MOST_LISTED", 2)
    for day in ("27", "28", "29"):
        put_on(robin, f"Evening {day}", date=f"2026-11-{day}")

    page = robin.get("/office?month=2026-11")
    assert "Evening 29" not in page.html.split("<aside")[0]
    (further,) = {tag["href"] for tag in page.tags("a") if tag.get("rel") == "next"}
    assert "Evening 29" in robin.get(further).html.split("<aside")[0]


def test_finds_a_customer_s_booking_and_their_story(robin, ida, hall):
    event = put_on(robin)
    book(ida, event, 2)
    book(robin, event, 3, customer="Greta Thistlewood")

    page = robin.get(f"/office/events/{event}?customer=IDA@example.org")
    assert "ida@example.org" in page.html.split('id="booked"')[1].split("</table>")[0]
    assert "Greta" not in page.html.split('id="booked"')[1].split("</table>")[0]
    page = robin.get(f"/office/events/{event}?customer=thistel")
    assert "Nobody called “ thistel ”" in page.text
    assert "Nothing happened to" in robin.get(f"/office/events/{event}?who=zz").text


@pytest.mark.parametrize("who", ["Greta Thistlewood", "thistle", "GRÉTA", "greta  th"])
def test_the_story_is_found_by_a_part_of_a_name(robin, ida, who):
    event = put_on(robin)
    book(ida, event, 2)
    book(robin, event, 3, customer="Greta Thistlewood")

    page = robin.get(f"/office/events/{event}?who={who}")

    assert "Greta Thistlewood booked 3 tickets" in page.text
    assert "ida@example.org booked" not in page.text


@pytest.mark.parametrize("who", ["ida@example.org", "IDA@EXAMPLE.ORG", "ida@", "@example"])
def test_the_story_is_found_by_an_address_or_a_part_of_it(robin, ida, who):
    event = put_on(robin)
    book(ida, event, 2)
    book(robin, event, 3, customer="Greta Thistlewood")

    page = robin.get(f"/office/events/{event}?who={who}")

    assert "ida@example.org booked 2 tickets" in page.text
    assert "Greta Thistlewood booked" not in page.text


def test_a_plain_name_finds_all_whose_names_it_begins(robin):
    event = put_on(robin)
    book(robin, event, 1, customer="Greta")
    book(robin, event, 2, customer="Greta Thistlewood")

    text = robin.get(f"/office/events/{event}?who=Greta").text

    assert "Greta booked 1 ticket," in text
    assert "Greta Thistlewood booked 2 tickets," in text


def test_who_took_what_was_passed_on_is_in_the_giver_s_story(robin, sal, hall):
    event = put_on(robin)
    page = book(robin, event, 3, customer="Greta Thistlewood")
    (booking,) = {f.action.split("/")[2] for f in page.reader.forms if "/pass-on" in f.action}
    robin.submit(page, f"/bookings/{booking}/pass-on", to="Noor Tamsett")

    for who in ("thistle", "tams"):
        text = robin.get(f"/office/events/{event}?who={who}").text
        assert "Greta Thistlewood passed 3 tickets on to Noor Tamsett" in text


def test_a_part_of_a_name_in_a_long_story_is_found_further_back(robin, monkeypatch):
    monkeypatch.setattr("ticketing.storage.documents.MOST_LOOKED_AT", 2)
    event = put_on(robin)
    book(robin, event, 1, customer="Greta Thistlewood")
    for number in range(3):
        book(robin, event, 1, customer=f"Guest {number}")

    page = robin.get(f"/office/events/{event}?who=thistle")
    assert "Nothing of late happened to anybody called “ thistle ”" in page.text
    before = re.search(r"who=thistle&amp;before=(\d+)", page.html)[1]
    page = robin.get(f"/office/events/{event}?who=thistle&before={before}")
    assert "Greta Thistlewood booked 1 ticket" in page.text


def test_lists_go_on_page_by_page(robin):
    event = put_on(robin, capacity="300")
    for number in range(30):
        book(robin, event, 1, customer=f"Guest {number:02}")

    page = robin.get(f"/office/events/{event}")
    (further,) = re.findall(r'rel="next" href="([^"]+)"', page.html)

    assert "Guest 24" in page.html.split('id="booked"')[1].split("</table>")[0]
    assert "Guest 25" not in page.html.split('id="booked"')[1].split("</table>")[0]
    beyond = robin.get(further.replace("&amp;", "&").partition("#")[0])
    assert "Guest 25" in beyond.html.split('id="booked"')[1].split("</table>")[0]
    table = rows(robin.client.get(f"/office/events/{event}/bookings.csv"))
    assert len(table) == 31


def test_a_formula_in_a_table_is_text(robin):
    evil = ["=1+1", "+1", "-1"]
    event = put_on(robin, '=HYPERLINK("http://example.org")')
    for name in evil:
        book(robin, event, 1, customer=name)

    table = rows(robin.client.get(f"/office/events/{event}/bookings.csv"))
    assert [row[0] for row in table[1:]] == [f"'{name}" for name in evil]
    calendar = rows(robin.client.get("/office/calendar.csv"))
    assert calendar[1][1] == '\'=HYPERLINK("http://example.org")'
    story = rows(robin.client.get(f"/office/events/{event}/story.csv"))
    assert story[2][4] == "'=1+1"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(text):
    assert csv_of(["a"], [[text]]).splitlines()[1:] != [text]
    (row,) = list(csv.reader(io.StringIO(csv_of([text], [])), strict=True))
    assert row == [f"'{text}"]
    assert csv_of(["a"], [[-1, None, "b=1"]]).split()[1] == "-1,,b=1"


def test_the_list_for_the_door_is_by_name_and_whole(robin):
    event = put_on(robin, capacity="300")
    for name in ("Yuki", "anouk", "Bram"):
        book(robin, event, 2, customer=name)

    page = robin.get(f"/office/events/{event}/list")

    assert page.text.index("anouk") < page.text.index("Bram") < page.text.index("Yuki")
    assert "3 bookings 6" in page.text
    assert "6 tickets booked, 0 tickets sold at the counter." in page.text


def test_the_office_page_answers_304_while_nothing_happens(robin, ida):
    event = put_on(robin)
    tag = robin.get(f"/office/events/{event}").headers["ETag"]

    assert robin.get(f"/office/events/{event}", **{"If-None-Match": tag}).status == 304
    book(ida, event)
    assert robin.get(f"/office/events/{event}", **{"If-None-Match": tag}).status == 200


@pytest.mark.parametrize(
    "path", ["/office/events/{event}", "/office/till?event={event}", "/events/{event}"]
)
def test_asking_whether_something_has_happened_reads_no_booking(hall, robin, ida, path):
    event = put_on(robin)
    book(ida, event, 3)
    sell(robin, event, 2)
    tag = robin.get(path.format(event=event)).headers["ETag"]

    hall.db.command("profile", 2)
    answer = robin.get(path.format(event=event), **{"If-None-Match": tag, "X-Live": "1"})
    hall.db.command("profile", 0)
    read = {entry["ns"].partition(".")[2] for entry in hall.db["system.profile"].find()}
    hall.db["system.profile"].drop()

    assert answer.status == 304
    assert "events" in read
    assert not read & {"bookings", "audit"}


def test_figures_of_an_event_tell_customers_the_counter_and_those_who_wait_apart(hall, robin, ida):
    event = put_on(robin)
    book(ida, event, 3)
    sell(robin, event, 2)
    sell(robin, event, 1)
    (last, *_) = [f for f in robin.get(f"/office/till?event={event}").reader.forms
                  if f.action.endswith("/give-back")]  # fmt: skip
    robin.send(last.action, **last.fields)
    book(hall.signed_in("noor@example.org"), event, 6, wait="1")

    page = robin.get(f"/office/events/{event}")

    assert "Sold 5 of 10" in page.text
    assert "Booked by customers 3 in 1 booking Sold at the counter 2" in page.text
    assert "Wanted in line 6 by 1" in page.text


def test_figures_are_those_of_the_months(robin, ida):
    event = put_on(robin, date="2026-11-25", capacity="8", costPerTicket="2.50")
    book(ida, event, 2)

    page = robin.get("/office/figures")

    assert "Figures, Dec 2025 to Nov 2026" in page.title
    assert "November 2026 to the 25th 1 25.00 % €5.00" in page.text
    assert "Only November 2026 brought revenue: €5.00." in page.text
    table = rows(robin.client.get("/office/figures.csv?months=24"))
    assert table[1] == ["2026-11", "1", "25.00", "5.00"]
    assert len(table) == 25
    complete = robin.get("/office/figures?months=60&window=complete")
    assert "Nov 2021 to Oct 2026" in complete.title
