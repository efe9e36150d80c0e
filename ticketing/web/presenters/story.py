"""The story of an event: each audit entry as a sentence, cause and effect together.

A sentence is a list of parts, so that names stand out and stay text whatever they contain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes.chain import Head
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import SYSTEM_ACTOR
from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.users import OPEN
from ticketing.domain.verification.heads import NotedHead
from ticketing.web.presenters.words import LEFT, Words, called, day, name_of, ordinal, tickets


class Part(NamedTuple):
    """A piece of a sentence; a name or a catchword is strong."""

    text: str
    strong: bool = False


Sentence = Sequence[Part]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is known around the entries: how accounts are called, and since when who waited."""

    words: Words
    event: Event
    accounts: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened at once: the cause's sentence, then its effects'."""

    at: datetime
    sentences: Sequence[Sentence]
    small: str
    changed_hands: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The happenings of a day at the venue, in order."""

    day: date
    happenings: Sequence[Happening]


def proof_of(entries: Iterable[AuditEntry]) -> str | None:
    """Return what proves the last of these, to be noted down; None where no hash covers it."""
    last = max(entries, key=lambda entry: entry.sequence, default=None)
    if last is None or last.hash is None:
        return None
    return str(NotedHead(last.event, Head(last.sequence, last.hash)))


def story_of(entries: Iterable[AuditEntry], telling: Telling, *, newest_first: bool) -> list[Day]:
    """Return entries as happenings, which come in the order of their sequence, day by day."""
    groups: list[list[AuditEntry]] = []
    for entry in entries:
        if groups and _belongs_to(entry, groups[-1]):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    days: dict[date, list[Happening]] = {}
    for group in reversed(groups) if newest_first else groups:
        moment = telling.words.local(group[0].at).date()
        days.setdefault(moment, []).append(_happening(group, telling))
    return [Day(day, happenings) for day, happenings in days.items()]


def sentence_of(entry: AuditEntry, telling: Telling) -> Sentence:
    """Write one entry as a sentence."""
    return _WRITERS[entry.action](entry, telling)


def plainly(sentence: Sentence) -> str:
    """Write a sentence as text."""
    return "".join(part.text for part in sentence)


def _belongs_to(entry: AuditEntry, group: Sequence[AuditEntry]) -> bool:
    last = group[-1]
    follows = entry.sequence == last.sequence + 1 and entry.request_id == last.request_id
    return follows and entry.action == "assigned"


def _happening(group: Sequence[AuditEntry], telling: Telling) -> Happening:
    first, last = group[0], group[-1]
    actor = actor_of(first, telling.accounts)
    numbers = (
        f"No. {first.sequence}"
        if first is last
        else f"No. {first.sequence} to {last.sequence}"
        if len(group) > 2
        else f"No. {first.sequence} and {last.sequence}"
    )
    waiting = f", {last.waiting:,} waiting" if last.waiting else ""
    small = f", {actor}. Then {last.sold:,} sold{waiting}. {numbers}"
    moved = any(entry.action in _MOVES for entry in group)
    return Happening(first.at, [sentence_of(entry, telling) for entry in group], small, moved)


def actor_of(entry: AuditEntry, accounts: Mapping[str, str]) -> str:
    """Write who did it."""
    actor = entry.actor
    if _is(_giver(entry), actor):
        return "by the customer"
    if actor == SYSTEM_ACTOR:
        return "by the office itself, going on with what was too much for one commit"
    if actor == OPEN.id:
        return "in open mode"
    name = called(actor, accounts)
    if actor.startswith(f"{OPEN.id}:"):
        return f"by {name}, in open mode"
    return f"by {name} in the office" if actor in accounts else f"by {name}"


_MOVES = {"sold", "returned", "booked", "assigned", "added", "transferred", "called_off"}


def _giver(entry: AuditEntry) -> Customer | None:
    """Return whose booking it was when it was done."""
    if entry.action == "transferred":
        before = entry.changes["customer"][0]
        return before if isinstance(before, Customer) else None
    return entry.customer


def _is(customer: Customer | None, actor: str) -> bool:
    return customer is not None and customer.user == actor


def _who(customer: Customer | None) -> Part:
    name = name_of(customer)
    return Part(name, strong=True) if name and name != LEFT else Part(LEFT.capitalize())


def _money(entry: AuditEntry, telling: Telling, before: str = ", ") -> str:
    return f"{before}{telling.words.money(entry.total)}" if entry.total is not None else ""


def _created(entry: AuditEntry, telling: Telling) -> Sentence:
    if entry.action == "replaced":
        return [Part("Put on anew", strong=True), Part(", before anybody had booked.")]
    known = {name: pair[1] for name, pair in entry.changes.items()}
    on = known.get("day")
    when = f" for {day(on, 'title')}" if isinstance(on, date) else ""
    capacity, price = _whole(known.get("capacity")), _whole(known.get("price"))
    cost = f" at {telling.words.money(price)}" if price else ", free entry"
    return [Part("Put on", strong=True), Part(f"{when}: {tickets(capacity)}{cost}.")]


def _changed(entry: AuditEntry, telling: Telling) -> Sentence:
    sentences: list[Part] = []
    for name, (old, new) in entry.changes.items():
        if sentences:
            sentences.append(Part(" "))
        sentences += _CHANGES.get(name, _other_change)(old, new, telling)
    return sentences


def _sold(entry: AuditEntry, telling: Telling) -> Sentence:
    return [
        Part("A counter sale", strong=True),
        Part(f" of {tickets(entry.tickets or 0)}{_money(entry, telling)}."),
    ]


def _returned(entry: AuditEntry, telling: Telling) -> Sentence:
    return [
        Part("A counter sale was given back", strong=True),
        Part(f": {tickets(entry.tickets or 0)}{_money(entry, telling)}."),
    ]


def _booked(entry: AuditEntry, telling: Telling) -> Sentence:
    text = f" booked {tickets(entry.tickets or 0)}{_money(entry, telling)}."
    return [_who(entry.customer), Part(text)]


def _waitlisted(entry: AuditEntry, telling: Telling) -> Sentence:
    place = f", {ordinal(entry.waiting)}" if entry.waiting else ""
    return [
        _who(entry.customer),
        Part(f" joined the line for {tickets(entry.tickets or 0)}{place}."),
    ]


def _cancelled(entry: AuditEntry, telling: Telling) -> Sentence:
    was_waiting = entry.changes.get("status", ("", ""))[0] == "waiting"
    by_customer = _is(entry.customer, entry.actor)
    came = f"{tickets(entry.tickets or 0)} came free"
    back = _money(entry, telling, ", ") + " to give back" if entry.total else ""
    if was_waiting and by_customer:
        return [_who(entry.customer), Part(" left the line.")]
    if was_waiting:
        return [_who(entry.customer), Part(" was taken off the line.")]
    if by_customer:
        return [_who(entry.customer), Part(f" cancelled: {came}{back}.")]
    return [_who(entry.customer), Part(f"’s booking was cancelled: {came}{back}.")]


def _assigned(entry: AuditEntry, telling: Telling) -> Sentence:
    since = telling.since.get(entry.booking or "")
    waited = f"; in line since {telling.words.moment(since)}" if since else ""
    text = f" got {tickets(entry.tickets or 0)} that came free{_money(entry, telling)}{waited}."
    return [_who(entry.customer), Part(text)]


def _reduced(entry: AuditEntry, telling: Telling) -> Sentence:
    old, new = (_whole(value) for value in entry.changes["tickets"])
    before, after = entry.changes.get("total", (None, None))
    if before is None:
        text = f" now wants {new:,} instead of {old:,} and keeps the place."
        return [_who(entry.customer), Part(text)]
    back = _whole(before) - _whole(after)
    money = f", {telling.words.money(back)} to give back" if back else ""
    text = f" kept {new:,} of {tickets(old)}: {old - new:,} came free{money}."
    return [_who(entry.customer), Part(text)]


def _added(entry: AuditEntry, telling: Telling) -> Sentence:
    old, new = (_whole(value) for value in entry.changes["tickets"])
    before, after = entry.changes.get("total", (None, None))
    more = _whole(after) - _whole(before)
    money = f", {telling.words.money(more)}" if more else ""
    return [_who(entry.customer), Part(f" added {tickets(new - old)} to {old:,}{money}.")]


def _offered(entry: AuditEntry, telling: Telling) -> Sentence:
    text = f" offered {tickets(entry.tickets or 0)} to whoever has the code."
    return [_who(entry.customer), Part(text)]


def _withdrawn(entry: AuditEntry, telling: Telling) -> Sentence:
    return [_who(entry.customer), Part(" took the offer back.")]


def _moved_out(entry: AuditEntry, telling: Telling) -> Sentence:
    text = f" moved to another event: {tickets(entry.tickets or 0)} came free."
    return [_who(entry.customer), Part(text)]


def _moved_in(entry: AuditEntry, telling: Telling) -> Sentence:
    money = telling.words.money(entry.total or 0)
    text = f" moved here from another event with {tickets(entry.tickets or 0)}, {money}."
    return [_who(entry.customer), Part(text)]


def _transferred(entry: AuditEntry, telling: Telling) -> Sentence:
    return [
        _who(_giver(entry)),
        Part(f" passed {tickets(entry.tickets or 0)} on to "),
        _who(entry.customer),
        Part("."),
    ]


def _called_off(entry: AuditEntry, telling: Telling) -> Sentence:
    owed = telling.event.owed_total
    money = f", {telling.words.money(owed)} is owed" if owed else ""
    ended = f" {tickets(entry.sold)} ended{money}"
    waited = f"; {entry.waiting:,} stopped waiting" if entry.waiting else ""
    return [Part("Called off.", strong=True), Part(f"{ended}{waited}.")]


def _deleted(entry: AuditEntry, telling: Telling) -> Sentence:
    return [Part("Taken off", strong=True), Part(", nobody had ever booked.")]


def _capacity(old: object, new: object, telling: Telling) -> Sentence:
    before, after = _whole(old), _whole(new)
    if after > before:
        text = f" {before:,} became {after:,}, so {after - before:,} came free."
        return [Part("There are more tickets:", strong=True), Part(text)]
    return [Part("Fewer:", strong=True), Part(f" {before:,} became {after:,}.")]


def _price(old: object, new: object, telling: Telling) -> Sentence:
    before, after = (telling.words.money(_whole(value)) for value in (old, new))
    text = f" went from {before} to {after}; sold tickets keep theirs."
    return [Part("The price", strong=True), Part(text)]


def _moved(old: object, new: object, telling: Telling) -> Sentence:
    before = f" from {day(old, 'title')}" if isinstance(old, date) else ""
    after = f" to {day(new, 'title')}" if isinstance(new, date) else ""
    return [Part("Moved", strong=True), Part(f"{before}{after}.")]


def _renamed(old: object, new: object, telling: Telling) -> Sentence:
    return [Part("Renamed", strong=True), Part(f", was “{old}”.")]


def _venue(old: object, new: object, telling: Telling) -> Sentence:
    return [Part("Now in", strong=True), Part(f" {new}." if new else " no place that is named.")]


def _other_change(old: object, new: object, telling: Telling) -> Sentence:
    return [Part(f"{old} became {new}.")]


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


_CHANGES: dict[str, Callable[[object, object, Telling], Sentence]] = {
    "capacity": _capacity,
    "price": _price,
    "day": _moved,
    "name": _renamed,
    "venue": _venue,
}

_WRITERS: dict[str, Callable[[AuditEntry, Telling], Sentence]] = {
    "created": _created,
    "replaced": _created,
    "changed": _changed,
    "deleted": _deleted,
    "called_off": _called_off,
    "sold": _sold,
    "returned": _returned,
    "booked": _booked,
    "waitlisted": _waitlisted,
    "cancelled": _cancelled,
    "assigned": _assigned,
    "reduced": _reduced,
    "added": _added,
    "offered": _offered,
    "withdrawn": _withdrawn,
    "transferred": _transferred,
    "moved_out": _moved_out,
    "moved_in": _moved_in,
}
