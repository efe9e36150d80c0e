"""What has to happen in a run for it to have shown anything: each rare path is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.parser import text_string_to_metric_families

from tests.faults.judging.past.court import Court
from tests.faults.load.history import Operation, Sight

_ACTIONS = (
    "sold", "returned", "booked", "waitlisted", "cancelled", "assigned", "reduced", "added",
    "offered", "withdrawn", "transferred", "moved_out", "moved_in", "changed",
    "called_off", "replaced", "deleted",
)  # fmt: skip
_CODES = (
    "sold_out", "not_enough_tickets", "waiting_list_first", "already_booked", "already_waiting",
    "limit_reached", "not_confirmed", "booking_cancelled", "not_a_reduction", "booking_not_found",
    "offer_gone", "event_cancelled", "event_has_bookings", "event_not_found", "event_exists",
)  # fmt: skip

AGAIN = "a key asked again after a 503, and granted"
BROKEN = "a key asked again after a connection that broke, and granted"
SPELT = "a person by two spellings"
PASSED = "a code taken up by somebody else"
RETURNED = "somebody who books while they are erased"
SERVED = "a move that let somebody off the waiting list"
DEFEAT = "a commit that another was faster than"
OTHER = "a key asked again at another host, and granted"
RACE = "a commit that the other host was faster than"
GROUP = "several commands in one commit"
PAGED = "a list read on to its next page"
COUNTED = "statistics of what was sold"

ALL = (
    *(f"change: {action}" for action in _ACTIONS),
    *(f"refusal: {code}" for code in _CODES),
    AGAIN, BROKEN, OTHER, SPELT, PASSED, RETURNED, SERVED, DEFEAT, RACE, GROUP, PAGED, COUNTED,
)  # fmt: skip

OF_ONE_HOST = [name for name in ALL if name not in (OTHER, RACE)]


def met(
    court: Court, metrics: Sequence[str], sights: Iterable[Sight] = (), *, race: bool = False
) -> Counter[str]:
    """Count what a run has met; `metrics` is what each host has counted since its last start.

    In a `race` each host has one worker and all sell one event, so that a commit can be lost to
    nobody but another host.
    """
    found: Counter[str] = Counter()
    spelt: dict[str, set[str]] = {}
    for past in court.pasts.values():
        found.update(f"change: {entry['action']}" for entry in past.replay.entries[1:])
    for operation in court.history:
        if operation.answer is None:
            continue
        if operation.answer.status >= 400:
            found[f"refusal: {operation.answer.json.get('code')}"] += 1
            continue
        found[RETURNED] += operation.kind == "book" and _is_erased_meanwhile(court, operation)
        body: Mapping[str, object] = operation.body or {}
        found[AGAIN] += 503 in operation.told
        found[OTHER] += len(set(operation.ports)) > 1
        found[BROKEN] += operation.attempts > len(operation.told)
        found[PASSED] += operation.kind == "accept"
        if operation.kind == "move":
            found[SERVED] += bool(operation.answer.json["assigned"])
        if operation.person is not None and "customer" in body:
            spelt.setdefault(operation.person, set()).add(str(body["customer"]))
    found[SPELT] = sum(1 for spellings in spelt.values() if len(spellings) > 1)
    for sight in sights:
        found[PAGED] += bool(sight.behind)
        if sight.kind == "statistics" and sight.status == 200:
            found[COUNTED] += any(row["revenue"] for row in sight.json)
    for counted in metrics:
        samples = {
            sample.name: sample.value
            for family in text_string_to_metric_families(counted)
            for sample in family.samples
            if not sample.labels
        }
        found[DEFEAT] += int(samples.get("ticketing_commit_conflicts_total", 0))
        commits = samples.get("ticketing_group_commands_count", 0)
        found[GROUP] += int(samples.get("ticketing_group_commands_sum", 0) - commits)
    found[RACE] = found[DEFEAT] if race else 0
    return found


def _is_erased_meanwhile(court: Court, operation: Operation) -> bool:
    return any(
        erasure.person == operation.person
        and erasure.began < operation.ended
        and operation.began < erasure.ended
        for erasure in court.erased.values()
    )
