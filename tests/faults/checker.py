"""Compares what the clients were told with what is stored.

Everything about counters, bookings, trail and the waiting list is `verify`'s part; here it is about
promises: what was acknowledged is there, once, and what was asked once happened at most once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.crowd import Wish
from ticketing.services.verification import verify
from ticketing.storage.clients import Database

# Each of these is the effect of one request; assignments and the like are only consequences.
_EFFECTS = ("sold", "booked", "waitlisted", "cancelled", "returned", "reduced", "transferred")


@dataclass
class Findings:
    """What is wrong: a sentence each."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.duplicated, *self.differing, *self.errors]


def check(db: Database, history: Sequence[Wish]) -> Findings:
    """Check the database against the clients' histories."""
    entries = list(db.audit.find({}, {"request_id": True, "action": True, "booking": True}))
    statuses = {b["_id"]: b["status"] for b in db.bookings.find({}, {"status": True})}
    findings = compare(history, entries, statuses)
    findings.differing += [f"event {id_}: {difference}" for id_, difference in verify(db)]
    return findings


def compare(
    history: Iterable[Wish],
    entries: Sequence[Mapping[str, Any]],
    statuses: Mapping[str, str],
) -> Findings:
    """Compare histories with audit entries and the bookings' statuses."""
    findings = Findings()
    effects = Counter(e["request_id"] for e in entries if e["action"] in _EFFECTS)
    asked = set()
    for wish in history:
        asked.add(wish.key)
        if effects[wish.key] > 1:
            findings.duplicated.append(f"{wish.method} {wish.path}: {effects[wish.key]} effects")
        if wish.answer is None:
            findings.errors.append(f"{wish.method} {wish.path}: no answer ({wish.told[-3:]})")
            continue
        if 500 in wish.told:
            findings.errors.append(f"{wish.method} {wish.path}: 500")
        _check_promise(wish, wish.answer.status, effects[wish.key], statuses, findings)
    for key in effects.keys() - asked:
        findings.duplicated.append(f"an effect that nobody asked for: {key}")
    return findings


def _check_promise(
    wish: Wish, status: int, effects: int, statuses: Mapping[str, str], findings: Findings
) -> None:
    assert wish.answer is not None
    if status in (201, 202):
        if wish.answer.json["id"] not in statuses or effects != 1:
            findings.lost.append(f"{wish.path} {wish.answer.json['id']}: {effects} effects")
    elif status == 200 and wish.method == "DELETE":
        if statuses.get(wish.path.rpartition("/")[2]) != "cancelled":
            findings.lost.append(f"{wish.path}: acknowledged, but not cancelled")
    elif status == 200 and effects != 1:
        findings.lost.append(f"{wish.method} {wish.path}: {effects} effects")
    elif status >= 400 and effects:
        findings.duplicated.append(f"{wish.method} {wish.path}: refused, with {effects} effects")
