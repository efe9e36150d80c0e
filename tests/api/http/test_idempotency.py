from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.api.conftest import GALA, Till, refused
from tests.system.checks import check_event
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.writes import idempotency

KEY = {"Idempotency-Key": "key-1"}


def same(first, second):
    """Check that the second answer repeats the first."""
    assert second.headers.get("Idempotency-Replayed") == "true"
    assert second.status_code == first.status_code
    assert second.data == first.data
    for name in ("Content-Type", "Location", "ETag"):
        assert second.headers.get(name) == first.headers.get(name)


def test_sells_once_however_often_it_is_asked(till):
    event = till.event()

    first, second = till.sell(event, 3, **KEY), till.sell(event, 3, **KEY)

    assert "Idempotency-Replayed" not in first.headers
    same(first, second)
    assert till.show(event)["ticketsSold"] == 3


def test_without_the_key_asking_twice_sells_twice(till):
    event = till.event()

    till.sell(event, 3)
    till.sell(event, 3)

    assert till.show(event)["ticketsSold"] == 6


def test_works_for_everything_that_changes_something(api, till):
    event = till.event()
    sale = till.sold(event)
    other = till.event(date="2024-11-30")

    def ask_twice(ask, number):
        headers = {"Idempotency-Key": f"each-{number}"}
        same(ask(headers), ask(headers))

    create = {**GALA, "date": "2024-12-01"}
    ask_twice(lambda h: api.post("/api/v1/events", json=create, headers=h), 1)
    ask_twice(lambda h: till.change(event, h, name="Ball"), 2)
    ask_twice(lambda h: api.delete(f"/api/v1/events/{other['id']}", headers=h), 3)
    ask_twice(lambda h: api.delete(f"/api/v1/transactions/{sale['id']}", headers=h), 4)


def test_repeats_a_final_refusal_even_if_it_would_be_granted_by_now(till):
    event = till.event(capacity=1)
    sale = till.sold(event)
    refusal = till.sell(event, **KEY)
    refused(refusal, 409, "sold_out")

    till.give_back(sale)

    same(refusal, till.sell(event, **KEY))


def test_repeats_that_there_is_no_such_event_or_sale(api, till):
    same(till.sell("unknown", **KEY), till.sell("unknown", **KEY))
    url, headers = "/api/v1/transactions/unknown", {"Idempotency-Key": "key-2"}
    same(api.delete(url, headers=headers), api.delete(url, headers=headers))


def test_keeps_no_answer_that_is_only_about_the_moment(till):
    event = till.event()
    refused(till.change(event, {**KEY, "If-Match": '"9"'}, name="Ball"), 412, "stale")

    assert till.change(event, {**KEY, "If-Match": '"1"'}, name="Ball").status_code == 200


def test_keeps_no_answer_to_a_malformed_request(till):
    event = till.event()
    refused(till.sell(event, 0, **KEY), 400, "bad_request")

    assert till.sell(event, 1, **KEY).status_code == 201


def test_refuses_the_key_of_another_request(api, till):
    event = till.event()
    till.sell(event, 3, **KEY)

    refused(till.sell(event, 4, **KEY), 422, "idempotency_key_reused")
    refused(till.change(event, KEY, name="Ball"), 422, "idempotency_key_reused")
    assert till.show(event)["ticketsSold"] == 3


def test_takes_two_spellings_of_one_body_for_one_request(api, till):
    event = till.event()
    bodies = [
        f'{{"event":"{event["id"]}","nTickets":1}}',
        f'{{ "nTickets": 1,\n "event": "{event["id"]}" }}',
    ]
    first, second = (
        api.post("/api/v1/transactions", data=b, content_type="application/json", headers=KEY)
        for b in bodies
    )

    same(first, second)


def test_takes_a_quoted_key_for_the_bare_one(till):
    event = till.event()

    same(
        till.sell(event, **{"Idempotency-Key": '"key-1"'}),
        till.sell(event, **{"Idempotency-Key": "key-1"}),
    )


@pytest.mark.parametrize("key", ["", '""', '"', "a b", "k\u00e9y", "x" * 256, '"a"b"', "\x7f"])
def test_refuses_what_is_no_key(till, key):
    event = till.event()

    refused(till.sell(event, **{"Idempotency-Key": key}), 400, "bad_request")
    assert till.show(event)["ticketsSold"] == 0


def test_takes_the_longest_key(till):
    assert till.sell(till.event(), **{"Idempotency-Key": "x" * 255}).status_code == 201


def let_pass(db, **time):
    """Let time pass for the records: their end is stored, and the clocks tell the rest."""
    duration = timedelta(**time) / timedelta(milliseconds=1)
    ends = {name: {"$add": [f"${name}", -duration]} for name in ("good_until", "expires_at")}
    db.idempotency.update_many({}, [{"$set": ends}])


def test_forgets_a_key_after_24_hours(till, db):
    event = till.event()
    first = till.sell(event, 1, **KEY)

    let_pass(db, hours=23, minutes=58)
    same(first, till.sell(event, 1, **KEY))
    let_pass(db, minutes=3)
    anew = till.sell(event, 1, **KEY)

    assert anew.json["id"] != first.json["id"]
    same(anew, till.sell(event, 1, **KEY))
    assert till.show(event)["ticketsSold"] == 2


AHEAD = timedelta(hours=25)


def test_knows_a_key_of_before_until_it_expires(till, db):
    """Earlier versions stored one time, for what counts and for MongoDB to clean up."""
    event = till.event()
    first = till.sell(event, **KEY)
    db.idempotency.update_many(
        {}, [{"$set": {"expires_at": "$good_until"}}, {"$unset": "good_until"}]
    )

    same(first, till.sell(event, **KEY))
    db.idempotency.update_many({}, {"$set": {"expires_at": utc_now() - timedelta(seconds=1)}})
    anew = till.sell(event, **KEY)

    assert anew.json["id"] != first.json["id"]
    same(anew, till.sell(event, **KEY))


@pytest.mark.parametrize("clock", ["time_of", "utc_now"])
def test_forgets_no_key_because_a_clock_is_ahead(till, monkeypatch, clock):
    """MongoDB's clock or a host's, for a moment: whoever asks again meanwhile buys nothing more."""
    event = till.event()
    first = till.sell(event, **KEY)
    right = getattr(idempotency, clock)

    with monkeypatch.context() as wrong:
        wrong.setattr(idempotency, clock, lambda *args: right(*args) + AHEAD)
        same(first, till.sell(event, **KEY))
        other = till.sell(event, **{"Idempotency-Key": "key-2"})

    same(other, till.sell(event, **{"Idempotency-Key": "key-2"}))
    assert till.show(event)["ticketsSold"] == 2


@pytest.mark.parametrize("clock", ["time_of", "utc_now"])
def test_stores_a_key_for_as_long_where_a_clock_is_behind(till, monkeypatch, clock):
    event = till.event()
    right = getattr(idempotency, clock)

    with monkeypatch.context() as wrong:
        wrong.setattr(idempotency, clock, lambda *args: right(*args) - AHEAD)
        first = till.sell(event, **KEY)

    same(first, till.sell(event, **KEY))


def test_has_mongodb_remove_nothing_that_counts_while_its_clock_is_ahead(till, db):
    """It removes by its own clock alone."""
    till.sell(till.event(), **KEY)

    record = db.idempotency.find_one()

    assert record["expires_at"] - record["good_until"] > AHEAD


@pytest.mark.parametrize("ahead", [timedelta(days=1, minutes=1), timedelta(days=-1, minutes=-1)])
def test_knows_a_key_whatever_the_clock_of_the_one_who_is_asked_says(api_at, db, ahead):
    right, wrong = Till(api_at()), Till(api_at(lambda: utc_now() + ahead))
    event = right.event()

    first = right.sell(event, **KEY)
    same(first, wrong.sell(event, **KEY))
    other = wrong.sell(event, **{"Idempotency-Key": "key-2"})
    same(other, right.sell(event, **{"Idempotency-Key": "key-2"}))

    assert right.show(event)["ticketsSold"] == 2
    check_event(db, event["id"])


def test_sells_once_to_fifty_who_ask_at_once_over_two_offices(api_at):
    offices = [api_at(), api_at()]
    till = Till(offices[0])
    event = till.event(capacity=100)

    def ask(number):
        api = offices[number % 2].application.test_client()
        return Till(api).sell(event, 2, **KEY)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert till.show(event)["ticketsSold"] == 2


def test_creates_once_for_twenty_who_ask_at_once(api_at):
    offices = [api_at(), api_at()]

    def ask(number):
        api = offices[number % 2].application.test_client()
        return api.post("/api/v1/events", json=GALA, headers=KEY)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
