"""The rush on one hot event, and what else people do meanwhile, in turns.

`python -m bench.rush [--rounds N] [--seconds S] [--connections C] [--only WORD] [--quick]` starts a
MongoDB and three servers as `make serve` does, with two workers each: one in open mode, one where
people sign in, with limits that nobody reaches, and one that commits each change by itself. wrk
asks each scenario of `bench.load.scenarios` in turns. What counts are the ratios within a round,
since the machine's own speed cancels out, and the processor time of a request, which neighbours
don't touch. Needs wrk (Debian's package `wrk`).

It fails, with a sentence, where something is wrong: an answer that is not the expected one, or
books that don't agree afterwards. It never fails for a time. `--quick` asks each scenario once,
for a second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.load import books
from bench.load.office import Office, own_office
from bench.load.rounds import Rounds, Scenario
from bench.load.running import Record, exit_code, parser
from bench.load.scenarios import HOT, QUIET, WARM_UP_S, prepare, scenarios
from bench.load.serving import SECRET, Server, serving
from bench.report.figures import Line
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.tokens import Tokens
from ticketing.storage.driver.clients import Database

TOKENS = 32
ARGUMENTS = ("rounds", "seconds", "connections", "workers", "cancellations")
NO_LIMIT = "1000000 per minute"


def main() -> int:
    """Run the benchmark; the exit code says whether all was answered and kept as it should be."""
    asked = _arguments()
    with own_office() as office:
        return exit_code(lambda: _measure(office, asked))


def _measure(office: Office, asked: argparse.Namespace) -> None:
    record = Record("bench", office)
    tokens = _sign_in(office.db)
    prepare(office)
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                serving(office, asked.workers, "bench.load.wsgi:app", settings=settings)
            )
            for name, settings in _SERVERS.items()
        }
        rounds = Rounds(office, servers, asked.connections)
        lines = _run(office, servers["open"], rounds, tokens, asked)
    agree = books.check(office, HOT, rounds.tally)
    record.keep(lines, agree, asked, ARGUMENTS)


_SERVERS: dict[str, dict[str, str]] = {
    "open": {},
    "required": {
        "AUTH": "required",
        "SECRET_KEY": SECRET,
        "RATE_WRITES": NO_LIMIT,
        "RATE_READS": NO_LIMIT,
    },
    "alone": {"GROUP_SIZE": "1"},
}


def _run(
    office: Office, server: Server, rounds: Rounds, tokens: Sequence[str], asked: argparse.Namespace
) -> list[Line]:
    etag = server.client().get(f"/api/v1/events/{QUIET}").headers["ETag"]

    def of_round(number: int) -> list[Scenario]:
        return scenarios(office, number, tokens, etag, asked.cancellations)

    rounds.warm_up(_first_of_each_server(of_round(asked.rounds)), asked.warm_up)
    return rounds.run(asked.rounds, asked.seconds, _only(asked.only, of_round))


def _first_of_each_server(all_: Sequence[Scenario]) -> list[Scenario]:
    return [next(s for s in all_ if s.server == server and s.asked.changes) for server in _SERVERS]


def _only(
    word: str, of_round: Callable[[int], Sequence[Scenario]]
) -> Callable[[int], list[Scenario]]:
    """Leave out what has not this word in its name, but for what others are held against."""

    def some(number: int) -> list[Scenario]:
        all_ = of_round(number)
        chosen = {s.name for s in all_ if word in s.name}
        needed = {s.against for s in all_ if s.name in chosen}
        return [s for s in all_ if s.name in chosen | needed]

    return some


def _sign_in(db: Database) -> list[str]:
    """Make staff and return a token of each, as signing in does."""
    tokens = Tokens([SECRET], 3600)
    passwords, now = Passwords(), datetime.now(UTC)
    users = [register(db, passwords, f"till-{n}@example.org", "the till's own password", now,
                      Role.STAFF, verified=True) for n in range(TOKENS + 1)]  # fmt: skip
    return [tokens.issue(user, now) for user in users]


def _arguments() -> argparse.Namespace:
    made = parser("The rush on one hot event.", "bench", seconds=3)
    made.add_argument("--connections", type=int, default=32)
    made.add_argument("--workers", type=int, default=2)
    made.add_argument(
        "--cancellations", type=int, default=3000, help="how many may be cancelled in a round"
    )
    made.add_argument("--quick", action="store_true", help="each scenario once, for a second")
    asked = made.parse_args()
    asked.warm_up = WARM_UP_S
    if asked.quick:
        asked.rounds = asked.seconds = asked.warm_up = 1
        asked.cancellations = 500
        asked.json = (
            asked.json.with_stem("bench-quick") if asked.json == Path("bench.json") else asked.json
        )
    return asked


if __name__ == "__main__":
    sys.exit(main())
