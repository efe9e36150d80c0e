"""What `make bench` asks, next to what each figure is held against, and what it should come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.wrk import Asked

SALES = "/api/v1/transactions"
PLAIN = "/bench/validated"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that is asked of the server in open mode or of the one where people sign in.

    `against` names the scenario whose rate it is held against, `wanted` the ratio that is aimed at.
    """

    name: str
    server: Literal["open", "required"]
    asked: Asked
    against: str | None = None
    wanted: float | None = None
    connections: int | None = None


def scenarios(event: str, tag: str, token: str, tokens: Sequence[str], etag: str) -> list[Scenario]:
    """Return what a round asks for, in turns; `tag` tells one round's customers from another's."""
    sale = Asked("POST", SALES, f'{{"event":"{event}","nTickets":1}}')
    shown, status = f"/api/v1/events/{event}", f"/api/v1/events/{event}/status"
    bookings = f"{shown}/bookings"

    def booked(who: str) -> str:
        return f'{{"customer":"{who}-{tag}-{{n}}@example.org"}}'

    def signed_in(asked: Asked, *whose: str) -> Asked:
        return Asked(asked.method, asked.path, asked.body, asked.headers, whose)

    read = Asked("GET", status)
    list_ = Asked("GET", f"{SALES}?event={event}&limit=50")
    figures = Asked("GET", "/api/v1/statistics/monthly")
    return [
        Scenario("refused", "open", Asked("POST", SALES, f'{{"event":"{event}"}}', refused=True)),
        Scenario("validated, no database", "open", Asked("POST", PLAIN, sale.body)),
        Scenario("sale", "open", sale, "refused", 0.65),
        Scenario("sale, one token", "required", signed_in(sale, token), "sale", 0.9),
        Scenario("sale, 32 tokens", "required", signed_in(sale, *tokens), "sale", 0.9),
        Scenario("booking", "open", Asked("POST", bookings, booked("o")), "sale", 0.85),
        Scenario("booking, one token", "required",
                 signed_in(Asked("POST", bookings, booked("r")), token), "sale", 0.85),
        Scenario("status", "open", read, "refused", 0.9),
        Scenario("status, one token", "required", signed_in(read, token), "status", 0.85),
        Scenario("event, 304", "open",
                 Asked("GET", shown, headers={"If-None-Match": etag}), "refused", 0.9),
        Scenario("statistics", "open", figures, "refused", 0.5),
        Scenario("list of 50 sales", "open", list_, "refused", 0.5),
        Scenario("sale, one client", "open", sale, connections=1),
        Scenario("sale, one client, one token", "required", signed_in(sale, token),
                 "sale, one client", connections=1),
    ]  # fmt: skip
