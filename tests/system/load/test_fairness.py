"""Customers in a crowd, over HTTP, two workers and the real MongoDB: nobody is treated unfairly."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from tests.client import at_once
from ticketing.services.verification import verify


@pytest.fixture
def event(server, clean_db):
    def create(capacity, sold=0, **known):
        client = server.client()
        made = client.create(capacity=capacity, **known)
        if sold:
            client.sell(made["id"], sold)
        return made["id"]

    return create


def book(client, event, customer, tickets=1, **headers):
    body = {"customer": customer, "nTickets": tickets}
    return client.post(f"/api/v1/events/{event}/bookings", body, **headers)


def cancel(client, booking):
    return client.request("DELETE", f"/api/v1/bookings/{booking}")


def sound(db):
    assert list(verify(db)) == []


def test_books_once_for_a_customer_who_asks_twenty_times_at_once(server, event, clean_db):
    id_ = event(capacity=100)

    answers = at_once(server.port, 20, lambda c, _: book(c, id_, "ada"))

    assert Counter(a.status for a in answers) == {201: 1, 409: 19}
    assert server.client().show(id_)["ticketsSold"] == 1
    sound(clean_db)


def test_gives_the_last_ticket_to_one_of_ten_and_places_to_nine(server, event, clean_db):
    id_ = event(capacity=5, sold=4)

    answers = at_once(server.port, 10, lambda c, n: book(c, id_, f"c{n}"))

    assert Counter(a.status for a in answers) == {201: 1, 202: 9}
    assert sorted(a.json["position"] for a in answers if a.status == 202) == list(range(1, 10))
    sound(clean_db)


def test_frees_tickets_once_for_twenty_who_cancel_one_booking(server, event, clean_db):
    id_ = event(capacity=3)
    client = server.client()
    booking = book(client, id_, "ada", 3).json["id"]
    for number in range(10):
        book(client, id_, f"c{number}")

    answers = at_once(server.port, 20, lambda c, _: cancel(c, booking))

    assert {a.status for a in answers} == {200}
    assert sorted(a.json["assignedCount"] for a in answers) == [0] * 19 + [3]
    assert client.show(id_)["ticketsSold"] == 3
    sound(clean_db)


def test_serves_exactly_the_thirty_who_wait_when_fifty_cancel_at_once(server, event, clean_db):
    id_ = event(capacity=50)
    client = server.client()
    holders = [book(client, id_, f"h{n}").json["id"] for n in range(50)]
    waiters = [book(client, id_, f"w{n}").json["id"] for n in range(30)]

    answers = at_once(server.port, 50, lambda c, n: cancel(c, holders[n]))

    assert {a.status for a in answers} == {200}
    assigned = [
        entry["booking"] for entry in clean_db.audit.find({"action": "assigned"}).sort("sequence")
    ]
    assert assigned == waiters
    assert client.show(id_)["ticketsSold"] == 30
    sound(clean_db)


def test_serves_the_waiter_and_no_newcomer_200_times_out_of_200(server, clean_db):
    client = server.client()

    def race(round_):
        id_ = client.post("/initialize", {"name": "Gala", "capacity": 1}).json["id"]
        holder = book(client, id_, "holder").json["id"]
        waiter = book(client, id_, "waiter").json["id"]

        def ask(other, number):
            if number == 50:
                return cancel(other, holder)
            return book(other, id_, f"n{number}")

        answers = at_once(server.port, 10, ask, times=11)[:101]
        assert 201 not in {a.status for a in answers}
        return client.get(f"/api/v1/bookings/{waiter}").json["status"]

    assert [race(round_) for round_ in range(200)] == ["confirmed"] * 200
    sound(clean_db)


def sequence_of(event):
    """Return the number of the last change, which the head begins with."""
    return int(event["head"].partition(":")[0])


def test_passes_tickets_of_a_sold_out_event_on_and_leaves_the_counters(server, event, clean_db):
    id_ = event(capacity=10)
    client = server.client()
    held = [book(client, id_, f"h{n}").json["id"] for n in range(10)]
    before = client.show(id_)

    def transfer(other, number):
        path = f"/api/v1/bookings/{held[number]}/transfer"
        return other.post(path, {"to": f"t{number}"})

    assert {a.status for a in at_once(server.port, 10, transfer)} == {200}
    after = client.show(id_)
    # Ten changes of the audit, and of nothing that the event counts.
    assert sequence_of(after) == sequence_of(before) + 10
    assert {**after, "head": None} == {**before, "head": None}
    sound(clean_db)


def test_serves_the_first_five_of_eight_when_the_capacity_grows_by_five(server, event, clean_db):
    id_ = event(capacity=2, sold=2)
    client = server.client()
    waiters = [book(client, id_, f"w{n}").json["id"] for n in range(8)]

    answer = client.request("PATCH", f"/api/v1/events/{id_}", {"capacity": 7})

    assert [b["id"] for b in answer.json["assigned"]] == waiters[:5]
    sound(clean_db)


class Crowd:
    """Clients who do this and that on three events, and know what they were told."""

    def __init__(self, server, client):
        self.server = server
        self.events = [
            client.create(capacity=capacity, date=f"2030-01-0{number}")["id"]
            for number, capacity in enumerate((20, 60, 5), 1)
        ]
        self.acknowledged: dict[str, str] = {}
        self.statuses: Counter = Counter()
        self.lock = threading.Lock()

    def ask(self, client, number, times):
        """Ask as often as `times` has items, be they known before or not."""
        chance = random.Random(number)
        mine: list[str] = []
        for _ in times:
            try:
                answer = self.one_of_many(client, chance, mine)
            except (HTTPException, OSError):
                continue  # a worker died: nobody knows
            with self.lock:
                self.statuses[answer.status] += 1

    def one_of_many(self, client, chance, mine):
        event = chance.choice(self.events)
        match chance.choice(
            ["book"] * 5 + ["sell", "cancel", "cancel", "reduce", "transfer", "capacity"]
        ):
            case "book":
                answer = book(client, event, f"c{chance.randrange(200)}", chance.randint(1, 3))
                if answer.status in (201, 202):
                    mine.append(answer.json["id"])
                    with self.lock:
                        self.acknowledged[answer.json["id"]] = event
            case "sell":
                answer = client.sell(event, chance.randint(1, 3))
            case "capacity":
                capacity = chance.randint(5, 80)
                answer = client.request("PATCH", f"/api/v1/events/{event}", {"capacity": capacity})
            case action:
                booking = chance.choice(mine) if mine else "none"
                path = f"/api/v1/bookings/{booking}"
                if action == "cancel":
                    answer = client.request("DELETE", path)
                elif action == "reduce":
                    answer = client.request("PATCH", path, {"nTickets": 1})
                else:
                    answer = client.post(f"{path}/transfer", {"to": f"c{chance.randrange(200)}"})
        return answer


def test_keeps_the_books_under_a_mixed_load(server, clean_db):
    crowd = Crowd(server, server.client())

    at_once(server.port, 16, lambda client, n: crowd.ask(client, n, range(200)))

    assert set(crowd.statuses) <= {200, 201, 202, 404, 409}
    kept = {booking["_id"] for booking in clean_db.bookings.find()}
    assert crowd.acknowledged.keys() <= kept
    sound(clean_db)


def test_keeps_the_books_under_a_mixed_load_while_workers_are_killed(server, clean_db):
    crowd = Crowd(server, server.client())
    over = threading.Event()

    def kill():
        try:
            for _ in range(5):
                time.sleep(1.5)
                server.kill_a_worker()
            time.sleep(1.5)
        finally:
            over.set()

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        at_once(server.port, 16, lambda client, n: crowd.ask(client, n, iter(over.is_set, True)))
        killing.result()

    assert set(crowd.statuses) <= {200, 201, 202, 404, 409, 503}
    kept = {booking["_id"] for booking in clean_db.bookings.find()}
    assert crowd.acknowledged.keys() <= kept
    sound(clean_db)
