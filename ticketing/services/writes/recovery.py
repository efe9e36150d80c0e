"""Finishes remaining work whose request is not there any more: what a crash left."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import structlog
from pymongo.errors import PyMongoError

from ticketing.domain.errors import DomainError
from ticketing.domain.identity.caller import SYSTEM_ACTOR, Caller
from ticketing.services.accounts.deactivation import leave_lists
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage import events, leases
from ticketing.storage.accounts import users
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.fitness import Fitness

log = structlog.get_logger(__name__)

PAUSE_S = 2.0

# How many users are seen to in one round.
_MOST_LEAVING = 100

# Where something still remains.
_GO_ON_S = 0.1


def recover(
    db: Database, commands: CommandHandler, goes_on: Callable[[], bool] = lambda: True
) -> bool:
    """Resume each event that may need it; where it needs nothing, nothing is written.

    Whoever was deactivated leaves the lists, should that have been cut short. Ends early where
    `goes_on` says so. Returns False where something still remains.
    """
    request_id, all_done = f"recovery-{uuid4().hex}", True
    for event_id in events.with_remaining_work(db):
        if not goes_on():
            return True
        all_done &= commands.resume(event_id, request_id)
    for user in users.leaving(db, _MOST_LEAVING):
        if leave_lists(db, commands, user, Caller(SYSTEM_ACTOR, request_id)):
            users.has_left(db, user.id)
    return all_done


class RecoveryWorker:
    """Recovers every now and then, beside the requests.

    However many workers there are, on however many hosts, one of them does so at a time, under a
    lease that lasts as long as the pause: so the next round is whoever's that comes first then, and
    nobody waits long for a worker that was killed.
    """

    def __init__(
        self,
        db: Database,
        commands: CommandHandler,
        fitness: Fitness | None = None,
        *,
        pause_s: float | None = None,
    ) -> None:
        self._db = db
        self._commands = commands
        self._fitness = fitness or Fitness(db)
        self._pause_s = PAUSE_S if pause_s is None else pause_s
        self._lease = timedelta(seconds=self._pause_s)
        self._round = uuid4().hex
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Recover until the event is set, and then end after what is under way."""
        self._stop = stop
        pause_s = self._pause_s
        # At random, so that workers that started together don't all look at the same moment.
        while not stop.wait(random.uniform(0.5, 1.5) * pause_s):
            pause_s = self._pause_s if self._run_round() else _GO_ON_S

    def _run_round(self) -> bool:
        """Recover; return whether to rest now. What goes wrong is tried again after a pause."""
        # A round keeps its name until everything is done, and the lease with it, so that the worker
        # that has begun goes on at once. A new name for each round gives the others their turn.
        try:
            self._fitness.require(for_changes=True)
            if self._is_ours() and not recover(self._db, self._commands, self._is_ours):
                return False
            self._round = uuid4().hex
        except (PyMongoError, DomainError) as error:
            log.info("not_recovered", error=type(error).__name__)
        except Exception:
            log.exception("crash", route="recovery")
        return True

    def _is_ours(self) -> bool:
        """Take the lease for this round, or keep it; nobody goes on who is to stop."""
        if self._stop.is_set():
            return False
        return leases.take(self._db, "recovery", self._round, self._lease)
