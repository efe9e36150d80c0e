"""What `make bench` asks, next to what each figure is held against, and what it should come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bench.load.office import PREPARING, Office
from bench.load.rounds import Scenario
from bench.load.wrk import Asked
from bench.verifying import fill
from ticketing.domain.commands.events import Create
from ticketing.services import commands

EVENT = {"name": "Rush", "date": "2040-10-31", "capacity": 1_000_000, "costPerTicket": 5}
WARM_UP_S = 2
SALES = "/api/v1/transactions"
PLAIN = "/bench/validated"
BARE, FLASK = "/bench/bare", "/bench/flask"
STATISTICS = "/api/v1/statistics/monthly"

HOT, QUIET = "hot", "quiet"
MANY = 50


def prepare(office: Office) -> None:
    """Create the hot event, one that nobody buys of, and many, one for each of the last weeks."""
    handler = office.handler()
    handler.execute(_event(date(2040, 10, 31)), on=HOT, caller=PREPARING)
    handler.execute(_event(date(2040, 11, 1)), on=QUIET, caller=PREPARING)
    today = datetime.now(UTC).date()
    for number in range(MANY):
        day = today - timedelta(weeks=number)
        handler.execute(_event(day), on=f"many-{number}", caller=PREPARING)


def an_event(office: Office) -> str:
    """Create an event on a day that is free; return its id."""
    number = office.db.events.estimated_document_count()
    day = date(2040, 1, 1) + timedelta(days=number)
    office.handler().execute(_event(day), on=f"event-{number}", caller=PREPARING)
    return f"event-{number}"


def sale(event: str) -> Asked:
    """Return what sells a ticket of an event over the counter."""
    return Asked("POST", SALES, f'{{"event":"{event}","nTickets":1}}', status=201)


def refused(event: str) -> Asked:
    """Return what sells none, since a field is missing: refused before anything is looked up."""
    return Asked("POST", SALES, f'{{"event":"{event}"}}', status=400)


def booking(event: str, who: str, status: int = 201) -> Asked:
    """Return what books a ticket for somebody new; `who` tells one scenario's from another's."""
    body = f'{{"customer":"{who}-{{n}}@example.org"}}'
    return Asked("POST", f"/api/v1/events/{event}/bookings", body, status=status)


def scenarios(
    office: Office, number: int, tokens: Sequence[str], etag: str, cancellations: int
) -> list[Scenario]:
    """Return what a round asks for, in turns, by its number; `etag` is the quiet event's.

    "open" is a server in open mode, "required" one where people sign in, and "alone" one that
    commits each change by itself.
    """
    one, *others = tokens
    hot = sale(HOT)
    spread = replace(sale("{value}"), values=lambda: [f"many-{n}" for n in range(MANY)])
    status = Asked("GET", f"/api/v1/events/{HOT}/status")
    unchanged = {"If-None-Match": etag}
    known = Asked("GET", f"/api/v1/events/{QUIET}/status", headers=unchanged, status=304)
    wait = booking(f"full-{number}", f"w-{number}", 202)
    storm = Asked("DELETE", "/api/v1/bookings/{value}", once=True,
                  values=lambda: _storm(office, number, cancellations))  # fmt: skip
    _sell_out(office, number)
    return [
        Scenario("refused", "open", refused(HOT)),
        Scenario("validated, no database", "open", replace(hot, path=PLAIN, effect=False)),
        Scenario("sale", "open", hot, "refused", 0.65),
        Scenario("sale, a commit each", "alone", hot, "sale"),
        Scenario("sale, one token", "required", replace(hot, tokens=[one]), "sale", 0.9),
        Scenario("sale, 32 tokens", "required", replace(hot, tokens=others), "sale", 0.9),
        Scenario("sale, 50 events", "open", spread, "sale"),
        Scenario("booking", "open", booking(HOT, f"o-{number}"), "sale", 0.85),
        Scenario("booking, one token", "required",
                 replace(booking(HOT, f"r-{number}"), tokens=[one]), "sale", 0.85),
        Scenario("joining the waiting list", "open", wait, "booking"),
        Scenario("cancelled, the next served", "open", storm, "booking"),
        Scenario("status", "open", status, "refused", 0.9),
        Scenario("status, one token", "required", replace(status, tokens=[one]), "status", 0.85),
        Scenario("status, 304", "open", known, "refused", 0.9),
        Scenario("event, 304", "open",
                 replace(known, path=f"/api/v1/events/{QUIET}"), "refused", 0.9),
        Scenario("statistics", "open", Asked("GET", STATISTICS), "refused", 0.5),
        Scenario("list of 50 sales", "open",
                 Asked("GET", f"{SALES}?event={HOT}&limit=50"), "refused", 0.5),
        Scenario("sale, one client", "open", hot, connections=1),
        Scenario("sale, one client, one token", "required", replace(hot, tokens=[one]),
                 "sale, one client", connections=1),
    ]  # fmt: skip


def _event(day: date, capacity: int = 1_000_000) -> Create:
    return Create("Rush", None, day, capacity, 500)


def _sell_out(office: Office, number: int) -> None:
    """Create an event for this round whose only ticket is sold."""
    handler, id_ = office.handler(), f"full-{number}"
    new = _event(date(2042, 1, 1) + timedelta(days=number), capacity=1)
    handler.execute(new, on=id_, caller=PREPARING)
    handler.execute(commands.sell(1), on=id_, caller=PREPARING)


def _storm(office: Office, number: int, cancellations: int) -> list[str]:
    """Create an event of this round's own in which so many may cancel and as many wait.

    Return the ids of what can be cancelled, as one more than are asked for: wrk leaves out the
    first.
    """
    able = cancellations + 1
    first = number * 10_000_000
    handler = office.handler(ago=timedelta(minutes=10, milliseconds=3 * able))
    fill(office.db, handler, 3 * able, event=f"storm-{number}", waiting=able, first=first,
         day=date(2043, 1, 1) + timedelta(days=number))  # fmt: skip
    return [f"b{first + n:023x}" for n in range(1, 2 * able, 2)]
