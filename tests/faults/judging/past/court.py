"""All that is known when answers are judged: every event's past, and when what was known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.judging.past.forgotten import forgotten
from tests.faults.judging.past.replay import Entry, Replay
from tests.faults.judging.past.timeline import Order, Timeline
from tests.faults.load.history import Look, Operation, Sight


@dataclass(frozen=True)
class Past:
    """One event: its figures, its bookings, and what was known of it when."""

    event: str
    timeline: Timeline
    replay: Replay
    order: Order

    def moments(self, began: float, ended: float) -> range:
        """Return after which changes something may have been decided that was asked then."""
        return range(self.order.oldest(began), self.order.latest(ended) + 1)


@dataclass
class Court:
    """What the judges look at."""

    history: Sequence[Operation]
    pasts: Mapping[str, Past]
    # By key: (event, number) of each change that a request has made.
    made: Mapping[str, Sequence[tuple[str, int]]]
    # Which ids a person has been given in answers.
    ids_of: Mapping[str, set[str]]
    # By code: the request that it was given to.
    codes: Mapping[str, Operation] = field(default_factory=dict)
    # By customer: what has erased them, as far as anybody was told, the first to be told so.
    erased: Mapping[str, Operation] = field(default_factory=dict)
    # By booking: the entry by which it came to be, in whichever event it was first.
    first: Mapping[str, Entry] = field(default_factory=dict)

    def customers(self, person: str | None, since: float) -> frozenset[str]:
        """Return a person's ids that were theirs after a moment, as far as any answer told them.

        It is one, and one more for each time that they were erased meanwhile and came again.
        """
        return frozenset(
            id_
            for id_ in self.ids_of.get(person or "", ())
            if id_ not in self.erased or self.erased[id_].ended > since
        )

    def where(self, booking: str) -> Iterator[Past]:
        """Return the events that a booking has ever been in."""
        return (past for past in self.pasts.values() if booking in past.replay.bookings)


def summon(history: Sequence[Operation], looks: Iterable[Look], entries: Iterable[Entry]) -> Court:
    """Bring together what clients were told and what the trails tell."""
    entries = list(entries)
    unheard = forgotten(history)
    history = [one for one in history if one.key not in unheard]
    operations = {one.key: one for one in history}
    trails: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        trails[entry["event"]].append(entry)
    seen: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        seen[look.event].append(look)

    pasts, made = {}, defaultdict(list)
    for event, trail in trails.items():
        timeline = Timeline(trail)
        order = Order(timeline, operations, seen[event])
        pasts[event] = Past(event, timeline, Replay(trail), order)
        for number, entry in enumerate(pasts[event].replay.entries[1:], 1):
            made[entry["request_id"]].append((event, number))
    ids, codes = _ids_of(history, entries), _codes_of(history)
    first = {e["booking"]: e for e in entries if e["action"] in ("sold", "booked", "waitlisted")}
    return Court(history, pasts, made, ids, codes, _erased_of(history), first)


def _ids_of(history: Iterable[Operation], entries: Iterable[Entry]) -> Mapping[str, set[str]]:
    """Pages name no ids, so of what was asked with a form the trail has to say whose it is."""
    booked: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry["action"] in ("booked", "waitlisted"):
            booked[entry["request_id"]].add(entry["customer"])
    ids: dict[str, set[str]] = defaultdict(set)
    for operation in history:
        if operation.answer is None or not operation.granted or operation.person is None:
            continue
        if operation.kind in ("book", "accept", "pass on"):
            told = operation.answer.json
            if operation.via == "page":
                ids[operation.person] |= booked.get(operation.key, set())
            elif "customerId" in told:
                ids[operation.person].add(told["customerId"])
    return ids


def _erased_of(history: Iterable[Operation]) -> Mapping[str, Operation]:
    """Whoever is told that there is no such customer (404) knows that they are gone, too."""
    told = [o for o in history if o.kind == "erase" and o.answer is not None]
    return {
        operation.subject: operation
        for operation in sorted(told, key=lambda operation: -operation.ended)
    }


def _codes_of(history: Iterable[Operation]) -> Mapping[str, Operation]:
    return {
        operation.answer.json["code"]: operation
        for operation in history
        if operation.answer is not None and operation.granted and operation.kind == "offer"
    }


def faults_in(
    sights: Iterable[Sight], faults_of: Callable[[Sight], Iterable[str]]
) -> Iterator[str]:
    """Find faults in each of what was shown; that it can't be read is one as well."""
    for sight in sights:
        try:
            yield from (f"{sight.path}: {fault}" for fault in faults_of(sight))
        except (LookupError, TypeError, ValueError) as error:
            yield f"{sight.path}: it can't be read: {error!r}"
