"""The order of all that happened is itself checked: what can't have been is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.judging.past.timeline import Timeline, disorder
from tests.faults.load.history import Look, Operation


class Story:
    """A trail of one event, written line by line, with the operations behind it."""

    def __init__(self, capacity: int) -> None:
        self.entries = [self._entry(1, "created", "", "", 0, 0, capacity=(None, capacity))]
        self.operations: dict[str, Operation] = {}

    def told(
        self,
        action: str,
        sold: int,
        waiting: int = 0,
        *,
        began: float = 0.0,
        ended: float = 1.0,
        booking: str = "b",
    ) -> Story:
        """Add a change and the operation of whoever asked for it."""
        number = len(self.entries) + 1
        key = f"k{number}"
        self.entries.append(self._entry(number, action, booking, key, sold, waiting))
        self.operations[key] = Operation(key, "POST", "/", None, began, ended)
        return self

    def _entry(
        self, number: int, action: str, booking: str, key: str, sold: int, waiting: int,
        **changes: tuple[int | None, int],
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "sequence": number, "action": action, "booking": booking, "request_id": key,
            "sold": sold, "waiting": waiting, "changes": changes,
        }  # fmt: skip

    def timeline(self) -> Timeline:
        return Timeline(self.entries)

    def disorder(self, *looks: Look) -> list[str]:
        return list(disorder(self.timeline(), self.operations, looks))


# Changes 2 and 3, the second asked for after the first was acknowledged.
TWO_SALES = (
    Story(10).told("sold", 1, began=0, ended=1).told("sold", 2, began=2, ended=3)
)  # fmt: skip
SEEN = Look("e1", 1.5, 1.6, sequence=2, sold=1, waiting=0)


def test_is_silent_where_time_only_goes_on() -> None:
    assert TWO_SALES.disorder(SEEN) == []
    assert TWO_SALES.timeline().oversold == []


def test_lets_what_was_asked_at_once_come_in_any_order() -> None:
    story = Story(10).told("sold", 1, began=2, ended=9).told("sold", 2, began=1, ended=8)

    assert story.disorder() == []


def test_finds_a_change_that_came_before_one_that_was_acknowledged_earlier() -> None:
    story = Story(10).told("sold", 1, began=2, ended=3).told("sold", 2, began=0, ended=1)

    assert len(story.disorder()) == 1


@pytest.mark.parametrize(
    ("look", "what"),
    [
        (replace(SEEN, sequence=4), "not there"),
        (replace(SEEN, sold=2), "never was"),
        (replace(SEEN, began=3.5, ended=3.6), "after a later one was known"),
        (replace(SEEN, sequence=3, sold=2), "before it was asked for"),
    ],
    ids=["of nothing", "of a state that never was", "stale", "of the future"],
)
def test_finds_a_look_that_can_not_have_been(look: Look, what: str) -> None:
    (found,) = TWO_SALES.disorder(look)

    assert what in found


def test_finds_two_looks_of_which_the_later_saw_less() -> None:
    story = Story(10).told("sold", 1, ended=9.0)

    found = story.disorder(SEEN, Look("e1", 2.0, 2.1, sequence=1, sold=0, waiting=0))

    assert len(found) == 1


def test_finds_what_was_oversold_at_any_moment() -> None:
    story = Story(3).told("sold", 2).told("sold", 4).told("returned", 2)

    assert len(story.timeline().oversold) == 1


def test_finds_who_was_served_before_the_head_of_the_list() -> None:
    story = (
        Story(1).told("sold", 1).told("waitlisted", 1, 1, booking="b1")
        .told("waitlisted", 1, 2, booking="b2").told("returned", 0, 2)
    )  # fmt: skip
    assert story.timeline().overtaken == []

    story.told("assigned", 1, 1, booking="b2")

    assert len(story.timeline().overtaken) == 1


@pytest.mark.parametrize("action", ["sold", "booked", "added", "moved_in"])
def test_finds_who_got_tickets_while_others_waited(action: str) -> None:
    story = Story(2).told("sold", 1).told("waitlisted", 1, 1, booking="b1").told(action, 2, 1)

    assert len(story.timeline().overtaken) == 1
