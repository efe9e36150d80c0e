"""What an event that was called off owes, and what it and its bookings show."""

from __future__ import annotations

import pytest

from tests.api.conftest import refused
from tests.api.views.test_bookings import book, booked, get, url
from tests.domain.builders import a_customer, an_envelope
from tests.domain.builders import book as a_booking
from tests.domain.builders import sell as a_sale
from ticketing.domain.changes import read_set
from ticketing.services.verification import verify
from ticketing.services.writes.batch import Submission
from ticketing.services.writes.recovery import recover


def call_off(api, event, **headers):
    return api.post(f"/api/v1/events/{event['id']}/cancellation", headers=headers)


def called_off(api, event):
    answer = call_off(api, event)
    assert answer.status_code == 200, answer.json
    return answer.json


def owed(api, event, **query):
    return get(api, f"/events/{event['id']}/cancellation", **query)


def pages(api, event, limit, between=lambda: None):
    """All pages of who is owed what; do something after each of them."""
    found = [owed(api, event, limit=limit)]
    while found[-1]["next"]:
        between()
        found.append(owed(api, event, limit=limit, cursor=found[-1]["next"]))
    return found


def rows(found):
    return [row for page in found for row in page["items"]]


def all_at_once(handler, event, commands):
    """Have all this done in one commit: one by one would take minutes."""
    for completed in handler._commit(event["id"], [Submission(an_envelope(c)) for c in commands]):
        assert completed.outcome


@pytest.fixture
def small_commits(monkeypatch):
    """Only three changes of bookings go into one commit."""
    for module in ("ticketing.domain.commands.events", "ticketing.domain.changes.waiting_list"):
        monkeypatch.setattr(f"{module}.MOST_PER_COMMIT", 3)
    monkeypatch.setattr(read_set, "MOST_PER_COMMIT", 3)


def test_tells_who_is_owed_what(api, till):
    event = till.event(capacity=3, costPerTicket=5)
    sale, ada = till.sold(event, 1), booked(api, event, "ada", nTickets=2)
    booked(api, event, "grace")
    called_off(api, event)

    assert owed(api, event) == {
        "items": [
            {"transaction": sale["id"], "customer": None, "nTickets": 1, "total": 5},
            {"booking": ada["id"], "customer": "ada", "nTickets": 2, "total": 10},
        ],
        "owedTotal": 15,
        "finishing": False,
        "next": None,
    }


def test_tells_all_of_many_who_are_owed_money_to_the_end(api, till, handler, db):
    event = till.event(capacity=1_200, costPerTicket=5)
    all_at_once(handler, event, [a_booking(a_customer(f"c{n}")) for n in range(1_100)])
    all_at_once(handler, event, [a_sale(2) for _ in range(50)])
    all_at_once(handler, event, [a_booking(a_customer(f"w{n}")) for n in range(30)])
    for customer in ("c3", "c700"):  # w0 and w1 get their tickets
        api.post("/cancel", json={"event_id": event["id"], "user": customer})

    answer = called_off(api, event)

    found = pages(api, event, 100)
    names = [row["customer"] for row in rows(found)]
    kept = [f"c{n}" for n in range(1_100) if n not in (3, 700)]
    assert names == [*kept, *[None] * 50, "w0", "w1"]
    assert sum(row["total"] for row in rows(found)) == 1_200 * 5
    assert {page["owedTotal"] for page in found} == {answer["owedTotal"]} == {1_200 * 5}
    assert not any(page["finishing"] for page in found)
    assert [row["customer"] for row in answer["owed"]] == kept[:100]
    assert len({row.get("booking") or row["transaction"] for row in rows(found)}) == 1_150
    assert list(verify(db)) == []


@pytest.mark.usefixtures("small_commits")
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_tells_all_while_bookings_are_still_being_ended(api, till, handler, db, monkeypatch, limit):
    event = till.event(capacity=14, costPerTicket=5)
    for n in range(6):
        booked(api, event, f"c{n}")
        till.sold(event)
    api.delete(url(get(api, "/bookings", customer="c1")["items"][0]))
    booked(api, event, "c1", nTickets=3)
    for n in range(4):
        booked(api, event, f"w{n}")
    with monkeypatch.context() as patch:
        patch.setattr("ticketing.services.writes.handler.CommandHandler.resume", lambda *_: None)
        answer = called_off(api, event)
    monkeypatch.setattr("ticketing.services.writes.handler._RESUME_S", 0)

    found = pages(api, event, limit, between=lambda: recover(db, handler))

    assert found[0]["finishing"]
    while not recover(db, handler):
        pass
    whole = pages(api, event, limit)
    assert rows(found) == rows(whole)
    assert not whole[-1]["finishing"]
    assert sum(row["total"] for row in rows(found)) == answer["owedTotal"] == 70
    assert len(rows(found)) == 12
    assert list(verify(db)) == []


@pytest.mark.usefixtures("small_commits")
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_tells_all_in_order_also_where_some_are_ended_before_their_turn(
    api, till, db, monkeypatch, limit
):
    """Whoever cancels a booking that the calling-off has not come to is owed its price as well."""
    event = till.event(capacity=20, costPerTicket=5)
    made = [booked(api, event, f"c{n}") for n in range(15)] + [till.sold(event)]
    monkeypatch.setattr("ticketing.services.writes.handler.CommandHandler.resume", lambda *_: None)
    answer = called_off(api, event)

    assert api.delete(url(made[13])).json["reason"] == "called_off"
    assert api.delete(f"/api/v1/transactions/{made[-1]['id']}").json["reason"] == "called_off"

    found = pages(api, event, limit)
    told = [row.get("booking") or row["transaction"] for row in rows(found)]
    assert told == [row["id"] for row in made]
    assert sum(row["total"] for row in rows(found)) == answer["owedTotal"] == 80
    assert found[-1]["finishing"]


def test_loses_nothing_with_a_lost_answer(api, till):
    event = till.event(capacity=3, costPerTicket=5)
    ada = booked(api, event, "ada", nTickets=3)
    answer = called_off(api, event)

    refused(call_off(api, event), 409, "event_cancelled")

    for _ in range(2):
        told = owed(api, event)
        assert told["owedTotal"] == answer["owedTotal"]
        assert [row["booking"] for row in told["items"]] == [ada["id"]]


def test_owes_nothing_to_who_was_not_confirmed_then(api, till):
    event = till.event(capacity=2, costPerTicket=5)
    cancelled, returned = booked(api, event, "ada"), till.sold(event)
    api.delete(url(cancelled))
    till.give_back(returned)
    till.sold(event, 2)
    booked(api, event, "grace")
    called_off(api, event)

    assert [row["total"] for row in owed(api, event)["items"]] == [10]


def test_lists_also_what_cost_nothing(api, till):
    event = till.event(costPerTicket=0)
    booked(api, event, "ada")
    called_off(api, event)

    assert [row["total"] for row in owed(api, event)["items"]] == [0]


def test_owes_for_an_event_that_was_called_off_alone(api, till):
    event, empty, gone = till.event(), till.event(date="2024-11-01"), till.event(date="2024-11-02")
    called_off(api, empty)
    api.delete(f"/api/v1/events/{gone['id']}")

    def path(id_):
        return f"/api/v1/events/{id_}/cancellation"

    refused(api.get(path(event["id"])), 404, "cancellation_not_found")
    for id_ in (gone["id"], "unknown", "$where"):
        refused(api.get(path(id_)), 404, "event_not_found")
    assert owed(api, empty) == {"items": [], "owedTotal": 0, "finishing": False, "next": None}


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=WyJhIl0", "cursor=Wy0xXQ", "limit=0", "of=a"]
)
def test_refuses_a_query_about_what_is_owed_that_it_does_not_know(api, till, query):
    event = till.event()
    called_off(api, event)

    path = f"/api/v1/events/{event['id']}/cancellation?{query}"
    refused(api.get(path), 400, "bad_request")


def test_shows_no_tickets_of_an_event_that_was_called_off_and_says_so(api, till):
    event = till.event(capacity=5)
    till.sold(event, 2)
    answer = called_off(api, event)

    id_ = event["id"]
    (listed,) = get(api, "/events")["items"]
    alone, status = get(api, f"/events/{id_}"), get(api, f"/events/{id_}/status")
    for shown in (answer["event"], alone, listed, status):
        assert (shown["ticketsAvailable"], shown["status"]) == (0, "cancelled")
        assert (shown["capacity"], shown["ticketsSold"]) == (5, 0)
    root = api.get(f"/status/{id_}").json["data"]
    assert (root["available_tickets"], root["status"]) == (0, "cancelled")
    flat = api.get(f"/api/events/status/{id_}").json
    assert (flat["availableTickets"], flat["available"], flat["status"]) == (0, 0, "cancelled")


@pytest.mark.usefixtures("small_commits")
def test_shows_no_tickets_while_bookings_are_still_being_ended(api, till, monkeypatch):
    event = till.event(capacity=9)
    for n in range(5):
        booked(api, event, f"c{n}")
    monkeypatch.setattr("ticketing.services.writes.handler.CommandHandler.resume", lambda *_: None)
    called_off(api, event)

    shown = get(api, f"/events/{event['id']}/status")

    assert (shown["ticketsSold"], shown["ticketsAvailable"]) == (2, 0)


def test_says_when_and_why_a_booking_was_cancelled(api, till):
    event = till.event(capacity=2)
    sale, ada, grace = till.sold(event), booked(api, event, "ada"), booked(api, event, "grace")
    assert not {"cancelledAt", "reason"} & {*sale, *ada, *grace}

    by_staff = api.delete(url(ada)).json
    again = api.delete(url(ada)).json
    called_off(api, event)

    assert by_staff["reason"] == "staff"
    assert by_staff["cancelledAt"] >= ada["createdAt"]
    assert again == by_staff | {"assigned": [], "assignedCount": 0}
    expected = {ada["id"]: "staff", grace["id"]: "called_off"}
    listed = get(api, "/bookings", event=event["id"])["items"]
    assert {b["id"]: b["reason"] for b in listed} == expected
    for id_, reason in expected.items():
        shown = get(api, f"/bookings/{id_}")
        assert (shown["status"], shown["reason"]) == ("cancelled", reason)
        assert shown["cancelledAt"].endswith("Z")
    gone = get(api, f"/transactions/{sale['id']}")
    assert (gone["status"], gone["reason"]) == ("cancelled", "called_off")


def test_says_that_a_sale_was_given_back_by_staff(till):
    returned = till.give_back(till.sold(till.event())).json

    assert returned["reason"] == "staff"
    assert returned["cancelledAt"] >= returned["createdAt"]


def test_tells_who_left_the_list_from_who_was_on_it_to_the_end(api, till):
    event = till.event(capacity=1)
    till.sold(event)
    remaining, stayed = booked(api, event, "ada"), booked(api, event, "grace")
    api.delete(url(remaining))
    called_off(api, event)

    assert get(api, f"/bookings/{remaining['id']}")["reason"] == "staff"
    shown = get(api, f"/bookings/{stayed['id']}")
    assert (shown["reason"], shown["total"]) == ("called_off", None)
    refused(book(api, event, "linus"), 409, "event_cancelled")
