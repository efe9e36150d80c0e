"""Whoever pages through a list while others write misses nothing, and meets nothing twice.

The same for every list: what was acknowledged before the last page was asked for is on one of the
pages. Commits take unevenly long meanwhile, so that what was decided first may turn up last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from bson import ObjectId

from tests.api.conftest import Till
from tests.api.http.test_lists import uneven_commits  # noqa: F401 - a fixture

V1 = "/api/v1"
WRITES = 20


class Reader:
    """Pages through a list to its end, a row at a time, while `acknowledged` grows."""

    def __init__(self, api, acknowledged):
        self.api, self.acknowledged = api, acknowledged

    def walk(self, path, **query):
        """Return what all pages show, and what was acknowledged before the last was asked for."""
        seen, cursor = [], {}
        while True:
            before = list(self.acknowledged)
            page = self.api.get(path, query_string={"limit": 1, **query, **cursor}).json
            seen += page["items"]
            if page["next"] is None:
                return seen, before
            cursor = {"cursor": page["next"]}


def read_while_they_write(
    api_at, writers, acknowledged, path, row_id=lambda row: row["id"], **query
):
    """Walk through a list again and again until the writers are done, and once more."""
    reader = Reader(api_at(), acknowledged)

    def walk():
        seen, before = reader.walk(path, **query)
        shown = [row_id(row) for row in seen]
        assert len(shown) == len(set(shown))
        assert set(before) <= set(shown)
        return shown

    with ThreadPoolExecutor(len(writers)) as pool:
        writing = [pool.submit(writer) for writer in writers]
        while not all(done.done() for done in writing):
            walk()
        for done in writing:
            done.result()
    return walk()


@pytest.fixture
def two(till):
    return [till.event(capacity=500, date=f"2024-10-0{n}") for n in (1, 2)]


@pytest.fixture
def acknowledged():
    return []


@pytest.fixture
def sellers(api_at, two, acknowledged):
    """Two who sell, one for each event; every third sale is given back at once."""

    def seller(event):
        def sell():
            till = Till(api_at())
            for n in range(WRITES):
                sale = till.sold(event)
                acknowledged.append(sale["id"])
                if n % 3 == 0:
                    assert till.give_back(sale).status_code == 200

        return sell

    return [seller(event) for event in two]


@pytest.mark.usefixtures("uneven_commits")
@pytest.mark.parametrize("query", [{}, {"actor": "open"}, {"from": "2024-01-01"}])
def test_loses_no_sale_that_was_acknowledged_while_others_sell(
    api_at, sellers, acknowledged, query
):
    shown = read_while_they_write(api_at, sellers, acknowledged, f"{V1}/transactions", **query)

    assert sorted(shown) == sorted(acknowledged)


@pytest.mark.usefixtures("uneven_commits")
def test_loses_no_sale_of_an_event_while_others_sell(api_at, two, sellers, acknowledged):
    path = f"{V1}/transactions"
    shown = read_while_they_write(api_at, sellers[:1], acknowledged, path, event=two[0]["id"])

    assert shown == acknowledged


@pytest.mark.usefixtures("uneven_commits")
@pytest.mark.parametrize("query", [{}, {"status": "scheduled"}, {"name": "gala"}])
def test_loses_no_event_while_others_put_some_on(api_at, till, acknowledged, query):
    """On days in any order; and some are moved to a day that the pages may have passed."""

    def office(year):
        def put_on():
            till = Till(api_at())
            for n in range(WRITES):
                event = till.event(date=f"{year - n % 2 * 100}-12-{n + 1:02}")
                acknowledged.append(event["id"])
                if n % 4 == 0:
                    moved = till.change(event, date=f"{year - 200}-12-{n + 1:02}")
                    assert moved.status_code == 200

        return put_on

    offices = [office(year) for year in (2600, 2500)]
    shown = read_while_they_write(
        api_at, offices, acknowledged, f"{V1}/events", order="created", **query
    )

    assert sorted(shown) == sorted(acknowledged)


@pytest.mark.usefixtures("uneven_commits")
def test_loses_no_later_event_by_day(api_at, acknowledged):
    def put_on():
        till = Till(api_at())
        for n in range(WRITES):
            acknowledged.append(till.event(date=f"2024-12-{n + 1:02}")["id"])

    assert read_while_they_write(api_at, [put_on], acknowledged, f"{V1}/events") == acknowledged


@pytest.fixture
def bookers(api_at, two, acknowledged):
    """Two who book for one customer after the other, and cancel every third booking at once."""

    def booker(event):
        def book():
            api = api_at()
            for n in range(WRITES):
                body = {"customer": f"ada {n}"}
                made = api.post(f"{V1}/events/{event['id']}/bookings", json=body)
                acknowledged.append(made.json["id"])
                if n % 3 == 0:
                    assert api.delete(f"{V1}/bookings/{made.json['id']}").status_code == 200

        return book

    return [booker(event) for event in two]


@pytest.mark.usefixtures("uneven_commits")
@pytest.mark.parametrize("named", [{}, {"name": "ADA"}])
def test_loses_no_booking_of_an_event_while_others_book(api_at, two, bookers, acknowledged, named):
    query = {"event": two[0]["id"], **named}
    shown = read_while_they_write(api_at, bookers[:1], acknowledged, f"{V1}/bookings", **query)

    assert shown == acknowledged


@pytest.mark.usefixtures("uneven_commits")
def test_loses_no_booking_while_others_book_and_cancel(api_at, bookers, acknowledged):
    shown = read_while_they_write(api_at, bookers, acknowledged, f"{V1}/bookings")

    assert sorted(shown) == sorted(acknowledged)


@pytest.mark.usefixtures("uneven_commits")
def test_loses_nobody_who_waits_while_others_join(api_at, till, acknowledged):
    event = till.event(capacity=1)
    till.sold(event)

    def join():
        api = api_at()
        for n in range(WRITES):
            body = {"customer": f"ada {n}"}
            made = api.post(f"{V1}/events/{event['id']}/bookings", json=body)
            assert made.status_code == 202
            acknowledged.append(made.json["id"])

    path = f"{V1}/events/{event['id']}/waiting-list"
    assert read_while_they_write(api_at, [join], acknowledged, path) == acknowledged


@pytest.mark.usefixtures("uneven_commits")
def test_loses_no_audit_entry_while_others_sell_and_give_back(api_at, till, acknowledged):
    event = till.event(capacity=100)

    def sell():
        till = Till(api_at())
        for _ in range(WRITES):
            sale = till.sold(event)
            acknowledged.append(("sold", sale["id"]))
            assert till.give_back(sale).status_code == 200
            acknowledged.append(("returned", sale["id"]))

    def change_of(entry):
        return entry["action"], entry["booking"]

    path = f"{V1}/events/{event['id']}/audit"
    shown = read_while_they_write(api_at, [sell], acknowledged, path, change_of)
    assert shown[1:] == acknowledged


@pytest.mark.usefixtures("uneven_commits")
def test_loses_nobody_who_is_owed_while_others_cancel(api_at, till, acknowledged, monkeypatch):
    """Also while the bookings of a large event are still being ended."""
    for module in ("commands.events", "changes.waiting_list", "changes.read_set"):
        monkeypatch.setattr(f"ticketing.domain.{module}.MOST_PER_COMMIT", 2)
    event = till.event(capacity=100)
    for n in range(WRITES):
        body = {"customer": f"ada {n}"}
        made = till.api.post(f"{V1}/events/{event['id']}/bookings", json=body).json
        acknowledged.append(made["id"])
    path = f"{V1}/events/{event['id']}/cancellation"
    assert till.api.post(path).status_code == 200

    def cancel():
        api = api_at()
        for id_ in reversed(acknowledged):
            assert api.delete(f"{V1}/bookings/{id_}").status_code == 200

    def booking(row):
        return row["booking"]

    assert read_while_they_write(api_at, [cancel], acknowledged, path, booking) == acknowledged


@pytest.fixture
def ids_of_many_workers(monkeypatch):
    """Each id comes from another process: later ones are smaller than earlier ones."""
    made = count(10_000, -1)
    monkeypatch.setattr(
        "ticketing.services.accounts.users.ObjectId", lambda: ObjectId(f"{next(made):024x}")
    )


@pytest.mark.usefixtures("ids_of_many_workers")
def test_loses_no_user_who_registers_meanwhile(api_at, acknowledged):

    def register(address):
        def each():
            api = api_at()
            for n in range(WRITES):
                body = {"email": f"{n}@{address}", "password": "correct horse battery staple"}
                made = api.post(f"{V1}/users", json=body)
                assert made.status_code == 201, made.json
                acknowledged.append(made.json["id"])

        return each

    registering = [register("example.org"), register("example.net")]
    shown = read_while_they_write(api_at, registering, acknowledged, f"{V1}/users")

    assert sorted(shown) == sorted(acknowledged)
