"""A key's result, as a caller that is not the API reads it."""

from __future__ import annotations

import pytest

from tests.domain.builders import ADA, a_new_event, book, sell
from ticketing.domain.changes.results import id_of
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.errors import EventNotFound
from ticketing.domain.identity.caller import Caller
from ticketing.services.writes.batch import IdempotencyKey
from ticketing.storage.writes.idempotency import StoredResponse

CALLER = Caller("ada", "r1")


def see_other(outcome):
    """As a page answers a form: go and look."""
    return StoredResponse(303, {"Location": f"/bookings/{id_of(outcome)}"}, b"")


def refused(outcome):
    return StoredResponse(404, {}, b"No such event.")


def a_key(respond=see_other):
    return IdempotencyKey("ada", "k1", "f", respond)


@pytest.fixture
def event(handler):
    handler.execute(a_new_event(capacity=9), on="e1", caller=CALLER)
    return "e1"


@pytest.mark.parametrize("command", [sell(2), book(ADA)], ids=["sale", "booking"])
def test_a_page_reads_the_id_of_what_was_made_also_the_second_time(handler, event, command):
    first = handler.execute(command, on=event, caller=CALLER, key=a_key())
    second = handler.execute(command, on=event, caller=CALLER, key=a_key())

    assert (first.replayed, second.replayed) == (False, True)
    assert first.subject == second.subject == command.booking
    assert second.response == first.response
    assert second.response.location == f"/bookings/{command.booking}"


@pytest.mark.parametrize(
    "command", [Change({"capacity": 10}), CallOff()], ids=lambda command: type(command).__name__
)
def test_the_result_of_a_change_is_about_the_event(handler, event, command):
    assert handler.execute(command, on=event, caller=CALLER).subject == event


def test_a_refusal_is_about_nothing_also_the_second_time(handler):
    results = [
        handler.execute(sell(), on="nothing", caller=CALLER, key=a_key(refused)) for _ in range(2)
    ]

    assert isinstance(results[0].outcome, EventNotFound)
    assert [result.replayed for result in results] == [False, True]
    assert [result.subject for result in results] == [None, None]
