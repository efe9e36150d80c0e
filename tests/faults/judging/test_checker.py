"""The checker is itself checked: what must not happen is found when it does."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.client import Answer
from tests.faults.judging.checker import compare, untrue_of
from tests.faults.judging.kinds import BRIEFS, READS
from tests.faults.judging.told import Trail, asked, court
from tests.faults.load.history import Operation, Sight

Entry = dict[str, Any]


def operation(
    key: str = "k1",
    method: str = "POST",
    path: str = "/api/v1/transactions",
    status: int = 201,
    **body: str,
) -> Operation:
    """Somebody's operation, and what they were told."""
    answer = Answer(status, {}, json.dumps(body or {"id": "s1"}).encode())
    return Operation(key, method, path, None, 0.0, 1.0, answer, told=[status])


def entry(key: str = "k1", action: str = "sold", booking: str = "s1") -> Entry:
    return {"request_id": key, "action": action, "booking": booking}


SOUND: tuple[list[Operation], list[Entry], dict[str, str]] = (
    [operation()],
    [entry()],
    {"s1": "confirmed"},
)


def test_is_silent_where_all_is_well() -> None:
    assert compare(*SOUND).all == []


def test_is_silent_about_assignments_which_are_consequences() -> None:
    history = [operation(method="DELETE", path="/api/v1/bookings/b1", status=200)]
    entries = [entry(action="cancelled", booking="b1"), entry(action="assigned", booking="b2")]

    assert compare(history, entries, {"b1": "cancelled"}).all == []


@pytest.mark.parametrize(
    ("history", "entries", "statuses"),
    [
        pytest.param([operation()], [entry()], {}, id="its booking is gone"),
        pytest.param([operation()], [], {"s1": "confirmed"}, id="its entry is gone"),
        pytest.param(
            [operation(method="DELETE", path="/api/v1/bookings/b1", status=200)],
            [entry(action="cancelled", booking="b1")],
            {"b1": "confirmed"},
            id="a cancellation that was acknowledged did not happen",
        ),
        pytest.param(
            [operation(method="PATCH", path="/api/v1/bookings/b1", status=200)],
            [], {"b1": "confirmed"},
            id="a reduction that was acknowledged did not happen",
        ),
    ],
)  # fmt: skip
def test_finds_what_was_lost(
    history: list[Operation], entries: list[Entry], statuses: dict[str, str]
) -> None:
    assert compare(history, entries, statuses).lost


@pytest.mark.parametrize(
    ("history", "entries", "statuses"),
    [
        pytest.param(
            [operation()], [entry(), entry(booking="s2")], {"s1": "confirmed", "s2": "confirmed"},
            id="one operation, two sales",
        ),
        pytest.param(
            [operation(status=409, code="sold_out")], [entry()], {"s1": "confirmed"},
            id="refused, and sold all the same",
        ),
        pytest.param(
            [operation()], [entry(), entry(key="k2", booking="s2")], {"s1": "confirmed"},
            id="a sale that nobody asked for",
        ),
    ],
)  # fmt: skip
def test_finds_what_happened_twice_or_unasked(
    history: list[Operation], entries: list[Entry], statuses: dict[str, str]
) -> None:
    assert compare(history, entries, statuses).duplicated


def test_finds_who_never_got_an_answer_and_who_got_a_500() -> None:
    silent = operation()
    silent.answer = None
    crashed = operation(key="k2", id="s2")
    crashed.told = [500, 201]

    findings = compare([silent, crashed], [entry(key="k2", booking="s2")], {"s2": "confirmed"})

    assert len(findings.errors) == 2


def test_counts_calling_off_as_one_effect_with_all_that_it_ends() -> None:
    history = [operation(method="POST", path="/api/v1/events/e1/cancellation", status=200)]
    entries = [entry(action="called_off"), entry(action="cancelled"), entry(action="returned")]

    assert compare(history, entries, {}).all == []
    assert compare(history, entries[1:], {}).lost
    assert compare(history, [*entries, entry(action="called_off")], {}).duplicated


def test_is_silent_about_what_the_service_does_under_its_own_name() -> None:
    entries = [entry(), {**entry(action="cancelled"), "actor": "office"}]

    assert compare([operation()], entries, {"s1": "confirmed"}).all == []


def test_finds_an_event_that_was_acknowledged_and_is_not_there() -> None:
    history = [operation(path="/api/v1/events", id="e1")]
    made = {**entry(action="created"), "event": "e1"}

    assert compare(history, [made], {}).all == []
    assert compare(history, [], {}).lost


def test_lets_who_asks_again_after_an_erasure_hear_that_the_key_was_used() -> None:
    refused = operation(
        path="/api/v1/events/e1/bookings", status=422, code="idempotency_key_reused"
    )
    refused.attempts = 2
    erased = operation("k2", path="/api/v1/customers/c1/erasure", status=204)
    erased.person = "p1"
    once = [entry(action="booked", booking="b1")]
    statuses = {"b1": "confirmed", "b2": "confirmed"}

    assert compare([refused, erased], once, statuses).all == []
    assert compare([refused], once, statuses).duplicated
    twice = [*once, entry(action="booked", booking="b2")]
    assert compare([refused, erased], twice, statuses).duplicated

    erased.began, erased.ended = refused.ended + 1, refused.ended + 2
    assert compare([refused, erased], once, statuses).duplicated


def test_finds_a_deletion_that_was_acknowledged_and_did_not_happen() -> None:
    history = [operation(method="DELETE", path="/api/v1/events/e1", status=204)]

    assert compare(history, [entry(action="deleted")], {}).all == []
    assert compare(history, [], {}).lost


@pytest.mark.parametrize("kind", [*READS, *(kind for kind in BRIEFS if kind.startswith("GET"))])
def test_judges_no_read_by_its_status_alone(kind: str) -> None:
    trail = Trail()
    trail.asked(asked("POST", "/events", {}, 201, {"id": "e1"}, key="made"))
    trail.entries[0]["request_id"] = "made"
    for body in (b"nonsense", b"{}"):
        sight = Sight(kind, "e1", 9.0, 10.0, 200, body)

        assert list(untrue_of(court(trail), [sight], date(2026, 11, 30)))
