"""The rules of one person: one customer, one booking an event, no more than they may acquire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.faults.judging.past.court import Court
from tests.faults.load.people import MOST

_ACQUIRES = {"booked", "waitlisted", "added"}


def broken(court: Court, person_of: Mapping[str, str]) -> Iterator[str]:
    """Find who got more than one person may, and codes that were good more than once.

    `person_of` says which person an account's user is: who asks for themselves has a limit.
    """
    customers = Counter(id_ for ids in court.ids_of.values() for id_ in ids)
    for person, ids in court.ids_of.items():
        if len(ids - court.erased.keys()) > 1:
            yield f"one person is {len(ids)} customers: {person}"
        yield from (f"{person} is somebody else, too: {id_}" for id_ in ids if customers[id_] > 1)
    for past in court.pasts.values():
        yield from past.replay.twice
        for number, entry in enumerate(past.replay.entries[1:], 1):
            if entry["action"] in _ACQUIRES and entry["actor"] in person_of:
                acquired = past.replay.acquired_by(entry["customer"], number)
                if acquired > MOST:
                    yield f"{entry['customer']} acquired {acquired} by change {number}"
    used = Counter(
        operation.body["code"]
        for operation in court.history
        if operation.kind == "accept" and operation.granted and operation.body
    )
    yield from (f"a code was good {times} times" for times in used.values() if times > 1)
