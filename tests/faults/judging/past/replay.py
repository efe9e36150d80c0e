"""One event's trail, replayed so that every booking and every person can be asked at every change.

A model of its own like `timeline`, raw documents in: it shares no code with the rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

Entry = Mapping[str, Any]
T = TypeVar("T")

STARTS = {"sold": "confirmed", "booked": "confirmed", "moved_in": "confirmed",
          "waitlisted": "waiting"}  # fmt: skip
ENDS = {"cancelled", "returned"}


@dataclass(frozen=True)
class Held:
    """A booking after one change; `acquired` is which customer has bought how much of it.

    `offer` is the key of the request that offered it, while the code is good. `since` is the change
    by which it came into this event, and `ended` the one that ended it, 0 before that.
    """

    status: str
    customer: str | None
    tickets: int
    total: int | None
    seen_price: int | None = None
    offer: str | None = None
    acquired: Mapping[str, int] = field(default_factory=dict)
    since: int = 0
    ended: int = 0


class Past(Generic[T]):
    """What something was after each change, from the first that touched it."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._values: list[T | None] = []

    def note(self, number: int, value: T | None) -> None:
        self._numbers.append(number)
        self._values.append(value)

    def at(self, number: int) -> T | None:
        """Return what it was after a change; None while it was not there."""
        before = bisect_right(self._numbers, number)
        return self._values[before - 1] if before else None

    def during(self, numbers: range) -> Sequence[T | None]:
        """Return what it was in turn after these changes, each once."""
        if not numbers:
            return ()
        first, last = (bisect_right(self._numbers, n) for n in (numbers[0], numbers[-1]))
        return [self._values[first - 1] if first else None, *self._values[first:last]]

    def all(self) -> Sequence[T | None]:
        return self._values


class Replay:
    """One event: `entries[n]` is change n, from 1; prices, queues and so on are those after it.

    `details` are what the event is, by the audit's names. `sums` are customers' confirmed bookings,
    and what all that is confirmed has brought.
    """

    def __init__(self, trail: Iterable[Entry]) -> None:
        self.entries: list[Entry] = [{}, *sorted(trail, key=lambda entry: entry["sequence"])]
        self.bookings: dict[str, Past[Held]] = defaultdict(Past)
        self.prices, self.queues = [0], [()]  # type: tuple[list[int], list[tuple[str, ...]]]
        self.details: list[Mapping[str, Any]] = [{}]
        self.sums = [(0, 0)]
        self.twice: list[str] = []
        self._held: dict[str, Past[tuple[str, ...]]] = defaultdict(Past)
        self._acquired: dict[str, Past[int]] = defaultdict(Past)
        self._first_booked: int | None = None
        for number, entry in enumerate(self.entries[1:], 1):
            self.prices.append(entry["changes"].get("price", (0, self.prices[-1]))[1])
            self.details.append(_detailed(self.details[-1], entry))
            self.queues.append(self.queues[-1])
            self.sums.append(self.sums[-1])
            if entry["booking"] is not None:
                self._first_booked = self._first_booked or number
                self._follow(number, entry)

    def at(self, booking: str, number: int) -> Held | None:
        """Return a booking after a change; None while it was not in this event."""
        return self.bookings[booking].at(number) if booking in self.bookings else None

    def held_by(self, customer: str | None, number: int) -> Sequence[Held]:
        """Return the active bookings of a customer after a change."""
        if customer is None or customer not in self._held:
            return ()
        ids = self._held[customer].at(number) or ()
        return [held for id_ in ids if (held := self.at(id_, number)) is not None]

    def acquired_by(self, customer: str | None, number: int) -> int:
        """Count what of the active bookings a customer has bought, whoever holds it."""
        past = self._acquired.get(customer or "")
        return past.at(number) or 0 if past else 0

    def was_ever_booked(self, number: int) -> bool:
        """Tell whether anything of it was sold, booked or waited for by a change, or moved here."""
        return self._first_booked is not None and self._first_booked <= number

    def following(self, number: int) -> Sequence[str]:
        """Return the bookings that got tickets by a change, in the commit of that change."""
        cause, served = self.entries[number], []
        for entry in self.entries[number + 1 :]:
            same = all(entry[name] == cause[name] for name in ("request_id", "actor"))
            if entry["action"] != "assigned" or not same:
                break
            served.append(entry["booking"])
        return served

    def _follow(self, number: int, entry: Entry) -> None:
        id_, before = entry["booking"], self.at(entry["booking"], number - 1)
        after = _after(entry, before, self.prices[number])
        self.bookings[id_].note(number, after)
        waits = after is not None and after.status == "waiting"
        queue = self.queues[number]
        if waits and id_ not in queue:
            self.queues[number] = (*queue, id_)
        elif not waits and id_ in queue:
            self.queues[number] = tuple(other for other in queue if other != id_)
        counted = zip(self.sums[number], _counts(before), _counts(after), strict=True)
        bookings, revenue = (sum_ - gone + come for sum_, gone, come in counted)
        self.sums[number] = bookings, revenue
        self._hold(number, id_, before, after)
        self._acquire(number, before, after)

    def _hold(self, number: int, id_: str, before: Held | None, after: Held | None) -> None:
        was, is_ = _holder(before), _holder(after)
        if was == is_:
            return
        if was is not None:
            ids = self._held[was].at(number) or ()
            self._held[was].note(number, tuple(other for other in ids if other != id_))
        if is_ is not None:
            ids = (*(self._held[is_].at(number) or ()), id_)
            self._held[is_].note(number, ids)
            if len(ids) > 1:
                self.twice.append(f"customer {is_} holds {len(ids)} bookings after change {number}")

    def _acquire(self, number: int, before: Held | None, after: Held | None) -> None:
        was, is_ = _bought(before), _bought(after)
        for customer in was.keys() | is_.keys():
            more = is_.get(customer, 0) - was.get(customer, 0)
            if more:
                past = self._acquired[customer]
                past.note(number, (past.at(number) or 0) + more)


def _detailed(before: Mapping[str, Any], entry: Entry) -> Mapping[str, Any]:
    if entry["booking"] is not None:
        return before
    return {**before, **{name: new for name, (_, new) in entry["changes"].items()}}


def _counts(held: Held | None) -> tuple[int, int]:
    if held is None or held.status != "confirmed":
        return 0, 0
    return 1 if held.customer else 0, held.total or 0


def _holder(held: Held | None) -> str | None:
    return held.customer if held is not None and held.status != "cancelled" else None


def _bought(held: Held | None) -> Mapping[str, int]:
    return held.acquired if held is not None and held.status != "cancelled" else {}


def _after(entry: Entry, before: Held | None, price: int) -> Held | None:
    action, tickets, customer = entry["action"], entry["tickets"], entry["customer"]
    if action == "moved_out":
        return None
    if action in STARTS or before is None:
        bought = {customer: tickets} if customer else {}
        seen = price if action == "waitlisted" else None
        status = STARTS.get(action, "confirmed")
        since = entry["sequence"]
        return Held(status, customer, tickets, entry["total"], seen, None, bought, since)
    after = replace(before, customer=customer, tickets=tickets, total=entry["total"])
    if action == "assigned":
        return replace(after, status="confirmed")
    if action in ENDS:
        return replace(after, status="cancelled", offer=None, ended=entry["sequence"])
    if action == "offered":
        return replace(after, offer=entry["request_id"])
    if action == "withdrawn":
        return replace(after, offer=None)
    if action == "transferred":
        return replace(after, offer=None, acquired=_passed_on(before, customer))
    return replace(after, acquired=_resized(before, tickets))


def _passed_on(before: Held, customer: str) -> Mapping[str, int]:
    """Return who has bought it, who held it until now first: they keep what they bought longest."""
    giver = before.customer or ""
    order = [giver, *(name for name in before.acquired if name not in (giver, customer)), customer]
    return {name: before.acquired[name] for name in order if before.acquired.get(name)}


def _resized(before: Held, tickets: int) -> Mapping[str, int]:
    """Return who has bought what is left: what the holder has bought comes and goes first."""
    left, bought = tickets, {}
    for name, number in before.acquired.items():
        if name != before.customer and (kept := min(number, left)):
            bought[name], left = kept, left - kept
    if left and before.customer:
        bought[before.customer] = left
    return bought
