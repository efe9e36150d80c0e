"""The one way in which anything is changed: a group of requests, decided and written together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from pymongo.client_session import ClientSession

from ticketing.domain.commands import CarryOn, Command, Order
from ticketing.domain.decisions import OFFICE, Decision, decide
from ticketing.domain.errors import (
    Busy,
    KeyReused,
    NotFound,
    OfficeError,
    Refused,
    RequestInFlight,
)
from ticketing.domain.keeping import Answer, Record, Scope
from ticketing.domain.outcomes import Outcome
from ticketing.services.courtesy import Batons
from ticketing.services.gathering import gather
from ticketing.services.lanes import Lanes
from ticketing.storage import audit, bookings, events, idempotency
from ticketing.storage.clients import Client, Database
from ticketing.storage.deadlines import left
from ticketing.storage.sessions import Conflict, unit_of_work

log = structlog.get_logger(__name__)

# A group commits in 5 to 20 ms; a loser of a write conflict that comes back within that time mostly
# loses again. The pause grows with each defeat so that many workers on one event spread out.
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.04

# How long a request goes on with what it could not do in one commit before it is answered.
_CARRY_ON_S = 4.0

# With less time than this left, another attempt would only run out of it.
_LEAST_S = 0.05


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


class Office:
    """Carries out orders on one database: safe for threads, one per process."""

    def __init__(
        self,
        client: Client,
        db: Database,
        clock: Callable[[], datetime],
        *,
        group_size: int,
        wait_s: float,
        commit_s: float,
    ) -> None:
        self._client = client
        self._db = db
        self._clock = clock
        self._wait_s = wait_s
        self._commit_s = commit_s
        self._lanes: Lanes[Request, Settled] = Lanes(
            self._commit, size=group_size, settle_s=commit_s, turn=Batons(db.name).held
        )

    def submit(self, event_id: str, command: Command, asker: Asker) -> Settled:
        """Carry out a command, together with whatever else is asked of the event just now.

        A refusal is an outcome, not an exception. Raises KeyReused, Busy, DatabaseAway,
        OutcomeUnknown.
        """
        request = Request(Order(command, asker.actor, asker.request_id), asker.keep)
        settled = self._lanes.submit(event_id, request, wait_s=self._wait_s)
        if settled.leaves_something:
            self.carry_on(event_id, asker.request_id)
        return settled

    def carry_on(self, event_id: str, request_id: str) -> None:
        """Do what is left over, in one commit after the other, each with whoever comes meanwhile.

        It stops when the time is over or something goes wrong, and raises nothing: the request that
        began it is done. The next order for the event, or the sweeper, goes on with the rest.
        """
        until = time.monotonic() + min(_CARRY_ON_S, left())
        request = Request(Order(CarryOn(), OFFICE, request_id), None)
        try:
            while self._lanes.submit(event_id, request, wait_s=self._wait_s).leaves_something:
                if time.monotonic() > until:
                    log.info("left_over", request_id=request_id)
                    return
        except OfficeError as error:
            log.warning("left_over", code=error.code, request_id=request_id)

    def _commit(
        self, event_id: str, requests: Sequence[Request]
    ) -> Sequence[Settled | BaseException]:
        """Commit a group, again on fresh state after each conflict, while there is time.

        A request that MongoDB refuses for a reason of its own must not take its neighbours along:
        then each is tried by itself.
        """
        until = time.monotonic() + min(self._commit_s, left())
        defeats = 0
        while True:
            try:
                return self._attempt(event_id, requests, until - time.monotonic())
            except Conflict as conflict:
                defeats += 1
                pause = random.uniform(0, min(_FIRST_PAUSE_S * defeats, _LONGEST_PAUSE_S))
                if time.monotonic() + pause + _LEAST_S >= until:
                    return [_given_up(request, conflict) for request in requests]
                time.sleep(pause)
            except OfficeError:
                raise
            except Exception as error:
                if len(requests) == 1:
                    raise
                log.warning("group_split", requests=len(requests), error=type(error).__name__)
                return [self._commit_alone(event_id, request) for request in requests]

    def _commit_alone(self, event_id: str, request: Request) -> Settled | BaseException:
        try:
            return self._commit(event_id, [request])[0]
        except Exception as error:  # noqa: BLE001 - raised again in its own thread
            return error

    def _attempt(
        self, event_id: str, requests: Sequence[Request], seconds: float
    ) -> Sequence[Settled | BaseException]:
        def work(session: ClientSession) -> Sequence[Settled | BaseException]:
            return self._work(event_id, requests, session)

        return unit_of_work(self._client, work, seconds=seconds)

    def _work(
        self, event_id: str, requests: Sequence[Request], session: ClientSession
    ) -> Sequence[Settled | BaseException]:
        now = self._clock()
        scopes = {request.keep.scope for request in requests if request.keep}
        kept = idempotency.find_many(self._db, scopes, session)
        fresh = _first_of_each_key(requests, kept)

        decision = self._decide(event_id, [request.order for request in fresh], now, session)
        settled = [
            _settle(request, outcome)
            for request, outcome in zip(fresh, decision.outcomes, strict=True)
        ]

        self._write(decision, session)
        records = _records(fresh, settled)
        idempotency.keep(self._db, records, session)

        if decision.leaves_something and settled:
            settled[0] = replace(settled[0], leaves_something=True)
        kept |= {record.scope: record for record in records}
        by_request = {id(request): result for request, result in zip(fresh, settled, strict=True)}
        return [by_request.get(id(request)) or _replay(request, kept) for request in requests]

    def _decide(
        self, event_id: str, orders: Sequence[Order], now: datetime, session: ClientSession
    ) -> Decision:
        event = events.find(self._db, event_id, session)
        facts = gather(self._db, event_id, event, [order.command for order in orders], session)
        return decide(event_id, event, facts, orders, now)

    def _write(self, decision: Decision, session: ClientSession) -> None:
        if not decision.changed or decision.after is None:
            return
        events.write(self._db, decision.before, decision.after, session)
        bookings.write(self._db, decision.writes, session)
        audit.append(self._db, decision.entries, session)


def _given_up(request: Request, conflict: Conflict) -> OfficeError:
    if request.keep and isinstance(conflict, idempotency.KeyTaken):
        return RequestInFlight()
    return Busy()


def _first_of_each_key(requests: Sequence[Request], kept: dict[Scope, Record]) -> Sequence[Request]:
    """Leave out what has an answer already: kept earlier, or given to a twin in this group."""
    seen = set(kept)
    fresh = []
    for request in requests:
        if request.keep is None:
            fresh.append(request)
        elif request.keep.scope not in seen:
            seen.add(request.keep.scope)
            fresh.append(request)
    return fresh


def _settle(request: Request, outcome: Outcome) -> Settled:
    return Settled(outcome, request.keep.answer(outcome) if request.keep else None)


def _records(requests: Sequence[Request], settled: Sequence[Settled]) -> Sequence[Record]:
    return [
        Record(request.keep.caller, request.keep.key, request.keep.fingerprint, result.answer)
        for request, result in zip(requests, settled, strict=True)
        if request.keep and result.answer and _is_final(result.outcome)
    ]


def _is_final(outcome: Outcome) -> bool:
    return not isinstance(outcome, OfficeError) or isinstance(outcome, NotFound | Refused)


def _replay(request: Request, kept: dict[Scope, Record]) -> Settled | BaseException:
    """Answer a request whose key has an answer; raises nothing, returns the error."""
    assert request.keep is not None
    record = kept.get(request.keep.scope)
    if record is None:
        # The first with this key came in this group, and its outcome is not one to be kept.
        return Busy()
    if record.fingerprint != request.keep.fingerprint:
        return KeyReused()
    return Settled(None, record.answer, replayed=True)
