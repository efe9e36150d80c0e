"""Those who keep the books: lists page by page, audits and figures, while all of that changes.

Somebody sells for days that are over, too, since the statistics tell of nothing else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.client import Client
from tests.faults.load.history import Operation, new_operation, row_id
from tests.faults.load.people import somebody

if TYPE_CHECKING:
    from tests.faults.load.workload import Workload

API = "/api/v1"
_PAUSE_S = 0.15

# How far back a list of the last sales goes.
_LATELY_S = 2

# Among how many of the newest operations somebody is looked for.
_NEWEST = 50

_STATUSES = "confirmed", "waiting", "cancelled"


def days_that_are_over(today: date) -> Sequence[date]:
    """Return one day of the month before the last, and two of the last."""
    last = (today.replace(day=1) - timedelta(1)).replace(day=1)
    return (last - timedelta(1)).replace(day=1), last, last.replace(day=2)


def sell_for_what_is_over(workload: Workload, chance: random.Random) -> None:
    """Sell tickets of events that are over, and take some back; look at what the months come to.

    Now and then there is one event more in the last month, for a moment.
    """
    client, sold = workload.connect(), [""]
    staff, day = (
        workload.people.staff,
        days_that_are_over(datetime.now(UTC).date())[-1].replace(day=3),
    )
    while not workload.is_over:
        if sold[1:] and chance.random() < 1 / 3:
            asked = [new_operation("DELETE", f"{API}/transactions/{sold.pop()}", None, staff)]
        elif chance.random() < 1 / 8:
            made = workload.new_event(5, 5, day.isoformat())
            client = workload.fulfil(client, made)
            asked = _ends_of(made, workload, chance)
        else:
            body = {"event": chance.choice(workload.over), "nTickets": chance.randint(1, 3)}
            asked = [new_operation("POST", f"{API}/transactions", body, staff)]
        for operation in asked:
            client = workload.fulfil(client, operation)
            if operation.kind == "sell" and operation.granted and operation.answer is not None:
                sold.append(operation.answer.json["id"])
        time.sleep(chance.uniform(0, _PAUSE_S))
    client.close()


def _ends_of(made: Operation, workload: Workload, chance: random.Random) -> list[Operation]:
    """Return what deletes an event, or sells a ticket of it and calls it off."""
    if made.answer is None or not made.granted:
        return []
    id_, staff = made.answer.json["id"], workload.people.staff
    if chance.random() < 1 / 2:
        return [new_operation("DELETE", f"{API}/events/{id_}", None, staff)]
    sold = {"event": id_, "nTickets": 1}
    return [
        new_operation("POST", f"{API}/transactions", sold, staff),
        new_operation("POST", f"{API}/events/{id_}/cancellation", None, staff),
    ]


def look_into_the_books(workload: Workload, chance: random.Random) -> None:
    """Read lists, as many pages as it takes somebody to lose interest, and what they come to."""
    client = workload.connect()
    while not workload.is_over:
        kind, path, query = _any(workload, chance)
        if chance.random() < 2 / 3 and kind not in ("statistics", "figures of the counter"):
            query = {**query, "limit": chance.choice((2, 10, 100))}
        try:
            read_pages(workload, client, kind, path, query, chance.randint(1, 3))
        except (HTTPException, OSError):
            client.close()
            client = workload.connect()
        client = workload.elsewhere(client, chance)
        time.sleep(chance.uniform(0, _PAUSE_S))
    client.close()


def read_pages(
    workload: Workload,
    client: Client,
    kind: str,
    path: str,
    query: Mapping[str, object],
    most: int,
) -> None:
    """Read the first pages of a list; raises as the client does where no answer comes."""
    behind: tuple[str, ...] = ()
    for _ in range(most):
        address = f"{path}?{urlencode(query)}" if query else path
        answer = workload.read(client, kind, address, behind=behind)
        page = answer.json if answer.status == 200 else None
        if not isinstance(page, dict) or page.get("next") is None:
            return
        behind += tuple(row_id(row) for row in page["items"])
        query = {**query, "cursor": page["next"]}


def _any(workload: Workload, chance: random.Random) -> tuple[str, str, Mapping[str, object]]:
    """Choose what to look at: where it is, and which part of it."""
    event = chance.choice([*workload.events, *workload.over])
    spelling = _whoever_booked(workload, chance)
    since = datetime.now(UTC) - timedelta(seconds=_LATELY_S)
    lately = {"from": since.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    sales, bookings = f"{API}/transactions", f"{API}/bookings"
    reads: Sequence[tuple[str, str, Mapping[str, object]]] = (
        ("audit", f"{API}/events/{event}/audit", {}),
        ("audit", f"{API}/events/{event}/audit", {"customer": spelling}),
        ("waiting list", f"{API}/events/{event}/waiting-list", {}),
        ("cancellation", f"{API}/events/{event}/cancellation", {}),
        ("events", f"{API}/events", {}),
        ("bookings", bookings, {"event": event}),
        ("bookings", bookings, {"event": event, "status": chance.choice(_STATUSES)}),
        ("bookings", bookings, {"customer": spelling}),
        ("transactions", sales, {"event": event}),
        ("transactions", sales, {"event": event, "status": "cancelled"}),
        ("transactions", sales, lately),
        ("figures of the counter", f"{sales}/summary", {"event": event}),
        ("figures of the counter", f"{sales}/summary", {}),
        ("statistics", f"{API}/statistics/monthly", {}),
        ("statistics", f"{API}/statistics/monthly", {"months": 3}),
        ("statistics", f"{API}/statistics/monthly", {"window": "complete"}),
    )
    return chance.choice(reads)


def _whoever_booked(workload: Workload, chance: random.Random) -> str:
    """Return a name under which somebody has booked lately, or anybody's."""
    booked = [one for one in workload.history[-_NEWEST:] if _is_booked(one)]
    names = [str(one.body["customer"]) for one in booked if one.body and "customer" in one.body]
    return chance.choice(names or [somebody(chance)[1]])


def _is_booked(operation: Operation) -> bool:
    return operation.via == "api" and operation.kind == "book" and operation.granted
