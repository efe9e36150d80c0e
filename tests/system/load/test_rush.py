"""The rush on one hot event, over HTTP, two workers and the real MongoDB."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from itertools import count

from tests.client import at_once
from tests.system.checks import check_event
from tests.system.server import Server
from tests.system.waiting import NEVER_S, eventually


def test_sells_exactly_ten_tickets_to_fifty_clients(server, clean_db):
    event = server.client().create(capacity=10)

    answers = at_once(server.port, 50, lambda client, _: client.sell(event["id"]))

    assert Counter(a.status for a in answers) == {201: 10, 409: 40}
    assert {a.json["code"] for a in answers if a.status == 409} == {"sold_out"}
    check_event(clean_db, event["id"])


def test_sells_the_last_ticket_to_one_of_fifty(server, clean_db):
    client = server.client()
    event = client.create(capacity=3)
    client.sell(event["id"], 2)

    answers = at_once(server.port, 50, lambda c, _: c.sell(event["id"]))

    assert Counter(a.status for a in answers) == {201: 1, 409: 49}
    check_event(clean_db, event["id"])


def test_keeps_the_books_through_two_thousand_sales(server, clean_db):
    event = server.client().create(capacity=1_500)

    answers = at_once(server.port, 64, lambda c, _: c.sell(event["id"]), times=32)

    assert len(answers) == 2048
    assert Counter(a.status for a in answers) == {201: 1500, 409: 548}
    ids = [a.json["id"] for a in answers if a.status == 201]
    assert {b["_id"] for b in clean_db.bookings.find()} == set(ids)
    assert len(set(ids)) == 1500
    check_event(clean_db, event["id"])


def test_keeps_the_books_when_tickets_come_back_in_the_rush(server, clean_db):
    event = server.client().create(capacity=20)

    def buy_and_return(client, number):
        answer = client.sell(event["id"], 1 + number % 3)
        if answer.status == 201 and number % 2:
            returned = client.request("DELETE", answer.headers["Location"])
            assert returned.status == 200
        return answer.status

    statuses = at_once(server.port, 32, buy_and_return, times=16)

    assert set(statuses) <= {201, 409}
    check_event(clean_db, event["id"])


def test_gives_a_day_to_one_of_twenty(server, clean_db):
    body = {"name": "Gala", "date": "2024-10-31", "capacity": 10, "costPerTicket": 5}

    answers = at_once(server.port, 20, lambda c, _: c.post("/api/v1/events", body))

    assert Counter(a.status for a in answers) == {201: 1, 409: 19}
    assert {a.json["code"] for a in answers if a.status == 409} == {"date_taken"}
    assert clean_db.events.count_documents({}) == 1


def test_answers_fifty_requests_with_one_key_alike(server, clean_db):
    event = server.client().create(capacity=100)

    answers = at_once(
        server.port, 50, lambda c, _: c.sell(event["id"], 3, Idempotency_Key="the-one")
    )

    assert {a.status for a in answers} == {201}
    assert len({a.body for a in answers}) == 1
    assert server.client().show(event["id"])["ticketsSold"] == 3
    check_event(clean_db, event["id"])


def test_loses_no_sale_when_a_worker_is_killed(server, clean_db):
    keeps_selling_while_workers_are_killed(server, clean_db)


def test_loses_no_sale_when_a_worker_is_killed_that_commits_for_others(
    mongodb_uri, office_db, tmp_path
):
    with Server(mongodb_uri, office_db.name, tmp_path / "log", WORKERS="4") as server:
        keeps_selling_while_workers_are_killed(server, office_db, date="2031-02-02")


def keeps_selling_while_workers_are_killed(server, db, date="2031-02-01"):
    event = server.client().create(capacity=100_000, date=date)
    sold: list[str] = []
    over = threading.Event()
    unlike: list[object] = []

    def buy(client, number):
        for turn in count():
            if over.is_set():
                return
            # The first that buys without a key never knows what a lost answer came to.
            key = {"Idempotency-Key": f"{date}-{number}-{turn}"} if number else {}
            answer = until_answered(client, event["id"], key, over)
            if answer is None:
                continue
            if answer.status == 201:
                sold.append(answer.json["id"])
            elif answer.json["code"] != "outcome_unknown" or key:
                unlike.append(answer)

    def kill():
        try:
            for _ in range(2):
                goes_on_selling(sold)
                server.kill_a_worker()
            goes_on_selling(sold)
        finally:
            over.set()

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        at_once(server.port, 16, buy)
        killing.result()

    kept = {booking["_id"] for booking in db.bookings.find()}
    assert unlike == []
    assert len(sold) == len(set(sold))
    assert set(sold) <= kept
    check_event(db, event["id"])


def until_answered(client, event, key, over):
    """Sell a ticket; under a key ask again as long as it takes. None where nobody knows."""
    while not over.is_set():
        try:
            answer = client.sell(event, **key)
        except (HTTPException, OSError):
            if key:
                continue
            return None  # the worker died
        if not (key and answer.status == 503):
            return answer
    return None


def goes_on_selling(sold):
    before = len(sold)
    eventually(lambda: len(sold) >= before + 100, "a hundred sales more")


def test_answers_what_it_has_accepted_before_it_stops(mongodb_uri, office_db, tmp_path):
    with Server(mongodb_uri, office_db.name, tmp_path / "log") as server:
        event = server.client().create(capacity=100_000, date="2031-01-01")
        broken: list[Exception] = []
        sold: list[str] = []

        def buy(client, _):
            while True:
                try:
                    answer = client.sell(event["id"])
                except ConnectionRefusedError:
                    return
                except (HTTPException, OSError) as error:
                    # A kept-alive connection may be closed between two requests, not within one.
                    broken.append(error)
                    return
                assert answer.status == 201
                sold.append(answer.json["id"])

        def stop():
            goes_on_selling(sold)
            server.process.terminate()

        with ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(stop)
            at_once(server.port, 8, buy)
            stopping.result()
        assert server.process.wait(NEVER_S) == 0

        kept = {b["_id"] for b in office_db.bookings.find({"event": event["id"]})}
        assert set(sold) <= kept
        # Nothing was done that nobody heard of, but for requests cut off on a closing connection.
        assert len(kept) - len(sold) <= len(broken)
