"""A process of a host: the real command handler, on its way to a MongoDB that stands in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pymongo.errors import AutoReconnect, ExecutionTimeout, NetworkTimeout

from tests.simulation.mongodb.driver import Client
from tests.simulation.plan import Host
from tests.simulation.scheduler import Event, Process
from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import digest_of
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.transfers import Accept
from ticketing.metrics import Metrics
from ticketing.services.writes.batch import CommandResult, IdempotencyKey
from ticketing.services.writes.combining import SharedPublications
from ticketing.services.writes.handler import CommandHandler
from ticketing.services.writes.recovery import RecoveryWorker
from ticketing.storage import bookings
from ticketing.storage.driver import clients, deadlines
from ticketing.storage.driver.fitness import Fitness

if TYPE_CHECKING:
    from tests.simulation.clients import Operation
    from tests.simulation.simulation import Simulation

T = TypeVar("T")

# One way to MongoDB and back, from near by; what a commit takes at its disks.
_WAY_S = 0.0001, 0.0005
_DISK_S = 0.002, 0.006

_COMMIT = "commit"


class Line:
    """The network between one process and MongoDB."""

    def __init__(self, simulation: Simulation, host: Host) -> None:
        self._simulation = simulation
        self._distance = host.distance
        self._lost_in_a_row = 0

    def pause(self, seconds: float) -> None:
        """Wait at the server."""
        self._simulation.scheduler.sleep(seconds)

    def defeats(self) -> bool:
        """Return whether somebody else is to be faster, as often as the plan says."""
        self._lost_in_a_row += 1
        if self._lost_in_a_row <= self._simulation.plan.defeats:
            self._simulation.sometimes["a defeat that was forced"] += 1
            return True
        self._lost_in_a_row = 0
        return False

    def ask(self, what: str, do: Callable[[], T]) -> T:
        """Do something at the server; raises what PyMongo raises where a message is lost."""
        simulation, chance = self._simulation, self._simulation.scheduler.chance
        self._travel(what, _WAY_S)
        is_alone = what.startswith("read") or what.endswith("leases") or what == "hello"
        # The driver itself asks again for what is in no transaction.
        lost = 0.0 if is_alone else simulation.plan.lost
        if what == _COMMIT:
            lost += simulation.plan.unknown
        if chance.random() < lost / 2:
            simulation.note(what, "is lost")
            simulation.sometimes[
                f"{'commit' if what == _COMMIT else 'message'}, not done, lost"
            ] += 1
            raise AutoReconnect("connection closed")
        term = simulation.server.term
        try:
            result = do()
        except Exception as error:
            simulation.note(what, type(error).__name__)
            self._travel(what, _WAY_S)
            raise
        simulation.note(what)
        self._travel(what, _DISK_S if what == _COMMIT else _WAY_S)
        if chance.random() < lost / 2 or (simulation.server.term != term and not is_alone):
            simulation.note(what, "is done, and the answer is lost")
            simulation.sometimes[f"{'commit' if what == _COMMIT else 'message'}, done, lost"] += 1
            raise AutoReconnect("connection closed")
        return result

    def _travel(self, what: str, seconds: tuple[float, float]) -> None:
        """Let a message take its time, if there is so much left."""
        simulation = self._simulation
        scheduler = simulation.scheduler
        left = deadlines.remaining()
        if left <= 0:
            raise ExecutionTimeout("operation would exceed time limit")
        takes = scheduler.chance.uniform(*seconds) * self._distance
        if simulation.away_until > scheduler.now:
            takes += simulation.away_until - scheduler.now
        scheduler.sleep(min(takes, left))
        if takes > left:
            simulation.note(what, "takes too long")
            simulation.sometimes["time ran out on the way"] += 1
            raise NetworkTimeout("timed out")


class OfficeProcess(Process):
    """One process of the office, which serves each request in a thread of its own."""

    def __init__(self, simulation: Simulation, host: Host, number: int, life: int) -> None:
        super().__init__(f"{host.name}.{number}{f'-{life}' if life else ''}")
        self.host = host
        self.is_to_die_resuming = False
        self._simulation = simulation
        self._number, self._life = number, life
        plan, chance = simulation.plan, simulation.scheduler.chance
        self.client = Client(simulation.server, Line(simulation, host), host.name)
        self._db = cast(clients.Database, self.client.database)
        self.clock_is_off_by = timedelta(days=chance.choice([-1, 0, 1]) if plan.clock_is_off else 0)
        self.handler = Handler(
            simulation,
            self,
            cast(clients.Client, self.client),
            self._db,
            self.utc_now,
            group_size=plan.group_size,
            wait_s=plan.wait_s,
            commit_s=plan.commit_s,
            metrics=cast(Metrics, _Counts(simulation)),
        )
        if (lists := simulation.lists.get(host.name)) is not None:
            self.handler.combine(SharedPublications(lists, number))
        if plan.recovers:
            worker = RecoveryWorker(
                self._db, self.handler, cast(Fitness, _Fit()), pause_s=plan.pause_s
            )
            stop = cast(threading.Event, Event(simulation.scheduler))
            simulation.scheduler.start(self, "recovery", lambda: worker.run(stop), is_daemon=True)

    def utc_now(self) -> datetime:
        """Return what this process takes the time for."""
        return self._simulation.utc_now() + self.clock_is_off_by

    def execute(self, operation: Operation, request_id: str) -> CommandResult:
        """Execute what a client asks for, as the views of the API do."""
        command, caller = operation.command, operation.caller_in(request_id)
        key: IdempotencyKey | None = operation.idempotency_key
        with deadlines.deadline(self._simulation.plan.request_s):
            if isinstance(command, Leave):
                return self.handler.move(
                    command.booking, to=operation.event, caller=caller, key=key
                )
            if operation.is_of_an_event:
                return self.handler.execute(command, on=operation.event, caller=caller, key=key)
            booking = getattr(command, "booking", "")
            if isinstance(command, Accept):
                booking = bookings.find_offered(self._db, digest_of(command.code)) or ""
                command = Accept(booking, command.code, command.to)
            return self.handler.execute_on_booking(command, booking=booking, caller=caller, key=key)

    def died(self) -> None:
        """Have its connections closed, and start it anew after a while."""
        simulation, chance = self._simulation, self._simulation.scheduler.chance
        simulation.note("", self.name, "is dead")
        simulation.sometimes["a process died"] += 1
        if any(t.owner is self.client for t in simulation.server.open_transactions()):
            simulation.sometimes["a process died within a transaction"] += 1
        simulation.sometimes["a process died that resumed"] += self.is_to_die_resuming
        now = simulation.utc_now()
        leases = [lease for lease in simulation.server.all_of("leases") if lease["until"] > now]
        if any(simulation.turns.get(lease["holder"]) == self.name for lease in leases):
            simulation.sometimes["a process died that had a turn"] += 1

        def reap() -> None:
            simulation.server.abort_all_of(self.client)

        # gunicorn's hook ends its sessions at once; who dies with gunicorn leaves them behind.
        if chance.random() < 0.7:
            simulation.scheduler.at(0.01, reap)
        simulation.connections_closed(self)
        simulation.scheduler.at(
            chance.uniform(0.02, 0.5),
            lambda: simulation.start(self.host, self._number, self._life + 1),
        )


class Handler(CommandHandler):
    """The handler; its process may die while it resumes what remains for a request."""

    def __init__(self, simulation: Simulation, process: OfficeProcess, *args: Any, **known: Any):
        self._simulation, self._process = simulation, process
        super().__init__(*args, **known)

    def resume(self, event_id: str, request_id: str) -> bool:
        """Resume; recovery is let alone."""
        simulation = self._simulation
        if simulation.plan.dies_resuming and not request_id.startswith("recovery"):
            self._process.is_to_die_resuming = True
            self._process.steps_left = simulation.scheduler.chance.randrange(1, 80)
        return super().resume(event_id, request_id)


class _Fit:
    """A database that is as it should be."""

    def require(self, *, for_changes: bool) -> None:
        del for_changes


class _Counts:
    """Counts what the handler tells its metrics, for *sometimes*."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @contextmanager
    def committing(self, commands: int) -> Iterator[None]:
        self._simulation.batch_of(commands)
        yield

    def count_commit(self, commands: int, seconds: float, entries: Iterable[AuditEntry]) -> None:
        del commands, seconds, entries
        self._simulation.sometimes["a batch was committed"] += 1

    def count_failed_commit(self, seconds: float, *, conflict: bool) -> None:
        del seconds
        if conflict:
            self._simulation.sometimes["a batch was defeated"] += 1

    def count_split(self) -> None:
        self._simulation.sometimes["a batch was split"] += 1
