"""Every receipt names the head of its event's chain, and so do the event and its audit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import each_place
from tests.api.views.test_bookings import book, booked, url
from tests.services.writes.chained import heads_of
from ticketing.domain.verification.heads import NotedHead
from ticketing.services.verification import differences_of_heads, verify


@pytest.fixture
def event(till):
    return till.event(capacity=3)


def last_head(db, event):
    return list(heads_of(db, event["id"]).values())[-1]


def test_every_change_is_answered_with_the_head_after_it(api, till, event, db):
    sale = till.sold(event)
    ada = booked(api, event, "ada", nTickets=2)
    grace = booked(api, event, "grace")
    answers = [
        lambda: till.event(date="2024-11-01", capacity=9),
        lambda: sale,
    ]
    assert [answer()["head"] for answer in answers][1] == heads_of(db, event["id"])[2]
    for change in (
        lambda: api.patch(url(ada), json={"nTickets": 1}),  # grace is served
        lambda: api.post(url(ada, "/transfer"), json={}),
        lambda: api.delete(url(ada, "/transfer")),
        lambda: api.post(url(ada, "/transfer"), json={"to": "linus"}),
        lambda: till.change(event, name="Ball"),
        lambda: till.change(event, capacity=5),
        lambda: book(api, event, "hedy", nTickets=2),
        lambda: book(api, event, "barbara"),
        lambda: till.give_back(sale),  # barbara is served
        lambda: api.delete(url(grace)),
    ):
        answer = change()
        assert answer.status_code < 300, answer.json
        assert answer.json["head"] == last_head(db, event)
        assert answer.json["head"] == till.show(event)["head"]

    off = api.post(f"/api/v1/events/{event['id']}/cancellation")

    assert off.json["event"]["head"] == last_head(db, event)
    assert list(verify(db)) == []


def test_what_changes_nothing_names_the_head_as_it_stands(api, till, event, db):
    ada = booked(api, event, "ada")
    api.delete(url(ada))
    till.sold(event)

    again = api.delete(url(ada))

    assert again.json["head"] == last_head(db, event)


def test_a_move_names_the_head_of_where_it_went(api, till, event, db):
    other = till.event(date="2024-11-01", capacity=9)
    ada = booked(api, event, "ada")

    moved = api.post(url(ada, "/move"), json={"event": other["id"]})

    assert moved.json["head"] == last_head(db, other)


def test_a_key_that_comes_again_is_answered_with_the_head_of_its_time(api, till, event, db):
    first = till.sell(event, **{"Idempotency-Key": "k"})
    till.sold(event)

    again = till.sell(event, **{"Idempotency-Key": "k"})

    assert again.data == first.data
    assert again.json["head"] == heads_of(db, event["id"])[2]


def test_all_who_buy_at_once_get_heads_that_agree(api, till, event, db):
    large = till.event(date="2024-11-01", capacity=12)

    with ThreadPoolExecutor(12) as pool:
        sales = list(pool.map(lambda _: till.sold(large), range(12)))

    heads = [NotedHead.parse(f"{large['id']}:{sale['head']}") for sale in sales]
    assert len({noted.head.sequence for noted in heads}) == 12
    assert list(differences_of_heads(db, heads)) == []


def test_the_event_names_it_to_anybody_and_the_list_too(api, till, event, db):
    till.sold(event)

    (listed,) = api.get("/api/v1/events").json["items"]

    assert listed["head"] == till.show(event)["head"] == last_head(db, event)
    tag = api.get(f"/api/v1/events/{event['id']}").headers["ETag"]
    assert tag == '"2"', "one head to a sequence, so the tag is as good as it was"


def test_an_event_of_before_has_none(till, event, db):
    db.events.update_one({"_id": event["id"]}, {"$unset": {"head": 1}})

    assert till.show(event)["head"] is None


def test_the_audit_shows_the_hash_of_each_entry(api, till, event, db):
    till.sold(event)

    trail = api.get(f"/api/v1/events/{event['id']}/audit").json["items"]

    heads = heads_of(db, event["id"])
    assert [f"{e['sequence']}:{e['hash']}" for e in trail] == list(heads.values())


def test_a_refusal_names_none(till, event):
    assert "head" not in till.sell(event, 9).json


@each_place
def test_the_briefs_clients_are_answered_as_before(api, event, place):
    who = {"eventId": event["id"], "user": "ada"}

    for path in ("book", "cancel"):
        assert "head" not in api.post(f"{place}/{path}", json=who).text
    assert "head" not in api.get(f"{place}/status/{event['id']}").text
