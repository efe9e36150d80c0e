"""Puts a run together: hosts with their processes, clients, and what is to go wrong."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from atexit import register
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from tests.domain.builders import HALLOWEEN, NOW
from tests.simulation.clients import (
    ACCOUNTS,
    EVENTS,
    ONE,
    OTHER,
    SPOILT,
    Attempt,
    ClientLoop,
    Operation,
    Told,
)
from tests.simulation.mongodb.matching import Document
from tests.simulation.mongodb.server import Server, Transaction, Unique
from tests.simulation.plan import Host, Plan
from tests.simulation.process import OfficeProcess
from tests.simulation.scheduler import Process, Scheduler, Stuck
from tests.simulation.standins import stand_ins, standing_in
from ticketing.domain.commands.events import Create
from ticketing.domain.errors import DomainError
from ticketing.domain.identity.caller import SYSTEM_ACTOR
from ticketing.services.writes.batch import CommandResult
from ticketing.services.writes.combining import SharedLists
from ticketing.storage.documents import CUSTOMERS
from ticketing.storage.migrations.schema import SCHEMA

# How long recovery may take once all clients have their answers.
QUIET_S = 30.0

_MESSAGE_S = 0.0002, 0.002


@cache
def unique_indexes() -> dict[str, list[Unique]]:
    """Return the unique indexes of the real schema."""
    return {
        name: [
            Unique(tuple(index.document["key"]), index.document.get("partialFilterExpression", {}))
            for index in collection.indexes
            if index.document.get("unique")
        ]
        for name, collection in SCHEMA.items()
    }


@cache
def _folders() -> Path:
    """Return where hosts have their folders: the file locks in them are real."""
    folder = Path(tempfile.mkdtemp(prefix="ticketing-simulation-"))
    maker = os.getpid()
    register(lambda: shutil.rmtree(folder) if os.getpid() == maker else None)
    return folder


@cache
def _folder_of(host: str) -> Path:
    folder = _folders() / host
    folder.mkdir()
    return folder


class Watched(Server):
    """MongoDB, with somebody who looks at what each commit leaves."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(unique_indexes(), simulation.utc_now)
        self._simulation = simulation

    def committed(self, transaction: Transaction) -> None:
        """See that nothing remains where all of it goes into one commit."""
        simulation = self._simulation
        if simulation.plan.most_per_commit < 100:
            return
        for name, id_ in transaction.written:
            if name == "events" and simulation.remains(str(id_)):
                simulation.unserved.append(f"somebody waits after a commit on {id_}")


class Simulation:
    """Run it, then look at what the server has and at what the clients were told."""

    def __init__(self, plan: Plan, *, keeps_history: bool = False) -> None:
        self.plan = plan
        self.scheduler = Scheduler(random.Random(plan.seed), plan.eagerness, self._watch)
        self._told_at, self._told = 0.0, NOW
        self.server = Watched(self)
        self.operations: dict[str, Operation] = {}
        self.attempts: dict[str, Attempt] = {}
        # Ids of bookings that somebody has asked for, and codes with what is offered under them.
        self.made: list[str] = []
        self.codes: dict[str, str] = {}
        self.sometimes: Counter[str] = Counter()
        self.largest_batch = 0
        # What no judge has to look for: somebody waited for ever, or an error that nobody expected.
        self.broken: list[str] = []
        # After which commits somebody waited though there were tickets.
        self.unserved: list[str] = []
        # What was on lease when the last request had been answered, and when that was.
        self.leases_at_the_end: list[Document] = []
        self.ended_at = NOW
        self.queues_at_the_end: dict[str, list[str]] = {}
        self.away_until = 0.0
        self.processes: list[OfficeProcess] = []
        self.history: list[tuple[object, ...]] = []
        # By the name that a turn was asked for by: the process that did.
        self.turns: dict[str, str] = {}
        # By queue: how many threads lead it. The invariant: one, while the queue holds anybody.
        self.leading: Counter[object] = Counter()
        # By host: what its processes publish for each other.
        self.lists: dict[str, SharedLists] = {}
        self._keeps_history = keeps_history
        self._clients: dict[Attempt, ClientLoop] = {}

    @property
    def now(self) -> float:
        """Virtual time, in seconds since the beginning."""
        return self.scheduler.now

    def utc_now(self) -> datetime:
        """Return MongoDB's time, in whole milliseconds."""
        if self._told_at != self.now:
            self._told_at = self.now
            self._told = NOW + timedelta(milliseconds=int(self.now * 1000))
        return self._told

    def run(self) -> None:
        """Go on until everybody has an answer and nothing remains to be done."""
        with standing_in(stand_ins(self, _folder_of)):
            try:
                self._begin()
                self.scheduler.run()
            except Stuck as stuck:
                self.broken.append(str(stuck))
            finally:
                self.scheduler.end()
        self._count()

    def note(self, *what: object) -> None:
        """Write a step into the history."""
        if self._keeps_history:
            thread = self.scheduler.running
            self.history.append((self.now, str(thread) if thread else "", *what))

    def batch_of(self, commands: int) -> None:
        """Note how many commands are committed at once."""
        self.largest_batch = max(self.largest_batch, commands)
        if commands == self.plan.group_size:
            self.sometimes["a group of one" if commands == 1 else "a full group"] += 1
        elif commands > 1:
            self.sometimes["a group of some"] += 1

    def home_of(self, booking: str) -> str:
        """Return the event that a booking is in; of one that is nowhere, any."""
        found = self.server.find("bookings", booking)
        return found["event"] if found else ONE

    def start(self, host: Host, number: int, life: int = 0) -> None:
        """Start a process of a host, in the place of one that has died."""
        self.processes.append(OfficeProcess(self, host, number, life))

    def send(self, client: ClientLoop, operation: Operation) -> Attempt:
        """Hand a request to the network, for one process; it may come to another as well."""
        chance, plan = self.scheduler.chance, self.plan
        alive = [process for process in self.processes if not process.is_dead] or self.processes
        process = alive[0] if chance.random() < plan.crowding else chance.choice(alive)
        request_id = f"{operation.name}.{len(operation.attempts)}"
        attempt = Attempt(operation, request_id, process.name, self.now)
        operation.attempts.append(attempt)
        self.attempts[request_id] = attempt
        self._clients[attempt] = client
        self.note("asks", process.name, request_id, operation.command)
        if chance.random() < plan.lost:
            self.note("the request is lost")
            self.scheduler.at(1.0, lambda: client.hears(attempt, None))
            return attempt
        self._deliver(attempt, process, chance.uniform(*_MESSAGE_S))
        if operation.has_key and chance.random() < plan.twice:
            self.sometimes["a request came twice"] += 1
            twin = Attempt(operation, f"{request_id}'", process.name, self.now)
            self.attempts[twin.request_id] = twin
            self._clients[twin] = client
            operation.attempts.append(twin)
            near = chance.random() < 0.5
            seconds = chance.uniform(*_MESSAGE_S) if near else chance.expovariate(100)
            self._deliver(twin, process if near else chance.choice(self.processes), seconds)
        return attempt

    def connections_closed(self, process: OfficeProcess) -> None:
        """Tell the clients of a process that has died."""
        for attempt, client in self._clients.items():
            if attempt.process == process.name and attempt.told is None:
                self.scheduler.at(0.001, lambda c=client, a=attempt: c.hears(a, None))  # type: ignore[misc]

    def documents(self, collection: str, event: str) -> list[Document]:
        """Return an event's documents of a collection, without the one that was spoilt."""
        found = self.server.all_of(collection)
        return [d for d in found if d["event"] == event and d["_id"] != SPOILT]

    def _begin(self) -> None:
        for host in self.plan.hosts:
            if self.plan.combines:
                self.lists[host.name] = SharedLists(host.processes)
            for number in range(host.processes):
                self.start(host, number)
        everybody = Process("clients")
        clients = [ClientLoop(self, number) for number in range(self.plan.clients)]

        def begin() -> None:
            first = clients[0]
            price = {ONE: 500, OTHER: 700}
            for number, event in enumerate(EVENTS):
                day = HALLOWEEN.replace(day=1 + number)
                create = Create(
                    f"Event {event}", None, day, self.plan.capacity - number, price[event]
                )
                first.ask_for(create, event, f"made-{event}")
            if self.plan.spoilt:
                self._spoil()
            self._break()
            for number, client in enumerate(clients):
                client.thread = self.scheduler.start(everybody, f"c{number}", client.run)
            self.scheduler.start(everybody, "end", lambda: self._await(clients))

        self._know_accounts()
        clients[0].thread = self.scheduler.start(everybody, "first", begin)

    def _await(self, clients: Iterable[ClientLoop]) -> None:
        """Wait until all clients are done, and then for recovery, if there is something for it."""
        scheduler = self.scheduler
        while any(client.thread and client.thread.is_alive for client in clients) or any(
            attempt.told is None for attempt in self._under_way()
        ):
            scheduler.sleep(0.05)
        self.leases_at_the_end, self.ended_at = self.server.all_of("leases"), self.utc_now()
        self.queues_at_the_end = {
            process.name: [*process.handler._queues._queues]
            for process in self.processes
            if not process.is_dead
            and any(not of.users for of in process.handler._queues._queues.values())
        }
        until = scheduler.now + QUIET_S
        while self.remains() and scheduler.now < until:
            self.sometimes["recovery had something to do"] += 1
            scheduler.sleep(0.5)

    def _watch(self) -> None:
        """Look at each queue while nobody does anything: who waits in it has to have a leader."""
        for process in self.processes:
            if process.is_dead:
                continue
            for of in process.handler._queues._queues.values():
                leaders = self.leading[of]
                waiters = [*of.waiters, *of.published.values()]
                if leaders > 1 or (waiters and not leaders and not any(w.leads for w in waiters)):
                    self.broken.append(f"{leaders} threads lead a queue of {len(waiters)}")

    def _count(self) -> None:
        """Count what the plan and the audit tell of, for *sometimes*."""
        self.sometimes["a calm run"] += self.plan.is_calm
        if self.plan.turn_patience_s == 0:
            waited = self.sometimes["a turn was not waited for any longer"]
            self.sometimes["nobody had the patience for a turn"] += waited
        for entry in self.server.all_of("audit"):
            self.sometimes[entry["action"]] += 1
            if entry["actor"] == SYSTEM_ACTOR:
                by_recovery = entry["request_id"].startswith("recovery-")
                who = "recovery" if by_recovery else "the next commit"
                self.sometimes[f"remaining work was finished by {who}"] += 1

    def _under_way(self) -> Iterable[Attempt]:
        alive = {process.name for process in self.processes if not process.is_dead}
        return [a for a in self.attempts.values() if a.is_running and a.process in alive]

    def remains(self, only: str | None = None) -> bool:
        """Return whether something remains to be done for an event."""
        for event in self.server.all_of("events"):
            if only not in (None, event["_id"]):
                continue
            waiting = [
                b for b in self.documents("bookings", event["_id"]) if b["status"] == "waiting"
            ]
            if event["status"] == "cancelled" and (waiting or event["sold"]):
                return True
            head = min(waiting, key=lambda booking: booking["sequence"], default=None)
            if head and head["tickets"] <= event["capacity"] - event["sold"]:
                return True
        return False

    def _know_accounts(self) -> None:
        transaction = self.server.begin(None)
        for account in ACCOUNTS:
            self.server.insert(transaction, "customers", CUSTOMERS.encode(account))
        self.server.commit(transaction)

    def _spoil(self) -> None:
        """Have a booking that can't be read, as somebody's shell might leave it."""
        transaction = self.server.begin(None)
        spoilt = {"_id": SPOILT, "event": ONE, "customer": None, "tickets": "some",
                  "status": "cancelled", "sequence": 0}  # fmt: skip
        self.server.insert(transaction, "bookings", spoilt)
        self.server.commit(transaction)

    def _break(self) -> None:
        """Put on the agenda what is to go wrong."""
        chance, scheduler = self.scheduler.chance, self.scheduler

        def doom() -> None:
            alive = [process for process in self.processes if not process.is_dead]
            if alive:
                chance.choice(alive).steps_left = chance.randrange(1, 60)

        def elect(takes: float) -> None:
            self.note("", "another primary is elected")
            self.sometimes["another primary"] += 1
            self.away_until = max(self.away_until, self.now + takes)
            self.server.elect(loses=chance.random() < 0.5, lags_by=chance.randint(0, 4))

        def go_away(takes: float) -> None:
            self.sometimes["MongoDB was away"] += 1
            self.away_until = max(self.away_until, self.now + takes)

        for at in self.plan.deaths:
            scheduler.at(at, doom)
        for at, takes in self.plan.elections:
            scheduler.at(at, lambda takes=takes: elect(takes))  # type: ignore[misc]
        for at, takes in self.plan.outages:
            scheduler.at(at, lambda takes=takes: go_away(takes))  # type: ignore[misc]

    def _deliver(self, attempt: Attempt, process: OfficeProcess, seconds: float) -> None:
        client = self._clients[attempt]

        def arrive() -> None:
            if process.is_dead:
                self.scheduler.at(0.001, lambda: client.hears(attempt, None))
                return
            attempt.process = process.name
            attempt.is_running = True
            self.scheduler.start(process, attempt.request_id, lambda: self._serve(attempt, process))

        self.scheduler.at(seconds, arrive)

    def _serve(self, attempt: Attempt, process: OfficeProcess) -> None:
        """Execute a request in a thread of its process, and answer."""
        client, chance = self._clients[attempt], self.scheduler.chance
        told: Told
        try:
            told = process.execute(attempt.operation, attempt.request_id)
        except DomainError as error:
            told = error
        except Exception as error:
            self.broken.append(f"{attempt.request_id}: {error!r}")
            told = error
        attempt.told, attempt.ended = told, self.now
        what = told.outcome if isinstance(told, CommandResult) and not told.replayed else told
        self.note("answers", attempt.request_id, type(what).__name__)
        self.sometimes[f"told {type(what).__name__}"] += 1
        if chance.random() < self.plan.lost:
            self.note("the answer is lost")
            return
        self.scheduler.at(chance.uniform(*_MESSAGE_S), lambda: client.hears(attempt, told))

    def utc_now_here(self) -> datetime:
        """Return what the process whose thread runs takes the time for."""
        process = self.scheduler.current.process
        return process.utc_now() if isinstance(process, OfficeProcess) else self.utc_now()
