from __future__ import annotations

import pytest

from tests.api.conftest import but_head, refused


def book(api, event, customer="ada", headers=None, **wish):
    body = {"customer": customer, **wish}
    return api.post(f"/api/v1/events/{event['id']}/bookings", json=body, headers=headers)


def booked(api, event, customer="ada", **wish):
    answer = book(api, event, customer, **wish)
    assert answer.status_code in (201, 202), answer.json
    return answer.json


def get(api, path, **query):
    answer = api.get(f"/api/v1{path}", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def url(booking, rest=""):
    return f"/api/v1/bookings/{booking['id']}{rest}"


def test_books_for_a_customer(api, till):
    event = till.event(capacity=10, costPerTicket=5)

    answer = book(api, event, " Ada ", nTickets=3)

    assert answer.status_code == 201
    booking = answer.json
    assert answer.headers["Location"] == url(booking)
    assert booking.pop("createdAt").endswith("Z")
    assert booking == {
        "id": booking["id"],
        "event": event["id"],
        "customer": "Ada",
        "customerId": booking["customerId"],
        "nTickets": 3,
        "status": "confirmed",
        "total": 15,
        "head": till.show(event)["head"],
    }
    assert till.show(event)["bookings"] == 1


def test_books_one_ticket_unless_told_otherwise(api, till):
    assert booked(api, till.event())["nTickets"] == 1


def test_puts_who_comes_too_late_on_the_list(api, till):
    event = till.event(capacity=1)
    booked(api, event, "ada")

    answer = book(api, event, "grace")

    assert answer.status_code == 202
    assert (answer.json["status"], answer.json["position"]) == ("waiting", 1)
    assert answer.json["total"] is None
    assert booked(api, event, "linus")["position"] == 2
    assert get(api, f"/bookings/{answer.json['id']}") == but_head(answer.json)


def test_refuses_a_second_booking_of_one_customer(api, till):
    event = till.event(capacity=1)
    booked(api, event, "ada@example.org")
    booked(api, event, "grace")

    refused(book(api, event, "ADA@Example.org"), 409, "already_booked")
    refused(book(api, event, " grace "), 409, "already_waiting")
    assert booked(api, event, "Grace")["position"] == 2  # a plain name is as it is written


def test_asks_whether_somebody_wants_to_wait(api, till):
    event = till.event(capacity=2)
    booked(api, event, "ada")

    refused(book(api, event, "grace", nTickets=2), 409, "not_enough_tickets")
    assert booked(api, event, "grace", nTickets=2, waitlist=True)["status"] == "waiting"
    assert refused(book(api, event, "linus", waitlist=False), 409, "sold_out")["available"] == 1


def test_refuses_more_than_the_event_has_and_more_than_a_booking_may(api, till):
    event = till.event(capacity=3)

    refused(book(api, event, nTickets=4), 409, "exceeds_capacity")
    assert "nTickets" in refused(book(api, event, nTickets=11), 400, "bad_request")["errors"]


def test_takes_the_limit_of_a_booking_from_the_settings(api_at, till):
    event = till.event(capacity=100)

    assert book(api_at(max_tickets_per_booking=12), event, nTickets=12).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer": None},
        {"customer": 5},
        {"customer": ""},
        {"customer": "  "},
        {"customer": "x" * 255},
        {"customer": "a\x00b"},
        {"customer": {"$ne": None}},
        {"customer": "ada", "nTickets": 0},
        {"customer": "ada", "nTickets": "1"},
        {"customer": "ada", "nTickets": True},
        {"customer": "ada", "nTickets": None},
        {"customer": "ada", "waitlist": 1},
        {"customer": "ada", "waitlist": "true"},
        {"customer": "ada", "waitlist": None},
        {"customer": "ada", "position": 1},
    ],
)
def test_refuses_what_is_no_booking(api, till, body):
    event = till.event()

    answer = api.post(f"/api/v1/events/{event['id']}/bookings", json=body)

    assert refused(answer, 400, "bad_request")["errors"]
    assert till.show(event) == event


def test_cancels_once_and_says_who_got_the_tickets(api, till):
    event = till.event(capacity=2, costPerTicket=5)
    ada = booked(api, event, "ada", nTickets=2)
    grace, linus, hedy = (booked(api, event, name) for name in ("grace", "linus", "hedy"))

    first, second = api.delete(url(ada)), api.delete(url(ada))

    assert first.json["status"] == "cancelled"
    assert first.json["assigned"] == [
        {"id": b["id"], "customer": b["customer"], "nTickets": 1} for b in (grace, linus)
    ]
    assert first.json["assignedCount"] == 2
    assert (second.status_code, second.json["assigned"]) == (200, [])
    assert get(api, f"/bookings/{grace['id']}")["total"] == 5
    assert get(api, f"/bookings/{hedy['id']}")["position"] == 1
    assert till.show(event)["ticketsSold"] == 2


def test_names_the_first_hundred_who_got_tickets(api, till):
    event = till.event(capacity=1)
    till.sold(event)
    for number in range(102):
        booked(api, event, f"c{number}")

    answer = till.change(event, capacity=200)

    assert answer.json["assignedCount"] == 102
    assert [b["customer"] for b in answer.json["assigned"]] == [f"c{n}" for n in range(100)]
    assert till.show(event)["ticketsSold"] == 103


def test_keeps_fewer_tickets(api, till):
    event = till.event(capacity=3, costPerTicket=5)
    ada = booked(api, event, "ada", nTickets=3)
    booked(api, event, "grace")

    answer = api.patch(url(ada), json={"nTickets": 1})

    assert (answer.json["nTickets"], answer.json["total"]) == (1, 5)
    assert [b["customer"] for b in answer.json["assigned"]] == ["grace"]
    refused(api.patch(url(ada), json={"nTickets": 1}), 409, "not_a_reduction")
    refused(api.patch(url(ada), json={"nTickets": 0}), 400, "bad_request")
    api.delete(url(ada))
    refused(api.patch(url(ada), json={"nTickets": 1}), 409, "booking_cancelled")


def test_lets_a_waiter_want_less_and_keep_the_place(api, till):
    event = till.event(capacity=2)
    till.sold(event, 2)
    booked(api, event, "ada")
    grace = booked(api, event, "grace", nTickets=2)
    booked(api, event, "linus")

    answer = api.patch(url(grace), json={"nTickets": 1})

    assert (answer.json["nTickets"], answer.json["position"]) == (1, 2)


def test_passes_a_booking_on(api, till):
    event = till.event(capacity=1)
    ada = booked(api, event, "ada")
    before = till.show(event)

    answer = api.post(url(ada, "/transfer"), json={"to": "grace"})

    assert (answer.status_code, answer.json["customer"]) == (200, "grace")
    assert answer.json["assigned"] == []
    after = till.show(event)
    assert (after["ticketsSold"], after["revenue"]) == (before["ticketsSold"], before["revenue"])
    linus = booked(api, event, "linus")
    refused(api.post(url(ada, "/transfer"), json={"to": "linus"}), 409, "already_waiting")
    refused(api.post(url(ada, "/transfer"), json={"to": "grace"}), 409, "already_booked")
    refused(api.post(url(linus, "/transfer"), json={"to": "hedy"}), 409, "not_confirmed")
    refused(api.post(url(ada, "/transfer"), json={"to": ""}), 400, "bad_request")


def test_sends_sales_and_bookings_to_their_own_routes(api, till):
    event = till.event()
    sale, booking = till.sold(event), booked(api, event)

    for id_ in (sale["id"], "unknown", "$where"):
        path = f"/api/v1/bookings/{id_}"
        refused(api.get(path), 404, "booking_not_found")
        refused(api.delete(path), 404, "booking_not_found")
        refused(api.patch(path, json={"nTickets": 1}), 404, "booking_not_found")
        refused(api.post(f"{path}/transfer", json={"to": "x"}), 404, "booking_not_found")
    path = f"/api/v1/transactions/{booking['id']}"
    refused(api.get(path), 404, "transaction_not_found")
    refused(api.delete(path), 404, "transaction_not_found")


def test_does_everything_once_under_a_key(api, till):
    event = till.event(capacity=5)

    def twice(number, ask):
        first, second = (ask({"Idempotency-Key": f"k{number}"}) for _ in range(2))
        assert second.headers["Idempotency-Replayed"] == "true"
        assert (first.status_code, first.data) == (second.status_code, second.data)
        return first.json

    ada = twice(1, lambda h: book(api, event, "ada", h, nTickets=3))
    twice(2, lambda h: api.patch(url(ada), json={"nTickets": 2}, headers=h))
    twice(3, lambda h: api.post(url(ada, "/transfer"), json={"to": "grace"}, headers=h))
    twice(4, lambda h: book(api, event, "grace", h))  # a final refusal
    twice(5, lambda h: api.delete(url(ada), headers=h))
    twice(6, lambda h: api.delete("/api/v1/bookings/unknown", headers=h))
    twice(7, lambda h: api.post(f"/api/v1/events/{event['id']}/cancellation", headers=h))


def test_lists_bookings_by_event_customer_and_status(api, till):
    one, two = till.event(capacity=1), till.event(date="2024-11-01")
    till.sold(two)
    ada, grace, other = booked(api, one), booked(api, one, "grace"), booked(api, two)

    def listed(**query):
        return [b["id"] for b in get(api, "/bookings", **query)["items"]]

    assert sorted(listed()) == sorted(b["id"] for b in (ada, grace, other))
    assert listed(event=one["id"], status="waiting") == [grace["id"]]
    assert sorted(listed(customer="ada")) == sorted([ada["id"], other["id"]])
    assert listed(customer="ada", event=two["id"]) == [other["id"]]
    assert listed(event="unknown") == []


def test_lists_page_by_page(api, till):
    event = till.event(capacity=3)
    made = [booked(api, event, f"c{n}")["id"] for n in range(7)]

    seen, path = [], "/api/v1/bookings?limit=3"
    while path:
        answer = api.get(path)
        seen += [b["id"] for b in answer.json["items"]]
        link = answer.headers.get("Link")
        path = link and link.removeprefix("<").removesuffix('>; rel="next"')
    assert sorted(seen) == sorted(made)

    page = get(api, f"/events/{event['id']}/waiting-list", limit=3)
    assert [(w["customer"], w["position"]) for w in page["items"]] == [
        ("c3", 1),
        ("c4", 2),
        ("c5", 3),
    ]
    rest = get(api, f"/events/{event['id']}/waiting-list", cursor=page["next"])
    assert [(w["customer"], w["position"]) for w in rest["items"]] == [("c6", 4)]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "limit=0",
        "cursor=x",
        "cursor=WzFd",
        "customer=",
        "owner=ada",
        "event=a&event=b",
    ],
)
def test_refuses_a_query_that_it_does_not_know(api, query):
    refused(api.get(f"/api/v1/bookings?{query}"), 400, "bad_request")


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "Wy0xXQ", "WzFlMzBd", "W10"])
def test_refuses_a_broken_place_in_the_list(api, till, cursor):
    event = till.event()

    for rest in ("waiting-list", "audit"):
        answer = api.get(f"/api/v1/events/{event['id']}/{rest}?cursor={cursor}")
        refused(answer, 400, "bad_request")


def test_tells_the_figures_of_one_moment(api, till):
    event = till.event(capacity=2)
    till.sold(event)
    booked(api, event, "ada")
    booked(api, event, "grace")

    assert get(api, f"/events/{event['id']}/status") == {
        "name": "Gala",
        "capacity": 2,
        "ticketsSold": 2,
        "ticketsAvailable": 0,
        "bookings": 1,
        "waiting": 1,
        "status": "scheduled",
    }


def test_explains_everything_in_the_trail(api, till):
    event = till.event(capacity=2, costPerTicket=5)
    sale = till.sold(event, 1)
    ada = booked(api, event, "ada")
    grace = booked(api, event, "grace")
    api.post(url(ada, "/transfer"), json={"to": "linus"})
    till.give_back(sale)
    till.change(event, name="Ball", date="01/12/2024", costPerTicket=7.5)
    api.delete(url(grace), headers={"X-Request-ID": "why"})

    trail = get(api, f"/events/{event['id']}/audit")["items"]

    assert [(e["sequence"], e["action"]) for e in trail] == list(
        enumerate(
            ["created", "sold", "booked", "waitlisted", "transferred", "returned", "assigned",
             "changed", "cancelled"], 1,
        )
    )  # fmt: skip
    assert trail[2] | {"at": ""} == {
        "sequence": 3,
        "action": "booked",
        "booking": ada["id"],
        "customer": "ada",
        "customerId": ada["customerId"],
        "nTickets": 1,
        "total": 5,
        "sold": 2,
        "waiting": 0,
        "changes": {},
        "actor": "open",
        "at": "",
        "requestId": trail[2]["requestId"],
        "hash": trail[2]["hash"],
    }
    assert trail[4]["changes"] == {
        "customer": ["ada", "linus"],
        "customerId": [ada["customerId"], trail[4]["customerId"]],
    }
    assert trail[6]["changes"] == {"status": ["waiting", "confirmed"]}
    assert trail[7]["changes"] == {
        "name": ["Gala", "Ball"],
        "date": ["2024-10-31", "2024-12-01"],
        "costPerTicket": [5, 7.5],
    }
    assert trail[8]["requestId"] == "why"


def test_finds_its_way_in_the_trail(api, till):
    event = till.event(capacity=1)
    ada, grace = booked(api, event, "ada"), booked(api, event, "grace")
    api.delete(url(ada))

    def actions(**query):
        return [e["action"] for e in get(api, f"/events/{event['id']}/audit", **query)["items"]]

    assert actions(booking=ada["id"]) == ["booked", "cancelled"]
    assert actions(customer="grace") == ["waitlisted", "assigned"]
    assert actions(booking=grace["id"], customer="ada") == []
    page = get(api, f"/events/{event['id']}/audit", limit=2)
    assert actions(cursor=page["next"]) == ["waitlisted", "cancelled", "assigned"]


def test_keeps_the_trail_of_a_deleted_event_open(api, till):
    event = till.event()
    api.delete(f"/api/v1/events/{event['id']}")

    trail = get(api, f"/events/{event['id']}/audit")["items"]

    assert [e["action"] for e in trail] == ["created", "deleted"]
    for rest in ("status", "waiting-list"):
        refused(api.get(f"/api/v1/events/{event['id']}/{rest}"), 404, "event_not_found")
    refused(api.get("/api/v1/events/unknown/audit"), 404, "event_not_found")


def test_calls_an_event_off_and_says_who_is_owed_what(api, till):
    event = till.event(capacity=3, costPerTicket=5)
    sale, ada = till.sold(event, 1), booked(api, event, "ada", nTickets=2)
    grace = booked(api, event, "grace")

    answer = api.post(f"/api/v1/events/{event['id']}/cancellation")

    assert answer.status_code == 200
    assert answer.json["event"]["status"] == "cancelled"
    assert answer.json["owed"] == [
        {"id": sale["id"], "customer": None, "nTickets": 1, "total": 5},
        {"id": ada["id"], "customer": "ada", "nTickets": 2, "total": 10},
    ]
    assert answer.json["owedTotal"] == 15
    for booking in (ada, grace):
        assert get(api, f"/bookings/{booking['id']}")["status"] == "cancelled"
    refused(till.sell(event), 409, "event_cancelled")
    refused(book(api, event, "linus"), 409, "event_cancelled")
    refused(till.change(event, name="x"), 409, "event_cancelled")
    refused(api.post(f"/api/v1/events/{event['id']}/cancellation"), 409, "event_cancelled")
    assert till.event()["date"] == event["date"]  # the day is free
    assert till.show(event)["ticketsSold"] == 0


def test_calls_off_what_the_caller_saw(api, till):
    event = till.event()
    path = f"/api/v1/events/{event['id']}/cancellation"

    refused(api.post(path, headers={"If-Match": '"9"'}), 412, "stale")
    assert api.post(path, headers={"If-Match": '"1"'}).status_code == 200


def test_leaves_called_off_events_out_of_the_figures(api_at):
    from datetime import UTC, datetime

    from tests.api.conftest import Till

    till = Till(api_at(lambda: datetime(2024, 10, 31, tzinfo=UTC)))
    event = till.event(date="2024-10-30")
    till.sold(event, 2)
    till.api.post(f"/api/v1/events/{event['id']}/cancellation")

    assert till.statistics()[0]["nEvents"] == 0


def test_refuses_to_shrink_below_what_a_waiter_wants(api, till):
    event = till.event(capacity=5)
    till.sold(event, 2)
    booked(api, event, "ada", nTickets=5, waitlist=True)

    refused(till.change(event, capacity=4), 409, "capacity_below_waiting")
