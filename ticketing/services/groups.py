"""What is asked of the office, and which answers belong to whom. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ticketing.domain.commands import Order
from ticketing.domain.errors import Busy, KeyReused, NotFound, OfficeError, Refused
from ticketing.domain.keeping import Answer, Record, Scope
from ticketing.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Keep:
    """An idempotency key: whose, which, for what request, and how its answer is written down."""

    caller: str
    key: str
    fingerprint: str
    answer: Callable[[Outcome], Answer]

    @property
    def scope(self) -> Scope:
        """Whose key it is, and which."""
        return self.caller, self.key


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, in which request, and under which key where there is one."""

    actor: str
    request_id: str
    keep: Keep | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An order to be carried out, kept under a key where there is one."""

    order: Order
    keep: Keep | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a request.

    `answer` is what was kept under its key; then `replayed` tells whether it was an earlier
    request's, and `outcome` is None if so. `leaves_something` is set for one of a group where
    there was too much for one commit: its thread sees to the rest.
    """

    outcome: Outcome
    answer: Answer | None = None
    replayed: bool = False
    leaves_something: bool = False


class Group:
    """Requests that are decided together, some of whose keys may have an answer already.

    `fresh` are those to be decided: not what was answered before, nor a twin in this group.
    `records` are the answers to be kept, once the group is settled.
    """

    def __init__(self, requests: Sequence[Request], kept: Mapping[Scope, Record]) -> None:
        self._requests = requests
        self._kept = dict(kept)
        self.fresh = self._first_of_each_key()
        self.records: Sequence[Record] = ()

    def settle(
        self, outcomes: Sequence[Outcome], *, leaves_something: bool = False
    ) -> Sequence[Settled | BaseException]:
        """Give each request its answer, knowing the outcome of each that was fresh."""
        settled = [
            Settled(outcome, request.keep.answer(outcome) if request.keep else None)
            for request, outcome in zip(self.fresh, outcomes, strict=True)
        ]
        if leaves_something and settled:
            settled[0] = replace(settled[0], leaves_something=True)
        self.records = _records(self.fresh, settled)
        self._kept |= {record.scope: record for record in self.records}

        by_request = {id(r): result for r, result in zip(self.fresh, settled, strict=True)}
        return [by_request.get(id(request)) or self._replay(request) for request in self._requests]

    def _first_of_each_key(self) -> Sequence[Request]:
        seen = set(self._kept)
        fresh = []
        for request in self._requests:
            if request.keep is None:
                fresh.append(request)
            elif request.keep.scope not in seen:
                seen.add(request.keep.scope)
                fresh.append(request)
        return fresh

    def _replay(self, request: Request) -> Settled | BaseException:
        """Answer a request whose key has an answer; raises nothing, returns the error."""
        assert request.keep is not None
        record = self._kept.get(request.keep.scope)
        if record is None:
            # The first with this key came in this group, and its outcome is not one to be kept.
            return Busy()
        if record.fingerprint != request.keep.fingerprint:
            return KeyReused()
        return Settled(None, record.answer, replayed=True)


def _records(requests: Sequence[Request], settled: Sequence[Settled]) -> Sequence[Record]:
    return [
        Record(request.keep.caller, request.keep.key, request.keep.fingerprint, result.answer)
        for request, result in zip(requests, settled, strict=True)
        if request.keep and result.answer and _is_final(result.outcome)
    ]


def _is_final(outcome: Outcome) -> bool:
    return not isinstance(outcome, OfficeError) or isinstance(outcome, NotFound | Refused)
