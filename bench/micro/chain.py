"""What the chain costs a sale, in Python's processor time.

`python -m bench.micro.chain [--times N]` needs no MongoDB. It computes the hash of one entry of
each kind N times over, and how much of that is the text and how much SHA-256; then it decides sales
in batches of sixteen, as a rush has them, with the chain and without, in turns. It prints
microseconds for an entry, the median of seven rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from unittest.mock import patch

from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes import chain
from ticketing.domain.changes.chain import Head
from ticketing.domain.changes.read_set import ReadSet
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.decide import decide
from ticketing.domain.commands.events import Create
from ticketing.domain.commands.sales import Sell
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer

ROUNDS, BATCH = 7, 16
NOW = datetime(2026, 11, 29, 20, 15, 30, 123000, tzinfo=UTC)
EVENT, BOOKING, REQUEST = (f"674712a0c41d5e9b7f0a{n:04x}" for n in range(3))
BEFORE = Head(16, sha256(b"16").hexdigest())
CALLER = Caller(EVENT, REQUEST * 2)


def main() -> int:
    """Print a line for each kind of entry, and one for a sale."""
    parser = argparse.ArgumentParser(description="What the chain costs a sale.")
    parser.add_argument("--times", type=int, default=20_000)
    times = parser.parse_args().times
    for name, entry in _entries().items():
        whole = _microseconds(lambda entry=entry: chain.next_head(BEFORE, entry), times)  # type: ignore[misc]
        text = BEFORE.hash + chain._text_of(entry, 16)  # noqa: SLF001
        hashed = _microseconds(lambda text=text: sha256(text.encode()).hexdigest(), times)  # type: ignore[misc]
        print(f"{name:<12} {whole:5.1f} µs, {hashed:4.1f} of them SHA-256 of {len(text)} bytes")
    with_chain, without = _sales(times)
    print(f"a sale, decided in a batch of {BATCH}: {with_chain:.1f} µs; without: {without:.1f} µs")
    return 0


def _entries() -> dict[str, AuditEntry]:
    sold = AuditEntry(
        event=EVENT, sequence=17, action="sold", booking=BOOKING, customer=None, tickets=1,
        total=500, sold=17, waiting=0, changes={}, actor=CALLER.actor, at=NOW,
        request_id=CALLER.request_id,
    )  # fmt: skip
    ended = {"status": ("confirmed", "cancelled"), "reason": (None, "customer")}
    made = {"name": (None, "Gala"), "venue": (None, "The Barn"), "day": (None, date(2026, 11, 30)),
            "capacity": (None, 100), "price": (None, 500)}  # fmt: skip
    return {
        "sold": sold,
        "cancelled": _but(
            sold, action="cancelled", customer=Customer(BOOKING, None), changes=ended
        ),
        "created": _but(sold, action="created", booking=None, changes=made),
    }


def _but(entry: AuditEntry, **other: object) -> AuditEntry:
    fields = {name: getattr(entry, name) for name in AuditEntry.__slots__}
    return AuditEntry(**{**fields, **other})


def _sales(times: int) -> tuple[float, float]:
    """Return what it takes to decide one sale of a batch, with the chain and without."""
    create = Envelope(Create("Gala", None, None, 1_000_000, 500), CALLER)
    event = decide(EVENT, None, ReadSet(), [create], NOW).after
    envelopes = [Envelope(Sell(BOOKING, 1), CALLER) for _ in range(BATCH)]

    def sell() -> None:
        decide(EVENT, event, ReadSet(), envelopes, NOW)

    found: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        found[0].append(_round(sell, max(1, times // BATCH)) / BATCH)
        with patch(
            "ticketing.domain.changes.change_set.next_head",
            lambda _, entry: Head(entry.sequence, BEFORE.hash),
        ):
            found[1].append(_round(sell, max(1, times // BATCH)) / BATCH)
    return statistics.median(found[0]), statistics.median(found[1])


def _microseconds(act: Callable[[], object], times: int) -> float:
    return statistics.median(_round(act, times) for _ in range(ROUNDS))


def _round(act: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - began) / times * 1e6


if __name__ == "__main__":
    sys.exit(main())
