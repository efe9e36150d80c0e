"""The one way in which anything is changed: a group of requests, decided and written together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ticketing.domain.commands import OFFICE, CarryOn, Command, Order
from ticketing.domain.decisions import Decision, decide
from ticketing.domain.errors import (
    Busy,
    OfficeError,
    RequestInFlight,
    Unreadable,
)
from ticketing.services.courtesy import Batons
from ticketing.services.gathering import gather
from ticketing.services.groups import Asker, Group, Request, Settled
from ticketing.services.lanes import Lanes
from ticketing.storage import audit, bookings, events, idempotency
from ticketing.storage.clients import Client, Database
from ticketing.storage.deadlines import left
from ticketing.storage.sessions import Conflict, breaks_a_validator, unit_of_work

log = structlog.get_logger(__name__)

# A group commits in 5 to 20 ms; a loser of a write conflict that comes back within that time mostly
# loses again. The pause grows with each defeat so that many workers on one event spread out.
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.04

# How long a request goes on with what it could not do in one commit before it is answered.
_CARRY_ON_S = 4.0

# With less time than this left, another attempt would only run out of it.
_LEAST_S = 0.05


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

    def carry_on(self, event_id: str, request_id: str) -> bool:
        """Do what is left over, in one commit after the other, each with whoever comes meanwhile.

        Returns False when the time is over first and going on at once would help. Raises nothing:
        the request that began it is done. The next order for the event, or the sweeper, goes on.
        """
        until = time.monotonic() + min(_CARRY_ON_S, left())
        request = Request(Order(CarryOn(), OFFICE, request_id), None)
        try:
            while self._lanes.submit(event_id, request, wait_s=self._wait_s).leaves_something:
                if time.monotonic() > until:
                    log.info("left_over", request_id=request_id)
                    return False
        except OfficeError as error:
            log.warning("left_over", code=error.code, request_id=request_id)
        return True

    def _commit(
        self, event_id: str, requests: Sequence[Request]
    ) -> Sequence[Settled | BaseException]:
        """Commit a group, again on fresh state after each conflict, while there is time.

        A request that MongoDB refuses for a reason of its own, or for which something has to be
        read that can't be, must not take its neighbours along: then each is tried by itself.
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
            except Exception as error:
                of_all = isinstance(error, OfficeError) and not isinstance(error, Unreadable)
                if of_all or len(requests) == 1:
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

        try:
            return unit_of_work(self._client, work, seconds=seconds)
        except PyMongoError as error:
            if breaks_a_validator(error):
                raise Unreadable from error
            raise

    def _work(
        self, event_id: str, requests: Sequence[Request], session: ClientSession
    ) -> Sequence[Settled | BaseException]:
        scopes = {request.keep.scope for request in requests if request.keep}
        group = Group(requests, idempotency.find_many(self._db, scopes, session))

        decision = self._decide(event_id, [request.order for request in group.fresh], session)
        answers = group.settle(decision.outcomes, leaves_something=decision.leaves_something)

        self._write(decision, session)
        idempotency.keep(self._db, group.records, session)
        return answers

    def _decide(self, event_id: str, orders: Sequence[Order], session: ClientSession) -> Decision:
        event = events.find(self._db, event_id, session)
        facts = gather(self._db, event_id, event, [order.command for order in orders], session)
        return decide(event_id, event, facts, orders, self._clock())

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
