"""A whole office in one thread: clients, a network that loses things, workers that crash.

Time is virtual and everything comes from one seed, so a run that fails can be run again. What is
real is the pure core: `decide` and `Group`. What is simulated is what stands around it: messages
that get lost, come twice or late; two workers that read at one moment and commit at a later one, if
nobody was faster; and crashes between any two steps.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count

from tests.builders import NOW, named
from tests.domain.world import World
from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.bookings import Book, Cancel, Resize
from ticketing.domain.commands.command import AnyCommand, Envelope
from ticketing.domain.commands.events import Change
from ticketing.domain.commands.sales import Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer, Withdraw
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef
from ticketing.services.writes.batch import Batch, CommandResult, IdempotencyKey, Submission
from ticketing.storage.writes.idempotency import IdempotencyRecord, KeyScope, StoredResponse

LOST, TWICE, CRASH, BY_THEMSELVES = 0.15, 0.15, 0.1, 0.4

# Who asks for themselves may acquire so many tickets.
MOST = 3
ACCOUNTS = tuple(
    Customer(f"account-{n}", f"c{n}@example.org", f"address:c{n}@example.org", created_at=NOW)
    for n in range(3)
)
RETRY_S = 1.0


@dataclass
class Operation:
    """What a client wants, under a key, and each answer that it got."""

    key: str
    command: AnyCommand
    caller: Caller
    began: float
    ended: float = math.inf
    answers: list[bytes] = field(default_factory=list)


class Simulation:
    """Run it, then look at `world`, `operations` and `effects`."""

    def __init__(self, seed: int, *, operations: int = 40, keeps: bool = True) -> None:
        self.chance = random.Random(seed)
        self.world = World(capacity=8)
        self.world.customers |= {account.id: account for account in ACCOUNTS}
        # By code: the key of the operation that it was given to, whether or not it was granted.
        self.codes: dict[str, str] = {}
        self.records: dict[KeyScope, IdempotencyRecord] = {}
        self.operations: dict[str, Operation] = {}
        self.crashes = self.conflicts = 0
        self.now = 0.0
        self._keeps = keeps
        self._version = 0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._made: list[str] = []
        self._queues: list[list[Submission]] = [[], []]
        self._busy = [False, False]
        for _ in range(operations):
            self._later(self.chance.uniform(0, 8), self._operation)

    def run(self) -> None:
        """Go on until everybody has an answer and no message is under way."""
        while self._agenda:
            self.now, _, act = heapq.heappop(self._agenda)
            assert self.now < 10_000, "somebody never gets an answer"
            act()

    def effects(self) -> Counter[str]:
        """Count the changes that each key has made, but for those that only follow from them."""
        return Counter(e.request_id for e in self.world.trail if e.action != "assigned")

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
        operation = self.operations[key] = Operation(key, command, caller, self.now)
        self._ask(operation)

    def _command(self, new: str, key: str) -> AnyCommand:
        some = self.chance.choice([*self._made, "unknown"])
        # As staff names them: whoever commits the first booking makes the customer.
        spelt = self.chance.choice(["c{}@example.org", "C{}@Example.ORG"])
        who = spelt.format(self.chance.randrange(12))
        customer = replace(named(who), new_id=f"customer-of-{new}")
        kind = self.chance.choice(
            ["sell", "book", "book", "book", "cancel", "cancel", "resize", "transfer", "capacity",
             "offer", "accept", "withdraw"]
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
        self._queues[worker].append(request)
        self._lead(worker)

    def _lead(self, worker: int) -> None:
        """Read and decide for all who have come; what is decided is committed a while later."""
        if self._busy[worker] or not self._queues[worker]:
            return
        self._busy[worker] = True
        requests, self._queues[worker] = self._queues[worker], []
        version = self._version
        scopes = {request.key.scope for request in requests if request.key}
        group = Batch(requests, {s: r for s, r in self.records.items() if s in scopes})
        decision = self.world.consider([request.envelope for request in group.fresh])
        answers = group.complete(decision.outcomes)

        def commit() -> None:
            self._busy[worker] = False
            if self._crashes(worker):
                return
            if version != self._version:
                self.conflicts += 1
                self._queues[worker][:0] = requests
            else:
                self._version += 1
                self.world.write(decision)
                if self._keeps:
                    self.records |= {record.scope: record for record in group.records}
                if self._crashes(worker):
                    return
                for request, answer in zip(requests, answers, strict=True):
                    self._reply(request, answer)
            self._lead(worker)

        self._later(self.chance.expovariate(20), commit)

    def _crashes(self, worker: int) -> bool:
        """Now and then all that a worker has under way is gone."""
        if self.chance.random() >= CRASH:
            return False
        self.crashes += 1
        self._queues[worker] = []
        return True

    def _reply(self, request: Submission, answer: CommandResult | BaseException) -> None:
        if isinstance(answer, BaseException) or answer.response is None:
            return  # a 503: ask again
        key, body = request.envelope.caller.request_id, answer.response.body
        self._send(lambda: self._hears(key, body))


def told(outcome: Outcome) -> bytes:
    """Write an outcome down."""
    return repr(outcome).encode()
