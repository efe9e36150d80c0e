"""Running out of threads, memory or files is a 503 that says whether anything has happened."""

from __future__ import annotations

import errno

import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, NetworkTimeout

from tests.api.conftest import Till, refused
from tests.system.checks import check_event
from ticketing.storage.accounts import users

EXHAUSTED = [
    MemoryError(),
    RuntimeError("can't start new thread"),
    OSError(errno.EMFILE, "Too many open files"),
]
MANY = pytest.mark.parametrize("error", EXHAUSTED, ids=lambda error: type(error).__name__)


@pytest.fixture
def failing_at(monkeypatch):
    """Have a method of the driver's fail, so many times, before or after it has done its work."""

    def fail(kind, name, error, *, times=10**6, after=False):
        real = getattr(kind, name)
        remaining = [times]

        def method(*args, **kwargs):
            remaining[0] -= 1
            if remaining[0] < 0:
                return real(*args, **kwargs)
            if after:
                real(*args, **kwargs)
            raise error

        monkeypatch.setattr(kind, name, method)

    return fail


@MANY
def test_a_read_says_that_the_server_is_overloaded(api, till, failing_at, error):
    event = till.event()
    failing_at(Collection, "find_one", error)

    problem = api.get(f"/api/v1/events/{event['id']}")

    refused(problem, 503, "overloaded")
    assert problem.headers["Retry-After"]


@MANY
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (MongoClient, "start_session"),
        (Collection, "find_one"),
        (Collection, "find_one_and_update"),
        (Collection, "bulk_write"),
        (Collection, "insert_many"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sale_that_did_not_come_to_its_commit_says_so(db, till, failing_at, error, kind, name):
    event = till.event()
    failing_at(kind, name, error)

    refused(till.sell(event), 503, "overloaded")

    assert db.events.find({}).next()["sold"] == 0


@MANY
@pytest.mark.parametrize("after", [False, True], ids=["not committed", "committed"])
def test_asks_again_where_only_the_answer_of_a_commit_is_missing(
    db, till, failing_at, error, after
):
    event = till.event()
    failing_at(ClientSession, "commit_transaction", error, times=2, after=after)

    till.sold(event)

    check_event(db, event["id"])
    assert till.show(event)["ticketsSold"] == 1


@MANY
def test_a_commit_of_which_nobody_knows_is_never_said_not_to_have_happened(
    db, api_at, failing_at, monkeypatch, error
):
    till = Till(api_at(commit_timeout_s=0.5))
    event = till.event()
    with monkeypatch.context():
        failing_at(ClientSession, "commit_transaction", error, after=True)
        headers = {"Idempotency-Key": "k1"}
        refused(till.sell(event, **headers), 503, "outcome_unknown")
    monkeypatch.undo()

    again = till.sell(event, **headers)

    assert again.status_code == 201
    assert till.show(event)["ticketsSold"] == 1
    check_event(db, event["id"])


@pytest.mark.parametrize("error", [ValueError("a fault of ours"), KeyError("x")])
def test_whatever_goes_wrong_in_a_commit_is_an_unknown_outcome(till, failing_at, error):
    event = till.event()
    failing_at(ClientSession, "commit_transaction", error, after=True)

    refused(till.sell(event), 503, "outcome_unknown")


@MANY
def test_an_answer_that_could_not_be_written_is_an_unknown_outcome(api, till, monkeypatch, error):
    """The sale is done: nobody may be told that nothing has happened."""
    event = till.event()

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("ticketing.api.http.dispatch.respond", fail)
        refused(till.sell(event), 503, "outcome_unknown")

    assert till.show(event)["ticketsSold"] == 1


@pytest.mark.parametrize(
    "error",
    [AutoReconnect("gone"), NetworkTimeout("slow"), MemoryError()],
    ids=lambda error: type(error).__name__,
)
def test_a_new_user_of_whom_nobody_knows_is_never_said_not_to_be_there(db, api, failing_at, error):
    failing_at(ClientSession, "commit_transaction", error, after=True)

    answer = api.post(
        "/api/v1/users", json={"email": "ada@example.org", "password": "a long password"}
    )

    refused(answer, 503, "outcome_unknown")
    assert users.find_by_email(db, "ada@example.org")


@MANY
def test_readiness_says_it_as_well(api, failing_at, error):
    failing_at(Collection, "find", error)

    ready = api.get("/readyz")

    assert (ready.status_code, ready.json["database"]) == (503, "unreachable")
    assert "Nothing is left" in ready.json["warnings"][0]
    assert api.get("/livez").status_code == 200
