"""Every answer that grants something names the head of the chain after its own last change.

The chain is computed from the raw documents by code of its own, as docs/operations.md has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from tests.faults.judging.answers.answers import change_of
from tests.faults.judging.past.court import Court, Past
from tests.faults.judging.past.replay import Entry
from tests.faults.load.history import Look, Operation

# What is answered with nothing at all; the briefs and their clients know no heads either.
_WITHOUT = {"delete", "erase"}

_FIELDS = ("event", "sequence", "action", "booking", "customer", "tickets", "total", "sold",
           "waiting", "changes", "actor", "at", "request_id")  # fmt: skip


def false_heads(court: Court, looks: Iterable[Look]) -> Iterator[str]:
    """Find entries whose hash is not theirs, and answers and looks with another head."""
    heads = {event: _heads(past.replay.entries) for event, past in court.pasts.items()}
    for event, past in court.pasts.items():
        for number, entry in enumerate(past.replay.entries[1:], 1):
            if f"{number}:{entry.get('hash')}" != heads[event][number]:
                yield f"entry {number} of {event} has the hash {entry.get('hash')}"
    for operation in court.history:
        if operation.granted:
            for fault in _faults(court, operation, heads):
                yield f"{operation.kind}: {fault}: {operation.method} {operation.path}"
    for look in looks:
        if look.shown is None or look.event not in heads:
            continue
        if look.shown["head"] != heads[look.event].get(look.sequence):
            yield f"somebody saw the head {look.shown['head']} at change {look.sequence}"


def _faults(
    court: Court, operation: Operation, heads: Mapping[str, Mapping[int, str]]
) -> Iterator[str]:
    assert operation.answer is not None
    if operation.kind in _WITHOUT or operation.via != "api":
        return
    told = operation.answer.json
    head = told["event"]["head"] if operation.kind == "call off" else told["head"]
    found = change_of(court, operation)
    if found is not None:
        past, number = found
        last = _last_of(past, number)
        if head != heads[past.event][last]:
            yield f"told the head {head}, and change {last} has {heads[past.event][last]}"
        return
    # What is offered is only told by its code.
    named = told["id"] if operation.kind in ("create", "change") else told.get("event", "")
    event = court.pasts.get(named["id"] if operation.kind == "call off" else named)
    if event is None:
        return  # what was lost has its own judge
    moments = event.moments(operation.began, operation.ended)
    # A move away may have been answered while the booking was elsewhere, so any moment will do.
    if head not in {heads[event.event].get(number) for number in moments}:
        yield f"told the head {head}, which was not that of {event.event} then"


def _last_of(past: Past, number: int) -> int:
    """Return the last change of the commit that began with one, as far as it followed from it."""
    entries = past.replay.entries
    cause = entries[number]["request_id"], entries[number]["actor"]
    last = number
    while last + 1 < len(entries):
        following = entries[last + 1]
        if (following["request_id"], following["actor"]) != cause:
            break
        last += 1
    return last


def _heads(entries: list[Entry]) -> Mapping[int, str]:
    """Return the head after each change, by its number."""
    heads: dict[int, str] = {}
    before = sha256(str(entries[1]["event"]).encode()).hexdigest() if len(entries) > 1 else ""
    for number, entry in enumerate(entries[1:], 1):
        values = [number - 1, *(plain(entry.get(name)) for name in _FIELDS)]
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        before = sha256((before + text).encode()).hexdigest()
        heads[number] = f"{number}:{before}"
    return heads


def plain(value: Any) -> Any:
    """Write a value as JSON has it: moments in UTC and milliseconds, fields by name."""
    if isinstance(value, datetime):
        at = value.astimezone(UTC) if value.tzinfo else value
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    if isinstance(value, dict):
        return {name: [plain(side) for side in value[name]] for name in sorted(value)}
    return value
