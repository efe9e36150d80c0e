"""Compares what the clients were told with what is stored.

Counters, bookings, trail and statistics against each other are `verify`'s part; here it is about
promises: what was acknowledged is there, once; what was asked once happened at most once; nobody
was overtaken; and what everybody saw fits into one order of all that happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any

from tests.faults.judging.answers.answers import untrue
from tests.faults.judging.answers.envelopes import ill_said
from tests.faults.judging.answers.heads import false_heads
from tests.faults.judging.answers.refusals import unjustified
from tests.faults.judging.past.court import Court, summon
from tests.faults.judging.past.forgotten import forgotten
from tests.faults.judging.past.timeline import Timeline, disorder
from tests.faults.judging.rules.gone import incomplete, not_left, shown_again
from tests.faults.judging.rules.moves import halves
from tests.faults.judging.rules.rules import broken
from tests.faults.judging.shown.figures import miscounted
from tests.faults.judging.shown.lists import ill_listed
from tests.faults.judging.shown.reads import misread
from tests.faults.judging.shown.rows import ill_shown
from tests.faults.judging.shown.sights import never_so
from tests.faults.judging.shown.trails import ill_trailed
from tests.faults.judging.sometimes import met
from tests.faults.load import briefs, pages
from tests.faults.load.history import Look, Operation, Sight
from tests.faults.load.workload import Workload
from ticketing.services.verification import verify
from ticketing.storage.driver.clients import Database

# Each of these is the effect of one request; assignments and the like are only consequences.
# A move is what has arrived; that it has left as well is for its own judge.
_EFFECTS = ("created", "replaced", "deleted", "called_off", "sold", "booked", "waitlisted",
            "cancelled", "returned", "reduced", "added", "offered", "withdrawn", "transferred",
            "moved_in", "changed")  # fmt: skip

# Granted where there is nothing to change, too; and who leaves may have nothing to give up.
_MAY_CHANGE_NOTHING = ("withdraw", "change", "erase")

_ENDS = ("cancelled", "returned")

# Who the audit names where the service goes on by itself.
_SERVICE = "office"


@dataclass
class Findings:
    """What is wrong: a sentence each."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    unruly: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    starved: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        kinds = [kind.name for kind in fields(self)]
        return [f"{kind}: {text}" for kind in kinds for text in getattr(self, kind)]


def check(
    db: Database, workload: Workload, metrics: Sequence[str], *, race: bool
) -> tuple[Findings, Counter[str]]:
    """Check the database against the clients' histories; count what they have met, too.

    `metrics` is what each host has counted, `race` says that only another host can have won.
    """
    history = [pages.as_of_the_api(briefs.as_of_the_api(one)) for one in workload.history]
    entries = list(db.audit.find({}))
    statuses = {b["_id"]: b["status"] for b in db.bookings.find({}, {"status": True})}
    findings = compare(history, entries, statuses)
    judge(history, workload.looks, entries, findings)
    court = summon(history, workload.looks, entries)
    findings.untrue += [
        *untrue(court),
        *unjustified(court),
        *misread(court, workload.looks),
        *false_heads(court, workload.looks),
        *ill_said(workload.history),
        *untrue_of(court, workload.sights, datetime.now(UTC).date()),
    ]
    findings.unruly += [*halves(court), *broken(court, workload.people.person_of)]
    findings.unruly += [*shown_again(court, workload.sights), *not_left(court)]
    findings.differing += _records(db, entries)
    findings.differing += [f"event {id_}: {difference}" for id_, difference in verify(db)]
    return findings, met(court, metrics, workload.sights, race=race)


def untrue_of(court: Court, sights: Sequence[Sight], today: date) -> Iterator[str]:
    """Find what somebody was shown, of whatever kind, that was so at no moment."""
    yield from never_so(court, sights)
    yield from incomplete(court, sights)
    yield from ill_shown(court, sights)
    yield from ill_listed(court, sights, today)
    yield from ill_trailed(court, sights)
    yield from miscounted(court, sights, today)


def compare(
    history: Iterable[Operation],
    entries: Sequence[Mapping[str, Any]],
    statuses: Mapping[str, str],
) -> Findings:
    """Compare histories with audit entries and the bookings' statuses."""
    findings = Findings()
    history = list(history)
    effects, unheard = effects_of(entries), forgotten(history)
    made = {*statuses, *(entry["event"] for entry in entries if entry["action"] == "created")}
    asked = set()
    for operation in history:
        asked.add(operation.key)
        if operation.kind == "erase":
            effects[operation.key] = 0  # the places in lines that are given up have their own judge
        elif effects[operation.key] > 1:
            findings.duplicated.append(
                f"{operation.method} {operation.path}: {effects[operation.key]} effects"
            )
        if 500 in operation.told:
            findings.errors.append(f"{operation.method} {operation.path}: 500")
        if operation.answer is None:
            findings.errors.append(
                f"{operation.method} {operation.path}: no answer ({operation.told[-3:]})"
            )
            continue
        if operation.key not in unheard:
            count = effects[operation.key]
            _check_promise(operation, operation.answer.status, count, made, statuses, findings)
    for key in effects.keys() - asked:
        findings.duplicated.append(f"an effect that nobody asked for: {key}")
    return findings


def judge(
    history: Iterable[Operation],
    looks: Sequence[Look],
    entries: Sequence[Mapping[str, Any]],
    findings: Findings,
) -> None:
    """Replay each event's trail, and fit into it what the clients asked, were told and saw."""
    history = list(history)
    unheard = forgotten(history)
    operations = {one.key: one for one in history if one.key not in unheard}
    for event in {entry["event"] for entry in entries}:
        timeline = Timeline(entry for entry in entries if entry["event"] == event)
        seen = [look for look in looks if look.event == event]
        findings.oversold += timeline.oversold
        findings.overtaken += timeline.overtaken
        findings.disordered += disorder(timeline, operations, seen)


def effects_of(entries: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Count the effects of each request.

    What ends with an event that is called off is no effect of its own, nor what the service does
    under its own name, whoever's commit it is done in.
    """
    entries = list(entries)
    called_off = {e["request_id"] for e in entries if e["action"] == "called_off"}
    return Counter(
        entry["request_id"]
        for entry in entries
        if entry["action"] in _EFFECTS and entry.get("actor") != _SERVICE
        if entry["action"] not in _ENDS or entry["request_id"] not in called_off
    )


def _records(db: Database, entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Find kept answers that report what is not there, or what was refused and is."""
    effects = effects_of(entries)
    wrong = []
    for record in db.idempotency.find({}, {"key": True, "status": True}):
        made, count = record["status"] in (201, 202), effects[record["key"]]
        if (made and count != 1) or (record["status"] >= 400 and count):
            wrong.append(f"the answer kept under {record['key']} has {count} effects")
    return wrong


def _check_promise(
    operation: Operation,
    status: int,
    effects: int,
    made: Collection[str],
    statuses: Mapping[str, str],
    findings: Findings,
) -> None:
    assert operation.answer is not None
    if status in (201, 202):
        told = operation.answer.json
        # A page does not name what is one's own.
        id_ = operation.subject if operation.kind == "offer" else told.get("id")
        if effects != 1 or (id_ not in made and not (id_ is None and operation.via == "page")):
            findings.lost.append(f"{operation.path} {id_}: {effects} effects")
    elif status == 200 and operation.kind in ("cancel", "return"):
        if statuses.get(operation.subject) != "cancelled":
            findings.lost.append(f"{operation.path}: acknowledged, but not cancelled")
    elif status in (200, 204) and effects != 1 and operation.kind not in _MAY_CHANGE_NOTHING:
        findings.lost.append(f"{operation.method} {operation.path}: {effects} effects")
    elif status >= 400 and effects:
        findings.duplicated.append(
            f"{operation.method} {operation.path}: refused, with {effects} effects"
        )
