"""Who asks for the same list while it is being made is shown the next one, made once for all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import GALA
from tests.system.waiting import NEVER_S, eventually
from ticketing.api.http.context import KEY
from ticketing.storage import events

LIST = "/api/v1/events"


@pytest.fixture
def gate(monkeypatch):
    """Let each reading of the calendar wait until it is let through; note how many there were."""
    original = events.page_by_day

    class Gate:
        reads = 0
        entered, open = threading.Semaphore(0), threading.Semaphore(0)

    def read(*args):
        found = original(*args)
        Gate.reads += 1
        Gate.entered.release()
        assert Gate.open.acquire(timeout=NEVER_S)
        return found

    monkeypatch.setattr(events, "page_by_day", read)
    return Gate


@pytest.fixture
def ask(api, gate):
    """Ask each by a client of its own, once the first is being answered; let all through."""
    app = api.application

    def get(path, headers, prefix=""):
        environ = {"SCRIPT_NAME": prefix}
        return app.test_client().get(path, headers=headers, environ_overrides=environ)

    def waiting():
        queues = getattr(app, KEY).reads._queues._queues.values()
        return sum(len(queue.waiters) for queue in list(queues))

    def concurrently(first, *others, meanwhile=lambda: None, alone=0):
        with ThreadPoolExecutor(1 + len(others)) as pool:
            begun = [pool.submit(get, *first)]
            assert gate.entered.acquire(timeout=NEVER_S)
            meanwhile()
            begun += [pool.submit(get, *other) for other in others]
            for _ in range(alone):
                assert gate.entered.acquire(timeout=NEVER_S)
            eventually(lambda: waiting() == len(others) - alone, "the others wait")
            gate.open.release(1 + len(others))
            return [answer.result() for answer in begun]

    return concurrently


def names(answer):
    return [event["name"] for event in answer.json["items"]]


def test_makes_a_list_once_for_all_and_never_of_before_they_asked(ask, gate, event, db, staff):
    asked = (LIST, staff.bearer)

    first, *others = ask(
        asked, *[asked] * 5,
        meanwhile=lambda: db.events.update_one({}, {"$set": {"name": "Another"}}),
    )  # fmt: skip

    assert gate.reads == 2
    assert names(first) == ["Gala"]
    assert [names(other) for other in others] == [["Another"]] * 5
    assert len({answer.headers["X-Request-ID"] for answer in (first, *others)}) == 6


def test_answers_each_by_the_tag_that_they_have(ask, event, staff):
    first, known, other = ask(
        (LIST, staff.bearer),
        (LIST, {**staff.bearer, "If-None-Match": "*"}),
        (LIST, {**staff.bearer, "If-None-Match": '"another"'}),
    )

    assert [first.status_code, known.status_code, other.status_code] == [200, 304, 200]
    assert known.headers["ETag"] == first.headers["ETag"] == other.headers["ETag"]


def test_shows_staff_and_everybody_what_is_theirs(ask, gate, event, staff):
    of_staff, of_everybody = ask((LIST, staff.bearer), (LIST, {}), alone=1)

    assert gate.reads == 2
    assert "revenue" in of_staff.json["items"][0]
    assert "revenue" not in of_everybody.json["items"][0]


@pytest.mark.parametrize("other", [f"{LIST}?limit=1", f"{LIST}?status=cancelled"])
def test_makes_another_list_for_another_address(ask, gate, event, staff, other):
    ask((LIST, staff.bearer), (other, staff.bearer), alone=1)

    assert gate.reads == 2


def test_makes_another_list_where_the_service_goes_by_another_path(ask, gate, admin, event):
    admin.ask("POST", "/events", {**GALA, "date": "2024-11-01"})
    page = (f"{LIST}?limit=1", admin.bearer)

    answers = ask(page, (*page, "/tickets"), alone=1)

    assert gate.reads == 2
    assert [answer.headers["Link"].partition("?")[0] for answer in answers] == [
        "</api/v1/events",
        "</tickets/api/v1/events",
    ]
