"""An audit that is shown with an entry that is not its own, or without one, is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.judging.shown.trails import ill_trailed
from tests.faults.judging.told import Trail, asked, booked, booking, court
from tests.faults.load.history import Sight

Row = dict[str, Any]


def passed_on() -> Trail:
    """A booking that somebody passes on to somebody else, and one who books afterwards."""
    trail = booked(Trail(capacity=9))
    told = booking(customer="c2")
    path = "/bookings/b1/transfer"
    trail.asked(asked("POST", path, {"to": "p2"}, 200, told, key="pass", began=trail.now,
                      person="p2"))  # fmt: skip
    changes = {"customer": ["c1", "c2"]}
    trail.add("transferred", "b1", "pass", "c2", 2, 1000, sold=2, changes=changes)
    return booked(trail, "b3", "p3", 1)


def row(number: int, action: str, key: str, **more: Any) -> Row:
    return {
        "sequence": number, "action": action, "booking": None, "customer": None,
        "customerId": None, "nTickets": None, "total": None, "sold": 0, "waiting": 0,
        "changes": {}, "actor": "staff", "at": f"2026-11-30T12:00:{2 * number:02}.000Z",
        "requestId": key, "hash": f"h{number}", **more,
    }  # fmt: skip


ROWS = [
    row(1, "created", "", changes={
        "name": [None, "Gala"], "venue": [None, None], "date": [None, "2030-01-01"],
        "capacity": [None, 9], "costPerTicket": [None, 5],
    }),
    row(2, "booked", "book b1", booking="b1", customer="p1", customerId="c1", nTickets=2,
        total=10, sold=2),
    row(3, "transferred", "pass", booking="b1", customer="p2", customerId="c2", nTickets=2,
        total=10, sold=2, changes={"customer": ["p1", "p2"], "customerId": ["c1", "c2"]}),
    row(4, "booked", "book b3", booking="b3", customer="p3", customerId="c3", nTickets=1,
        total=5, sold=3),
]  # fmt: skip


@pytest.fixture(autouse=True)
def spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """People are called `p1` here, and nothing else."""
    monkeypatch.setattr(
        "tests.faults.judging.shown.naming.spellings", lambda number: [f"p{number}"]
    )


def found(
    items: list[Row], path: str = "", *, goes_on: bool = False, behind: tuple[str, ...] = (),
    began: float = 20.0, status: int = 200,
) -> list[str]:  # fmt: skip
    body = json.dumps({"items": items, "next": "x" if goes_on else None}).encode()
    sight = Sight("audit", "e1", began, began + 1.0, status, body, path, behind)
    return list(ill_trailed(court(passed_on()), [sight]))


def test_is_silent_about_the_audit_as_it_is_and_was() -> None:
    assert found(ROWS) == []
    assert found(ROWS[:3], "?limit=3", goes_on=True) == []
    assert found(ROWS[3:], behind=("1", "2", "3")) == []
    assert found(ROWS[1:3], "?booking=b1") == []
    assert found(ROWS[1:3], "?customer=p1") == []
    assert found(ROWS[2:3], "?customer=p2") == []


def test_lets_what_was_under_way_be_shown_or_not() -> None:
    assert found(ROWS, began=6.5) == []
    assert found(ROWS[:3], began=6.5) == []
    assert len(found(ROWS[:2], began=6.5)) == 1
    assert len(found(ROWS, began=4.5)) == 1


@pytest.mark.parametrize("name", list(ROWS[2]))
def test_finds_each_field_that_is_wrong(name: str) -> None:
    spoilt = [*ROWS[:2], {**ROWS[2], name: {} if name == "changes" else "another"}, ROWS[3]]

    assert len(found(spoilt)) == 1


@pytest.mark.parametrize(
    ("items", "more"),
    [
        (ROWS[1:], {}),
        ([ROWS[0], *ROWS[2:]], {}),
        (ROWS[::-1], {}),
        ([*ROWS, ROWS[3]], {}),
        (ROWS[:3], {}),
        (ROWS[:3], {"goes_on": True}),
        (ROWS, {"goes_on": True}),
        (ROWS[:2], {"path": "?limit=2"}),
        (ROWS, {"path": "?limit=2", "goes_on": True}),
        (ROWS[2:], {"behind": ("1",)}),
        (ROWS, {"path": "?booking=b1"}),
        (ROWS[1:2], {"path": "?customer=p1"}),
        ([], {"status": 404}),
        ([{}], {}),
    ],
    ids=str,
)
def test_finds_a_page_that_never_was(items: list[Row], more: dict[str, Any]) -> None:
    assert len(found(items, **more)) >= 1


@pytest.mark.parametrize("side", [0, 1])
def test_finds_a_wrong_value_of_before_or_after(side: int) -> None:
    for name in ("customer", "customerId"):
        pair = [*ROWS[2]["changes"][name]]
        pair[side] = "another"
        changes = {**ROWS[2]["changes"], name: pair}

        assert len(found([*ROWS[:2], {**ROWS[2], "changes": changes}, ROWS[3]])) == 1
    pair = [None, 5]
    pair[side] = 4
    first = {**ROWS[0], "changes": {**ROWS[0]["changes"], "costPerTicket": pair}}
    assert len(found([first, *ROWS[1:]])) == 1
