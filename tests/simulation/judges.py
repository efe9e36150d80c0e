"""Looks at a run that is over, and says what should not have been; one sentence each.

None of them shares code with the rules. The replays are those of `make faults`
(`tests/faults/judging`) and of `make verify` (`ticketing/domain/verification`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

from tests.domain.all_at_once import differences
from tests.faults.judging.past.court import Court
from tests.faults.judging.past.replay import Replay
from tests.faults.judging.past.timeline import Timeline, disorder
from tests.faults.judging.rules.moves import halves
from tests.faults.load import history
from tests.simulation.clients import (
    ACCOUNTS,
    EVENTS,
    MOST,
    NOTHING_HAPPENED,
    SPOILT,
    Attempt,
    Operation,
    answer_of,
)
from tests.simulation.mongodb.matching import Document
from tests.simulation.plan import Plan
from tests.simulation.simulation import Simulation
from ticketing.domain.commands.bookings import Book, Resize
from ticketing.domain.commands.events import CallOff, Create
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.sales import Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer
from ticketing.domain.errors import Busy, Unavailable, Unreadable
from ticketing.domain.identity.caller import SYSTEM_ACTOR
from ticketing.storage import customers
from ticketing.storage.documents import AUDIT, BOOKINGS, Fields
from ticketing.storage.documents import EVENTS as EVENT_DOCUMENTS

GRANTED = (
    b"Event(",
    b"BookingResult(",
    b"Booking(",
    b"EventResult(",
    b"TransferOffer(",
    b"CalledOff(",
)
CHANGING = Sell | Book | Transfer | Resize | Offer | Accept | Leave | CallOff | Create
ACQUIRING = "booked", "waitlisted", "added"
ACCOUNT_IDS = {account.id for account in ACCOUNTS}

# As a head is written in an outcome.
_HEAD = re.compile(r"Head\(sequence=(\d+), hash='([0-9a-f]{64})'\)")

# What a commit does beside what was asked of it, under the same request.
_FOLLOWING = "assigned", "moved_out"


class Evidence:
    """What a run has left, in the words of the judges."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.operations = simulation.operations
        self.attempts = simulation.attempts
        self.trails = {
            event: sorted(
                (d for d in simulation.server.all_of("audit") if d["event"] == event),
                key=lambda entry: cast(int, entry["sequence"]),
            )
            for event in EVENTS
        }
        self.timelines = {event: Timeline(trail) for event, trail in self.trails.items()}
        self.replays = {event: Replay(trail) for event, trail in self.trails.items()}

    @cached_property
    def effects(self) -> Counter[str]:
        """How many changes each request has made, but for those that only follow from them."""
        return Counter(
            entry["request_id"]
            for trail in self.trails.values()
            for entry in trail
            if entry["actor"] != SYSTEM_ACTOR
            if entry["action"] not in _FOLLOWING and not self._is_of_calling_off(entry)
        )

    def effects_of(self, operation: Operation) -> int:
        """Count the changes that an operation has made."""
        return sum(self.effects[attempt.request_id] for attempt in operation.attempts)

    def _is_of_calling_off(self, entry: Document) -> bool:
        attempt = self.attempts.get(entry["request_id"])
        off = attempt is not None and isinstance(attempt.operation.command, CallOff)
        return off and entry["action"] != "called_off"


def broken(evidence: Evidence) -> Iterator[str]:
    """Find who waited for ever, and errors that nobody expected."""
    yield from evidence.simulation.broken


def starved(evidence: Evidence) -> Iterator[str]:
    """Find who never had an answer, and requests that took longer than any may."""
    plan = evidence.simulation.plan
    for operation in evidence.operations.values():
        if not operation.answers and not operation.is_given_up:
            yield f"{operation.name} never had an answer"
    # In the queue and in the commit; before each the turn; and once more what remains to be done.
    once = plan.wait_s + plan.commit_s + 2 * (plan.turn_patience_s + plan.lock_patience_s + 1)
    for attempt in evidence.attempts.values():
        if attempt.told is not None and attempt.ended - attempt.began > 2 * once + 4:
            yield f"{attempt.request_id} took {attempt.ended - attempt.began:.1f} s"


def asleep(evidence: Evidence) -> Iterator[str]:
    """Find who was not woken, and woke when their time in the queue was over, with their result.

    Only where nothing is broken: then everything else is a matter of milliseconds.
    """
    plan = evidence.simulation.plan
    for attempt in evidence.attempts.values():
        if (
            plan.is_calm
            and attempt.told is not None
            and (attempt.ended - attempt.began >= plan.wait_s)
        ):
            yield f"{attempt.request_id} slept until its time was over"


def impatient(evidence: Evidence) -> Iterator[str]:
    """Find who was told that it is busy before their time was over, or that of who led them."""
    plan = evidence.simulation.plan
    queued = min(plan.wait_s, plan.request_s - 0.1)
    taken = min(plan.commit_s, plan.request_s) - 0.1
    for attempt in evidence.attempts.values():
        if not isinstance(attempt.told, Busy) or _is_twin_of_unkept(attempt):
            continue
        if attempt.ended - attempt.began >= queued:
            continue
        leaders = (a for a in evidence.attempts.values() if _may_lead(a, attempt, plan))
        if not any(a.began <= attempt.ended - taken and a.ended >= attempt.ended - 0.1
                   for a in leaders):  # fmt: skip
            yield f"{attempt.request_id} was told Busy after {attempt.ended - attempt.began} s"


def _may_lead(one: Attempt, attempt: Attempt, plan: Plan) -> bool:
    """Return whether a batch with an attempt in it may have been committed by another's thread."""
    if plan.combines:
        return one.process.partition(".")[0] == attempt.process.partition(".")[0]
    return one.process == attempt.process


def _is_twin_of_unkept(attempt: Attempt) -> bool:
    """Return whether the twin of a request may have been told so at once.

    A code that is gone is a refusal that is kept under no key: a twin in the same batch asks again.
    """
    return isinstance(attempt.told, Busy) and isinstance(attempt.operation.command, Accept)


def troubled(evidence: Evidence) -> Iterator[str]:
    """Find who was not served though nothing was broken."""
    if not evidence.simulation.plan.is_calm:
        return
    for attempt in evidence.attempts.values():
        if isinstance(attempt.told, Unavailable) and not _is_twin_of_unkept(attempt):
            yield f"{attempt.request_id} was told {attempt.told!r}, and nothing is broken"


def lost(evidence: Evidence) -> Iterator[str]:
    """Find what was granted and is not there."""
    for attempt in evidence.attempts.values():
        answer = answer_of(attempt.told) or b""
        is_granted = answer.startswith(GRANTED) and isinstance(attempt.operation.command, CHANGING)
        if is_granted and not evidence.effects_of(attempt.operation):
            yield f"{attempt.request_id} was granted, and is not there"


def doubled(evidence: Evidence) -> Iterator[str]:
    """Find what happened more than once, and answers to one key that differ."""
    for operation in evidence.operations.values():
        if (count := evidence.effects_of(operation)) > 1:
            yield f"{operation.name} happened {count} times"
        answers = {answer for a in operation.attempts if (answer := answer_of(a.told))}
        if operation.has_key and len(answers) > 1:
            yield f"{operation.name} was answered {answers}"


def untrue(evidence: Evidence) -> Iterator[str]:
    """Find what happened though it was refused, or though nothing should have happened."""
    for attempt in evidence.attempts.values():
        if isinstance(attempt.told, NOTHING_HAPPENED) and evidence.effects[attempt.request_id]:
            yield f"{attempt.request_id} was told {attempt.told!r}, and it has happened"
        answer = answer_of(attempt.told)
        if answer and not answer.startswith(GRANTED) and evidence.effects_of(attempt.operation):
            yield f"{attempt.request_id} was refused with {answer!r}, and it has happened"


def unchained(evidence: Evidence) -> Iterator[str]:
    """Find who was told a head that is not the one after their own change."""
    heads = {
        f"{entry['sequence']}:{entry['hash']}": (entry, following)
        for trail in evidence.trails.values()
        for entry, following in pairwise([*trail, None])
        if entry is not None
    }
    for operation in evidence.operations.values():
        for answer in operation.answers:
            if (found := _HEAD.search(answer.decode())) is None:
                continue
            entry, following = heads.get(f"{found[1]}:{found[2]}", (None, None))
            own = {attempt.request_id for attempt in operation.attempts}
            if entry is None:
                yield f"{operation.name} was told a head that is none: {found[0]}"
            elif evidence.effects_of(operation) and not _ends_with(own, entry, following):
                yield f"{operation.name} was told another's head: {found[0]}"


def _ends_with(own: Collection[str], entry: Document, following: Document | None) -> bool:
    """Return whether an entry is the last of these requests, but for what they left to be done."""
    if entry["request_id"] not in own:
        return False
    goes_on = following is not None and following["request_id"] in own
    return not goes_on or (following is not None and following["actor"] == SYSTEM_ACTOR)


def unseen(evidence: Evidence) -> Iterator[str]:
    """Find bookings that were not found though somebody had been told that they are there."""
    told = {
        operation.command.booking: operation.ended
        for operation in evidence.operations.values()
        if isinstance(operation.command, Book | Sell) and operation.answers
        if operation.answers[0].startswith(GRANTED)
    }
    elsewhere = {
        entry["booking"]
        for trail in evidence.trails.values()
        for entry in trail
        if entry["action"] in ("moved_out", "sold")
    }
    for operation in evidence.operations.values():
        answer = operation.answers[0] if operation.answers else b""
        booking = getattr(operation.command, "booking", "")
        if not answer.startswith(b"BookingNotFound(") or operation.customer or booking in elsewhere:
            continue
        if told.get(booking, operation.began) < operation.began:
            yield f"{operation.name} did not find {booking}, which was there before it asked"


def unreadable(evidence: Evidence) -> Iterator[str]:
    """Find who had to bear what can't be read of somebody else's."""
    for attempt in evidence.attempts.values():
        named = getattr(attempt.operation.command, "booking", "")
        if isinstance(attempt.told, Unreadable) and named != SPOILT:
            yield f"{attempt.request_id} was told that something can't be read"


def differing(evidence: Evidence) -> Iterator[str]:
    """Find where counters, bookings and audit don't agree, as `make verify` would."""
    server = evidence.simulation.server
    for event_id in EVENTS:
        if (found := server.find("events", event_id)) is None:
            yield f"{event_id} is not there"
            continue
        try:
            event = EVENT_DOCUMENTS.decode(Fields(found))
        except ValueError as error:
            yield f"{event_id}: {error}"
            continue
        documents = evidence.simulation.documents("bookings", event_id)
        booked = [BOOKINGS.decode(Fields(document)) for document in documents]
        trail = [AUDIT.decode(Fields(entry)) for entry in evidence.trails[event_id]]
        for difference in differences(event, booked, trail):
            yield f"{event_id}: {difference}"
        for id_ in customers.ids_of(booked):
            if server.find("customers", id_) is None:
                yield f"{event_id}: customer {id_} is not there"
    keys = Counter(document["key"] for document in server.all_of("customers"))
    yield from (f"{key} is {count} customers" for key, count in keys.items() if count > 1)


def unordered(evidence: Evidence) -> Iterator[str]:
    """Find what was oversold, overtaken, or in another order than clients saw it happen."""
    operations = {
        request_id: history.Operation(
            request_id, "POST", "/", None, attempt.began, attempt.operation.ended
        )
        for request_id, attempt in evidence.attempts.items()
    }
    for timeline in evidence.timelines.values():
        yield from timeline.oversold
        yield from timeline.overtaken
        yield from disorder(timeline, operations, [])


def unruly(evidence: Evidence) -> Iterator[str]:
    """Find who has two bookings of an event, or more of it than they may, and codes used twice."""
    for replay in evidence.replays.values():
        yield from replay.twice
        for number, entry in enumerate(replay.entries[1:], 1):
            acquires = entry["actor"] in ACCOUNT_IDS and entry["action"] in ACQUIRING
            if acquires and replay.acquired_by(entry["customer"], number) > MOST:
                yield f"{entry['customer']} has acquired too much by change {number}"
            attempt = evidence.attempts.get(entry["request_id"])
            command = attempt.operation.command if attempt else None
            if entry["action"] == "transferred" and isinstance(command, Accept):
                before = replay.at(entry["booking"], number - 1)
                offer = before.offer if before else None
                code = command.code.removeprefix("code-")
                if offer is None or evidence.attempts[offer].operation.name != code:
                    yield f"{entry['booking']} was taken over by change {number}, not offered so"


def halved(evidence: Evidence) -> Iterator[str]:
    """Find moves that only one trail tells of, and what costs there what it did here."""
    made: dict[str, list[tuple[str, int]]] = defaultdict(list)
    pasts = {event: SimpleNamespace(replay=replay) for event, replay in evidence.replays.items()}
    for event, replay in evidence.replays.items():
        for number, entry in enumerate(replay.entries[1:], 1):
            made[entry["request_id"]].append((event, number))
            due = (entry["tickets"] or 0) * replay.prices[number]
            if entry["action"] == "moved_in" and entry["total"] != due:
                yield f"{entry['booking']} costs {entry['total']} where it arrives"
    yield from halves(cast(Court, SimpleNamespace(made=made, pasts=pasts)))


def left(evidence: Evidence) -> Iterator[str]:
    """Find what is left where nobody is any more: queues, turns, batches that are too large."""
    simulation = evidence.simulation
    for process, queues in simulation.queues_at_the_end.items():
        yield f"{process} keeps queues of {queues}"
    if simulation.largest_batch > simulation.plan.group_size:
        yield f"a batch of {simulation.largest_batch}"
    if simulation.plan.is_calm:
        for lease in simulation.leases_at_the_end:
            if lease["_id"].startswith("turn:") and lease["until"] > simulation.ended_at:
                yield f"{lease['_id']} was not given back"


def quarrelling(evidence: Evidence) -> Iterator[str]:
    """Find hosts that work in vain though they might take turns; it takes some time to tell.

    With turns up to a quarter as many batches were defeated as were committed (20 seeds of
    `mutants.contested`), without 0.4 to 0.8 as many.
    """
    counted = evidence.simulation.sometimes
    defeats, commits = counted["a batch was defeated"], counted["a batch was committed"]
    if evidence.simulation.plan.is_calm and commits >= 100 and defeats > 0.4 * commits:
        yield f"{defeats} batches were defeated, {commits} committed"


def waiting(evidence: Evidence) -> Iterator[str]:
    """Find who waits though there are tickets, or holds some of an event that was called off."""
    yield from evidence.simulation.unserved
    if evidence.simulation.remains():
        yield "something remains to be done, and nobody does it"


JUDGES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    broken, starved, asleep, impatient, troubled, lost, doubled, untrue, unchained, unseen,
    unreadable, differing, unordered, unruly, halved, left, quarrelling, waiting,
)  # fmt: skip


def verdict(simulation: Simulation) -> list[str]:
    """Return what should not have been, each with the judge who says so."""
    evidence = Evidence(simulation)
    return [f"{judge.__name__}: {fault}" for judge in JUDGES for fault in judge(evidence)]
