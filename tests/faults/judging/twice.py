"""What may happen twice under one key: with a person, the answers that name them are forgotten.

Who asks again later asks anew, and so does a copy of a request that is still under way, which
whoever asked has given up (docs/reliability.md, promise 2).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from tests.faults.history import Operation
from tests.faults.judging.replay import Entry

_MAKES = {"booked", "waitlisted"}


def may_be_twice(history: Iterable[Operation]) -> Counter[str]:
    """Count how often a request may have had an effect more than once, by key."""
    history = list(history)
    erasures = [operation for operation in history if operation.kind == "erase"]
    allowed: Counter[str] = Counter()
    for operation in history:
        if operation.kind != "erase":
            allowed[operation.key] = sum(1 for one in erasures if _may_forget(one, operation))
    return allowed


def told_once(history: Iterable[Operation], entries: Iterable[Entry]) -> Mapping[str, Operation]:
    """Return the requests, by key, whose answer tells when all that they did was done.

    The others have made two bookings, and an answer tells of one.
    """
    history = list(history)
    made: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry["action"] in _MAKES:
            made[entry["request_id"]].add(entry["booking"])
    allowed = may_be_twice(history)
    return {one.key: one for one in history if len(made[one.key]) < 2 or not allowed[one.key]}


def _may_forget(erasure: Operation, operation: Operation) -> bool:
    """Tell whether an erasure may have removed the answer to a request, and it came once more."""
    if erasure.person is None or not _names(operation, erasure.person):
        return False
    # Some attempt was never heard of: it may still be under way.
    goes_on = operation.attempts > len(operation.told)
    return operation.began <= erasure.ended and (goes_on or erasure.began <= operation.ended)


def _names(operation: Operation, person: str) -> bool:
    body = operation.answer.body if operation.answer is not None else b""
    return operation.person == person or person.encode() in body
