"""What months and days at the counter come to, of the audits of all their events.

No order is known between the changes of two events. So a figure over several is one that their
states between question and answer can come to, together; where these are too many to be tried, it
is within what they come to at least and at most.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from math import floor, prod
from typing import Any

from tests.faults.judging.answers.heads import plain
from tests.faults.judging.past.court import Court, Past, faults_in
from tests.faults.judging.past.replay import Entry
from tests.faults.load.history import Sight

# As many as are tried.
_COMBINATIONS = 2_000
# How far the clock of a worker may be off, in a run where clocks are.
_A_DAY = timedelta(days=1)
_YEAR = 12

_WHAT = "sold", "returned", "calledOff"

Figures = Mapping[Hashable, int | Fraction]
# What each event may have added, each once.
Options = Sequence[Sequence[Figures]]


def miscounted(court: Court, sights: Iterable[Sight], today: date) -> Iterator[str]:
    """Find statistics and sums of the counter that the audits don't come to."""
    counters: dict[str, _Counter] = {}

    def faults_of(sight: Sight) -> Iterable[str]:
        if sight.kind not in ("statistics", "figures of the counter"):
            return ()
        if sight.status != 200:
            return [f"somebody was told {sight.status}"]
        if sight.kind == "statistics":
            return _months(court, sight, today)
        if not counters:
            counters.update({id_: _Counter(past) for id_, past in court.pasts.items()})
        return _day(court, counters, sight, today)

    return faults_in(sights, faults_of)


def _months(court: Court, sight: Sight, today: date) -> Iterator[str]:
    told, wanted = sight.json, sight.query
    count = int(wanted.get("months", _YEAR))
    shown = [(row["year"], row["month"]) for row in told]
    back = 1 if wanted.get("window") == "complete" else 0
    begins = [today + off for off in (-2 * _A_DAY, -_A_DAY, timedelta(), _A_DAY)]
    if shown not in [_months_until(day, back, count) for day in begins]:
        yield f"these months: {shown}"
        return
    options: dict[tuple[int, int], list[Sequence[Figures]]] = defaultdict(list)
    for past in court.pasts.values():
        for month, figures in _of_event(past, sight, today).items():
            options[month].append(figures)
    for row in told:
        added = options[row["year"], row["month"]]
        if not any(_is_month(row, least, most) for least, most in _sums(added)):
            yield f"{row}, of {len(added)} events"


def _is_month(row: Mapping[str, Any], least: Figures, most: Figures) -> bool:
    events, revenue = row["nEvents"], round(row["revenue"] * 100)
    average = Fraction(str(row["averageTicketsSold"]))
    mean = [_rounded(sums.get("percent", 0), events) for sums in (least, most)]
    return (
        least.get("events", 0) <= events <= most.get("events", 0)
        and least.get("revenue", 0) <= revenue <= most.get("revenue", 0)
        and mean[0] <= average <= mean[1]
    )


def _rounded(percent: int | Fraction, events: int) -> Fraction:
    """Return the mean, half up to two decimals."""
    return Fraction(floor(Fraction(percent) / max(events, 1) * 100 + Fraction(1, 2)), 100)


def _months_until(day: date, back: int, count: int) -> Sequence[tuple[int, int]]:
    last = day.year * _YEAR + day.month - 1 - back
    return [(number // _YEAR, number % _YEAR + 1) for number in range(last, last - count, -1)]


def _of_event(past: Past, sight: Sight, today: date) -> Mapping[tuple[int, int], Sequence[Figures]]:
    """Return what an event may have added to each month that it was ever in meanwhile."""
    moments = past.moments(sight.began, sight.ended)
    days = {
        day for number in moments if (day := past.replay.details[number].get("day")) is not None
    }
    # What is today by one clock is still to come by another.
    over = {day for day in days if date.fromisoformat(day) <= today + _A_DAY}
    unsure = {day for day in over if date.fromisoformat(day) > today - 2 * _A_DAY}
    return {
        month: _once(
            [
                *(
                    _figures(past, n) if _month(past.replay.details[n].get("day")) == month else {}
                    for n in moments
                ),
                *({} for day in unsure if _month(day) == month),
            ]
        )
        for month in {_month(day) for day in over}
    }


def _figures(past: Past, number: int) -> Figures:
    state = past.timeline.states[number]
    if state.is_gone or state.is_off or state.capacity == 0:
        return {}
    percent = Fraction(100 * state.sold, state.capacity)
    return {"events": 1, "revenue": past.replay.sums[number][1], "percent": percent}


def _month(day: str | None) -> tuple[int, int]:
    return (int(day[:4]), int(day[5:7])) if day else (0, 0)


def _day(
    court: Court, counters: Mapping[str, _Counter], sight: Sight, today: date
) -> Iterator[str]:
    told, event = sight.json, sight.query.get("event")
    if not -2 * _A_DAY <= date.fromisoformat(told["day"]) - today <= _A_DAY:
        yield f"it is of {told['day']}"
    if told["event"] != event:
        yield f"it is of {told['event']}"
    options = [
        _once([counters[past.event].at(number, told["day"])
               for number in past.moments(sight.began, sight.ended)])
        for past in court.pasts.values()
        if event in (None, past.event)
    ]  # fmt: skip
    rows = {row["actor"]: row for row in told["items"]}
    if [*rows] != sorted(rows) or len(rows) != len(told["items"]):
        yield f"actors out of order, or twice: {[row['actor'] for row in told['items']]}"
    for row in (*rows.values(), told["totals"]):
        if round(row["net"] * 100) != _tally(row["sold"])[2] - _tally(row["returned"])[2]:
            yield f"net of {row}"
    for what in _WHAT:
        tallies = [_tally(row[what]) for row in rows.values()]
        of_all = tuple(sum(tally[column] for tally in tallies) for column in range(3))
        if of_all != _tally(told["totals"][what]):
            yield f"totals of what was {what}: {told['totals'][what]}"
    shown: Figures = {
        (actor, what, column): number
        for actor, row in rows.items()
        for what in _WHAT
        for column, number in enumerate(_tally(row[what]))
        if number
    }
    if not any(_is_within(shown, least, most) for least, most in _sums(options)):
        yield f"{told['items']}"


def _tally(told: Mapping[str, Any]) -> tuple[int, int, int]:
    return told["transactions"], told["nTickets"], round(told["total"] * 100)


def _is_within(shown: Figures, least: Figures, most: Figures) -> bool:
    return all(
        least.get(key, 0) <= shown.get(key, 0) <= most.get(key, 0)
        for key in {*shown, *least, *most}
    )


def _once(figures: Iterable[Figures]) -> Sequence[Figures]:
    """Leave out what is the same."""
    return [*{frozenset(each.items()): each for each in figures}.values()]


def _sums(options: Options) -> Iterator[tuple[Figures, Figures]]:
    """Return what all events may come to, at least and at most: the same where each is tried."""
    if prod(len(each) for each in options) <= _COMBINATIONS:
        for combination in product(*options):
            total = _total(combination)
            yield total, total
        return
    keys = {key for each in options for figures in each for key in figures}
    bounds = [
        _total({key: bound(f.get(key, 0) for f in each) for key in keys} for each in options)
        for bound in (min, max)
    ]
    yield bounds[0], bounds[1]


def _total(figures: Iterable[Figures]) -> Figures:
    total: dict[Hashable, int | Fraction] = defaultdict(int)
    for each in figures:
        for key, number in each.items():
            total[key] += number
    return total


class _Counter:
    """What one event has sold over the counter and taken back, by day and actor, at each change."""

    def __init__(self, past: Past) -> None:
        self._days: dict[str, list[tuple[int, Figures]]] = defaultdict(list)
        for number, entry in enumerate(past.replay.entries[1:], 1):
            what = _what(entry)
            if what is None:
                continue
            day = str(plain(entry["at"]))[:10]
            before = self.at(number, day)
            columns = enumerate((1, entry["tickets"], entry["total"]))
            added: Figures = {(entry["actor"], what, column): count for column, count in columns}
            self._days[day].append((number, _total((before, added))))

    def at(self, number: int, day: str) -> Figures:
        """Return what a day had come to after a change."""
        known = self._days.get(day, [])
        before = bisect_right(known, number, key=lambda each: each[0])
        return known[before - 1][1] if before else {}


def _what(entry: Entry) -> str | None:
    if entry["action"] == "returned":
        return "calledOff" if entry["changes"]["reason"][1] == "called_off" else "returned"
    return "sold" if entry["action"] == "sold" else None
