"""A head that is not that of an answer's own last change is found; one that is is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.judging.answers import heads
from tests.faults.judging.answers.heads import false_heads
from tests.faults.judging.told import Trail, asked, booked, booking, court, waits
from tests.faults.load.history import Look

Told = dict[str, Any]


def chained(trail: Trail) -> dict[int, str]:
    """Give each entry its hash; return the heads."""
    found = dict(heads._heads([{}, *trail.entries]))
    for entry in trail.entries:
        entry["hash"] = found[entry["sequence"]].partition(":")[2]
    return found


def served(head: Callable[[dict[int, str]], str]) -> Trail:
    """Somebody books all, another waits, the first cancels; each is told the right head but one."""
    trail = waits(booked(Trail(), tickets=3), "b2", "p2")
    answer = booking(tickets=3, total=15, status="cancelled", assigned=[], assignedCount=1)
    began = trail.now
    trail.add("cancelled", "b1", "cancel", "c1", 3, 1500, waiting=1)
    trail.add("assigned", "b2", "cancel", "c2", 1, 500, sold=1)
    found = chained(trail)
    for operation, number in zip(trail.history, (2, 3), strict=True):
        assert operation.answer is not None
        operation.answer = type(operation.answer)(
            operation.answer.status, {}, _with_head(operation.answer.json, found[number])
        )
    trail.asked(asked("DELETE", "/bookings/b1", None, 200, {**answer, "head": head(found)},
                      key="cancel", began=began))  # fmt: skip
    return trail


def _with_head(body: Told, head: str) -> bytes:
    return json.dumps({**body, "head": head}).encode()


def test_is_silent_about_the_head_after_what_followed_from_it() -> None:
    assert list(false_heads(court(served(lambda found: found[5])), [])) == []


@pytest.mark.parametrize(
    "head",
    [
        lambda found: found[4],  # before the other was served
        lambda found: found[2],  # the first of a batch
        lambda found: found[5].replace("5:", "4:"),
        lambda found: "5:" + "0" * 64,
        lambda found: None,
    ],
)
def test_finds_another_head(head: Callable[[dict[int, str]], str]) -> None:
    (found,) = false_heads(court(served(head)), [])

    assert found.startswith("cancel: told the head")


def test_finds_an_entry_whose_hash_is_not_its_own() -> None:
    trail = served(lambda found: found[5])
    trail.entries[2]["tickets"] = 2

    assert any("entry 3 of e1 has the hash" in found for found in false_heads(court(trail), []))


@pytest.mark.parametrize(("sequence", "count"), [(3, 0), (4, 1)])
def test_finds_a_look_at_another_head(sequence: int, count: int) -> None:
    trail = served(lambda found: found[5])
    shown = {"head": f"3:{trail.entries[2]['hash']}"}
    look = Look("e1", 0.0, 1.0, sequence, 0, 0, shown)

    assert len(list(false_heads(court(trail), [look]))) == count


@pytest.mark.parametrize(("number", "count"), [(5, 0), (1, 1)])
def test_what_changes_nothing_names_a_head_of_its_time(number: int, count: int) -> None:
    trail = served(lambda found: found[5])
    found = chained(trail)
    again = booking(tickets=3, total=15, status="cancelled", assigned=[], head=found[number])
    trail.asked(asked("DELETE", "/bookings/b1", None, 200, again, began=trail.now + 9))

    assert len(list(false_heads(court(trail), []))) == count


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/events", {"id": "e2", "head": "1:h1"}),
        ("/events/e2/cancellation", {"event": {"id": "e2", "head": "1:h1"}}),
        ("/transactions", {"id": "s1", "event": "e2", "head": "1:h1"}),
        ("/bookings/b9/transfer", {"code": "xyz", "head": "1:h1"}),
    ],
)
def test_leaves_what_was_lost_with_all_of_its_event_to_others(path: str, told: Told) -> None:
    trail = Trail()
    chained(trail)
    trail.asked(asked("POST", path, {}, 201, told))

    assert list(false_heads(court(trail), [])) == []
