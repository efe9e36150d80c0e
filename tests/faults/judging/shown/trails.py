"""What is shown of an audit is the audit: each entry as it is in the end, all of them, in order.

An audit only grows, so at some moment between question and answer a page is what there was of it
after the page before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.faults.judging.answers.heads import plain
from tests.faults.judging.past.court import Court, faults_in
from tests.faults.judging.past.replay import Entry
from tests.faults.judging.shown.lists import page_size
from tests.faults.judging.shown.naming import Names, Row
from tests.faults.judging.shown.rows import refused
from tests.faults.load.history import Sight

_COLUMNS = {
    "sequence": "sequence", "action": "action", "booking": "booking", "customer": "customerId",
    "tickets": "nTickets", "total": "total", "sold": "sold", "waiting": "waiting", "actor": "actor",
    "at": "at", "request_id": "requestId", "hash": "hash",
}  # fmt: skip
_CHANGED = {"price": "costPerTicket", "day": "date", "tickets": "nTickets"}
_MONEY = {"total", "price"}


def ill_trailed(court: Court, sights: Iterable[Sight]) -> Iterator[str]:
    """Find pages of an event's audit, and entries in exports, that are not what the audit was."""
    names = Names(court)

    def faults_of(sight: Sight) -> Iterable[str]:
        judge = {"audit": _page, "export": _exported}.get(sight.kind)
        return judge(court, names, sight) if judge else ()

    return faults_in(sights, faults_of)


def _page(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    past = court.pasts[sight.subject]
    moments = past.moments(sight.began, sight.ended)
    if sight.status != 200:
        yield from refused(past, moments, sight, lambda number: number > 0)
        return
    is_wanted = _filter(names, sight.query)
    if is_wanted is None:
        return
    after = int(sight.behind[-1]) if sight.behind else 0
    entries = [entry for entry in past.replay.entries[after + 1 : moments.stop] if is_wanted(entry)]
    told, size = sight.json, page_size(sight)
    items = told["items"]
    for row, entry in zip(items, entries, strict=False):
        yield from _differing(names, row, entry, sight)
    least = sum(1 for entry in entries if entry["sequence"] <= moments.start)
    count, goes_on = len(items), told["next"] is not None
    if not min(least, size) <= count <= min(len(entries), size):
        yield f"{count} entries, of {least} to {len(entries)} that there were"
    elif (goes_on and (count < size or len(entries) == size)) or (not goes_on and least > count):
        yield f"{count} entries, and {'more' if goes_on else 'no more'} to come"


def _exported(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    """Judge each entry of an export; the judge of who leaves finds those that are left out."""
    for row in sight.json["audit"] if sight.status == 200 else ():
        entry = court.pasts[row["event"]].replay.entries[row["sequence"]]
        yield from _differing(names, row, entry, sight)


def _filter(names: Names, wanted: Mapping[str, str]) -> Callable[[Entry], bool] | None:
    """Return what tells which entries are asked for; None where nobody knows who is meant."""
    if "customer" not in wanted:
        return lambda entry: wanted.get("booking", entry["booking"]) == entry["booking"]
    id_ = names.customer(wanted["customer"])
    if id_ is None:
        return None
    return lambda entry: id_ in (entry["customer"], entry["changes"].get("customer", (None,))[0])


def _differing(names: Names, row: Row, entry: Entry, sight: Sight) -> Iterator[str]:
    is_ = {outside: plain(entry.get(name)) for name, outside in _COLUMNS.items()}
    is_["total"] = _money(entry["total"])
    wrong = {name: row[name] for name, value in is_.items() if row[name] != value}
    changes = dict(row["changes"])
    if not names.fits(row["customer"], entry["customer"], sight.ended):
        wrong["customer"] = row["customer"]
    if "customer" in entry["changes"]:
        shown = zip(changes.pop("customer"), entry["changes"]["customer"], strict=True)
        if not all(names.fits(name, id_, sight.ended) for name, id_ in shown):
            wrong["changes of the customer"] = row["changes"]
    if changes != _changes(entry):
        wrong["changes"] = row["changes"]
    if wrong:
        yield f"entry {entry['sequence']} is shown with {wrong}, and is {dict(entry)}"


def _changes(entry: Entry) -> Mapping[str, Sequence[Any]]:
    changes = {}
    for name, pair in entry["changes"].items():
        outside = "customerId" if name == "customer" else _CHANGED.get(name, name)
        changes[outside] = [_money(side) if name in _MONEY else plain(side) for side in pair]
    return changes


def _money(minor: int | None) -> float | None:
    return None if minor is None else minor / 100
