"""A whole office in one thread: clients, a network that loses things, workers that crash.

Time is virtual and everything comes from one seed, so a run that fails can be run again. What is
real is the pure core: `decide`, `decide_move` and `Batch`. What is simulated is what stands around
it: messages that get lost, come twice or late; two workers that read at one moment and commit at a
later one, if nobody was faster; and crashes between any two steps. There are two events, between
which bookings are moved.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count

from tests.builders import NOW, named
from tests.domain.world import World
from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.bookings import Book, Cancel, Resize
from ticketing.domain.commands.command import AnyCommand, Envelope
from ticketing.domain.commands.decide import Decision
from ticketing.domain.commands.events import Change
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.sales import Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer, Withdraw
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef
from ticketing.services.writes.batch import Batch, CommandResult, IdempotencyKey, Submission
from ticketing.services.writes.moves import decide_move
from ticketing.storage.writes.idempotency import IdempotencyRecord, KeyScope, StoredResponse

LOST, TWICE, CRASH, BY_THEMSELVES = 0.15, 0.15, 0.1, 0.4
ELSEWHERE = 0.8

# Who asks for themselves may acquire so many tickets.
MOST = 3
ACCOUNTS = tuple(
    Customer(f"account-{n}", f"c{n}@example.org", f"address:c{n}@example.org", created_at=NOW)
    for n in range(3)
)
RETRY_S = 1.0

ONE, OTHER = EVENTS = "e1", "e2"
OF_AN_EVENT = Sell | Book | Change


@dataclass
class Operation:
    """What a client wants, under a key, and each answer that it got.

    `event` is where something is made or changed, or where a booking is moved to.
    """

    key: str
    command: AnyCommand
    event: str
    caller: Caller
    began: float
    ended: float = math.inf
    answers: list[bytes] = field(default_factory=list)


class Simulation:
    """Run it, then look at `worlds`, `operations`, `unserved` and `effects`."""

    def __init__(self, seed: int, *, operations: int = 50, keeps: bool = True) -> None:
        self.chance = random.Random(seed)
        self.customers = {account.id: account for account in ACCOUNTS}
        self.worlds = {
            ONE: World(ONE, customers=self.customers, capacity=8),
            OTHER: World(
                OTHER, customers=self.customers, capacity=7, price=700, day=date(2024, 11, 1)
            ),
        }
        # Who waited though there were tickets enough, after some commit.
        self.unserved: list[str] = []
        # By code: the key of the operation that it was given to, whether or not it was granted.
        self.codes: dict[str, str] = {}
        self.records: dict[KeyScope, IdempotencyRecord] = {}
        self.operations: dict[str, Operation] = {}
        self.crashes = self.conflicts = 0
        self.now = 0.0
        self._keeps = keeps
        self._versions = dict.fromkeys(EVENTS, 0)
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._made: list[str] = []
        self._queues: dict[tuple[int, str], list[Submission]] = {
            (worker, event): [] for worker in range(2) for event in EVENTS
        }
        self._busy: set[tuple[int, str]] = set()
        # A worker that has crashed goes on with another life.
        self._lives = [0, 0]
        for _ in range(operations):
            self._later(self.chance.uniform(0, 8), self._operation)

    def run(self) -> None:
        """Go on until everybody has an answer and no message is under way."""
        while self._agenda:
            self.now, _, act = heapq.heappop(self._agenda)
            assert self.now < 10_000, "somebody never gets an answer"
            act()

    def effects(self) -> Counter[str]:
        """Count the changes that each key has made, but for those that only follow from them.

        A move is one change, where it arrives.
        """
        return Counter(
            entry.request_id
            for world in self.worlds.values()
            for entry in world.trail
            if entry.action not in ("created", "assigned", "moved_out")
        )

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now + seconds, next(self._numbers), act))

    def _send(self, deliver: Callable[[], None]) -> None:
        """Hand a message to the network, which may lose it, and may bring it more than once."""
        copies = 0 if self.chance.random() < LOST else 1
        copies += self.chance.random() < TWICE
        for _ in range(copies):
            self._later(self.chance.expovariate(5), deliver)

    # Clients.

    def _operation(self) -> None:
        number = len(self.operations)
        key, new = f"k{number}", f"b{number:03}"
        account = self.chance.choice(ACCOUNTS) if self.chance.random() < BY_THEMSELVES else None
        command = self._command(new, key) if account is None else self._own(new, key, account)
        caller = Caller(account.id, key, account.id) if account else Caller("ada", key)
        event = self._whither(command)
        operation = self.operations[key] = Operation(key, command, event, caller, self.now)
        self._ask(operation)

    def _whither(self, command: AnyCommand) -> str:
        """Choose an event: for a booking that is to be moved, mostly the one that it is not in."""
        if isinstance(command, Leave) and self.chance.random() < ELSEWHERE:
            return OTHER if self._home(command.booking) == ONE else ONE
        return self.chance.choice(EVENTS)

    def _home(self, booking: str) -> str:
        homes = (id_ for id_, world in self.worlds.items() if booking in world.bookings)
        return next(homes, ONE)

    def _command(self, new: str, key: str) -> AnyCommand:
        some = self.chance.choice([*self._made, "unknown"])
        # As staff names them: whoever commits the first booking makes the customer.
        spelt = self.chance.choice(["c{}@example.org", "C{}@Example.ORG"])
        who = spelt.format(self.chance.randrange(12))
        customer = replace(named(who), new_id=f"customer-of-{new}")
        kind = self.chance.choice(
            ["sell", "book", "book", "book", "cancel", "cancel", "resize", "transfer", "capacity",
             "offer", "accept", "withdraw", "move", "move", "move"]
        )  # fmt: skip
        if kind in ("sell", "book"):
            self._made.append(new)
        commands: dict[str, AnyCommand] = {
            "sell": Sell(new, self.chance.randint(1, 3)),
            "book": Book(new, customer, self.chance.randint(1, 3), None),
            "cancel": Cancel(some),
            "resize": Resize(some, self.chance.randint(1, 3)),
            "offer": self._offer(some, key),
            "accept": self._accept(customer),
            "withdraw": Withdraw(some),
            "transfer": Transfer(some, customer),
            "move": Leave(some),
            "capacity": Change({"capacity": self.chance.randint(6, 12)}),
        }
        return commands[kind]

    def _own(self, new: str, key: str, account: Customer) -> AnyCommand:
        """Return what somebody does for themselves, within their limit."""
        some = self.chance.choice([*self._made, "unknown"])
        kind = self.chance.choice(["book", "book", "book", "resize", "offer", "accept"])
        if kind == "book":
            self._made.append(new)
        commands: dict[str, AnyCommand] = {
            "book": Book(new, account, self.chance.randint(1, MOST), None, MOST),
            "resize": Resize(some, self.chance.randint(1, MOST), account.id, MOST),
            "offer": self._offer(some, key, account.id),
            "accept": self._accept(account),
        }
        return commands[kind]

    def _offer(self, booking: str, key: str, holder: str | None = None) -> Offer:
        self.codes[f"code-{key}"] = key
        return Offer(booking, f"code-{key}", NOW + timedelta(days=1), holder)

    def _accept(self, receiver: CustomerRef) -> Accept:
        """Take up one of the newest codes; which booking that is, storage would look up."""
        code = self.chance.choice([*self.codes, "unknown"][-8:])
        offered = self.operations.get(self.codes.get(code, ""))
        known = offered is not None and isinstance(offered.command, Offer)
        return Accept(offered.command.booking if known else "unknown", code, receiver)

    def _ask(self, operation: Operation) -> None:
        """Ask, and again after a while if no answer has come: with the same key."""
        if operation.answers:
            return
        key = IdempotencyKey(
            operation.caller.actor,
            operation.key,
            "the same",
            lambda outcome: StoredResponse(200, {}, told(outcome)),
        )
        request = Submission(Envelope(operation.command, operation.caller), key)
        worker = self.chance.randrange(2)
        self._send(lambda: self._arrives(worker, request))
        self._later(RETRY_S, lambda: self._ask(operation))

    def _hears(self, key: str, answer: bytes) -> None:
        operation = self.operations[key]
        operation.answers.append(answer)
        operation.ended = min(operation.ended, self.now)

    # Workers.

    def _arrives(self, worker: int, request: Submission) -> None:
        """Queue a request for its event, which is looked up beforehand where a booking is named."""
        event = self._event_of(request)
        if isinstance(request.envelope.command, Leave):
            self._move(worker, request, event)
            return
        self._queues[worker, event].append(request)
        self._lead(worker, event)

    def _event_of(self, request: Submission) -> str:
        command = request.envelope.command
        if isinstance(command, OF_AN_EVENT):
            return self.operations[request.envelope.caller.request_id].event
        return self._home(getattr(command, "booking", ""))

    def _batch_of(self, requests: Sequence[Submission]) -> Batch:
        scopes = {request.key.scope for request in requests if request.key}
        return Batch(requests, {s: r for s, r in self.records.items() if s in scopes})

    def _lead(self, worker: int, event: str) -> None:
        """Read and decide for all who have come; what is decided is committed a while later."""
        place = worker, event
        if place in self._busy or not self._queues[place]:
            return
        self._busy.add(place)
        requests, self._queues[place] = self._queues[place], []
        batch = self._batch_of(requests)
        decision = self.worlds[event].consider([request.envelope for request in batch.fresh])
        answers = batch.complete(decision.outcomes)

        def ends(committed: bool) -> None:
            self._busy.discard(place)
            if not committed:
                self._queues[place][:0] = requests
            self._lead(worker, event)

        self._commits(worker, {event}, [decision], batch, zip(requests, answers, strict=True), ends)

    def _move(self, worker: int, request: Submission, origin: str) -> None:
        """Read and decide a move on both events, beside the queues."""
        to = self.operations[request.envelope.caller.request_id].event
        batch = self._batch_of([request])
        decisions: Sequence[Decision] = ()
        if batch.fresh:
            outcome, decisions = decide_move(
                request.envelope,
                origin,
                to,
                lambda event, envelope: self.worlds[event].consider([envelope]),
            )
        (answer,) = batch.complete([outcome] if batch.fresh else [])

        def ends(committed: bool) -> None:
            if not committed:
                self._move(worker, request, origin)

        self._commits(worker, {origin, to}, decisions, batch, [(request, answer)], ends)

    def _commits(
        self,
        worker: int,
        events: Collection[str],
        decisions: Sequence[Decision],
        batch: Batch,
        answers: Iterable[tuple[Submission, CommandResult | BaseException]],
        ends: Callable[[bool], None],
    ) -> None:
        """Write what was decided a while later, unless somebody was faster, and answer."""
        seen = {event: self._versions[event] for event in events}
        life, answers = self._lives[worker], list(answers)

        def commit() -> None:
            if life != self._lives[worker] or self._crashes(worker):
                return
            committed = self._write(seen, decisions, batch)
            if committed:
                if self._crashes(worker):
                    return
                for request, answer in answers:
                    self._reply(request, answer)
            ends(committed)

        self._later(self.chance.expovariate(20), commit)

    def _write(self, seen: dict[str, int], decisions: Sequence[Decision], batch: Batch) -> bool:
        """Write all of it and return True; nothing where an event, key or customer is new."""
        taken = {customer.key for customer in self.customers.values()}
        made = {customer.key for decision in decisions for customer in decision.new_customers}
        answered = any(record.scope in self.records for record in batch.records)
        if any(self._versions[event] != seen[event] for event in seen) or answered or made & taken:
            self.conflicts += 1
            return False
        for event in seen:
            self._versions[event] += 1
        for decision in decisions:
            if decision.after is not None:
                world = self.worlds[decision.after.id]
                world.write(decision)
                self.unserved += _unserved(world)
        if self._keeps:
            self.records |= {record.scope: record for record in batch.records}
        return True

    def _crashes(self, worker: int) -> bool:
        """Now and then all that a worker has under way is gone."""
        if self.chance.random() >= CRASH:
            return False
        self.crashes += 1
        self._lives[worker] += 1
        for event in EVENTS:
            self._queues[worker, event] = []
            self._busy.discard((worker, event))
        return True

    def _reply(self, request: Submission, answer: CommandResult | BaseException) -> None:
        if isinstance(answer, BaseException) or answer.response is None:
            return  # a 503: ask again
        key, body = request.envelope.caller.request_id, answer.response.body
        self._send(lambda: self._hears(key, body))


def told(outcome: Outcome) -> bytes:
    """Write an outcome down."""
    return repr(outcome).encode()


def _unserved(world: World) -> Iterator[str]:
    """Find who waits though there are tickets enough."""
    waiting = (b for b in world.bookings.values() if b.status == "waiting")
    head = min(waiting, key=lambda booking: booking.sequence, default=None)
    assert world.event is not None
    if head is not None and head.tickets <= world.event.available:
        yield f"{head.id} waits after change {world.event.sequence} of {world.id}"
