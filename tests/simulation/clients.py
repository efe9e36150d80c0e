"""What clients want of the office, and how they go on until they have an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.domain.builders import NOW, named
from tests.simulation.scheduler import Thread
from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.bookings import Book, Cancel, Resize
from ticketing.domain.commands.command import AnyCommand
from ticketing.domain.commands.events import CallOff, Change, Create
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.sales import Return, Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer, Withdraw
from ticketing.domain.errors import (
    Busy,
    DatabaseUnavailable,
    DomainError,
    Overloaded,
    RequestInFlight,
    Unreadable,
)
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef
from ticketing.services.writes.batch import CommandResult, IdempotencyKey
from ticketing.storage.writes.idempotency import StoredResponse

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ONE, OTHER = EVENTS = "e1", "e2"
SPOILT = "spoilt"
OF_AN_EVENT = Sell | Book | Change | CallOff | Create

# Who asks for themselves may acquire so many tickets.
MOST = 3
ACCOUNTS = tuple(
    Customer(f"account-{n}", f"c{n}@example.org", f"address:c{n}@example.org", created_at=NOW)
    for n in range(3)
)

ELSEWHERE, KNOWN = 0.8, 0.8

USUAL = ("sell", "sell", "book", "book", "book", "book", "cancel", "cancel", "return", "resize",
         "transfer", "capacity", "capacity", "price", "offer", "accept", "withdraw", "move",
         "move")  # fmt: skip
MORE = {
    "": (),
    "moves": ("move",) * 8 + ("book", "book", "transfer", "offer"),
    "passing": ("move", "transfer") * 12,
    "changes": ("price",) * 30,
    "waiting": ("book",) * 8 + ("sell",) * 8 + ("cancel", "resize"),
}

# So many things a second a client thinks of, while a commit takes some 10 ms.
RUSH = 150.0

# Of these nothing has happened, in the office's own words.
NOTHING_HAPPENED = Busy | DatabaseUnavailable | Overloaded | RequestInFlight | Unreadable

# How long a client listens for an answer, and how long one in a hurry does.
LISTENS_S, LISTENS_IN_HASTE_S = 15.0, (0.01, 0.08)

# Nobody asks for longer.
ASKS_S = 120.0

Told = CommandResult | BaseException


@dataclass(eq=False, slots=True)
class Attempt:
    """One request for an operation: at which process, when, and what that process has answered."""

    operation: Operation
    request_id: str
    process: str
    began: float
    ended: float = math.inf
    told: Told | None = None
    is_running: bool = False


@dataclass(eq=False, slots=True)
class Operation:
    """What a client wants, under a key if it has one, and each answer that it has heard."""

    name: str
    command: AnyCommand
    event: str
    actor: str
    customer: str | None
    has_key: bool
    began: float
    ended: float = math.inf
    answers: list[bytes] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    is_given_up: bool = False

    @property
    def idempotency_key(self) -> IdempotencyKey | None:
        """The key, as the office takes it."""
        if not self.has_key:
            return None
        return IdempotencyKey(self.actor, self.name, "the same", respond)

    @property
    def is_of_an_event(self) -> bool:
        """Whether it names an event, and no booking by whose event it is executed."""
        return isinstance(self.command, OF_AN_EVENT)

    def caller_in(self, request_id: str) -> Caller:
        """Return who asks, in one request."""
        return Caller(self.actor, request_id, self.customer)


def respond(outcome: Outcome) -> StoredResponse:
    """Write an outcome down."""
    return StoredResponse(200, {}, written(outcome))


def written(outcome: Outcome) -> bytes:
    """Write an outcome down: its class first."""
    return repr(outcome).encode()


class ClientLoop:
    """One client, who asks for one thing after the other."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        self._simulation = simulation
        self._chance = simulation.scheduler.chance
        self._number = number
        self._inbox: list[tuple[Attempt, Told | None]] = []
        self.thread: Thread | None = None

    def run(self) -> None:
        """Ask for as many things as the plan says."""
        plan = self._simulation.plan
        for number in range(plan.operations):
            self._simulation.scheduler.sleep(self._chance.expovariate(RUSH))
            self._ask(self._operation(f"k{self._number}{number}"))
        if self._number == 0:
            # A list that is left is served, as far as one commit may go.
            self.ask_for(Change({"capacity": 3 * plan.capacity}), ONE, "more")
            if plan.calls_off:
                self.ask_for(CallOff(), OTHER, "off")

    def hears(self, attempt: Attempt, told: Told | None) -> None:
        """Be told something by the network, or that a connection is closed."""
        self._inbox.append((attempt, told))
        if self.thread is not None:
            self._simulation.scheduler.wake(self.thread)

    def ask_for(self, command: AnyCommand, event: str, name: str) -> None:
        """Ask for one thing, as staff, until there is an answer."""
        self._ask(Operation(name, command, event, "ada", None, True, self._simulation.now))

    def _ask(self, operation: Operation) -> None:
        """Ask, and again where no answer comes or none that says what has become of it."""
        simulation, plan = self._simulation, self._simulation.plan
        simulation.operations[operation.name] = operation
        while not operation.answers:
            if simulation.now - operation.began > ASKS_S:
                return
            hasty = self._chance.random() < plan.haste
            patience = self._chance.uniform(*LISTENS_IN_HASTE_S) if hasty else LISTENS_S
            attempts = simulation.send(self, operation)
            if not self._listens(operation, attempts, patience) and not operation.has_key:
                # It may have happened, and to ask once more would be to ask for two of it.
                operation.is_given_up = True
                return
            if not operation.answers:
                simulation.scheduler.sleep(self._chance.uniform(0.01, 0.4))

    def _listens(self, operation: Operation, sent: Attempt, patience: float) -> bool:
        """Listen for an answer; return whether it is known what has become of this attempt."""
        scheduler = self._simulation.scheduler
        until = scheduler.now + patience
        while True:
            while self._inbox:
                attempt, told = self._inbox.pop(0)
                self._note(attempt, told)
                if operation.answers:
                    return True
                if attempt is sent:
                    return isinstance(told, NOTHING_HAPPENED)
            if scheduler.now >= until:
                return False
            scheduler.wait(until - scheduler.now)

    def _note(self, attempt: Attempt, told: Told | None) -> None:
        operation = attempt.operation
        answer = answer_of(told)
        if answer is None:
            return
        operation.answers.append(answer)
        operation.ended = min(operation.ended, self._simulation.now)
        if isinstance(told, CommandResult):
            if told.replayed and len({a.process for a in operation.attempts}) > 1:
                self._simulation.sometimes["a key was replayed at another process"] += 1
            # An answer to something else is for the judges to find.
            is_offered = answer.startswith(b"TransferOffer(")
            if is_offered and isinstance(command := operation.command, Offer):
                self._simulation.codes[command.code] = command.booking

    def _operation(self, name: str) -> Operation:
        by_themselves = self._chance.random() < self._simulation.plan.by_themselves
        account = self._chance.choice(ACCOUNTS) if by_themselves else None
        new = f"b-{name}"
        command = self._command(new, name) if account is None else self._own(new, name, account)
        return Operation(
            name,
            command,
            self._whither(command),
            account.id if account else "ada",
            account.id if account else None,
            self._chance.random() >= self._simulation.plan.without_key,
            self._simulation.now,
        )

    def _whither(self, command: AnyCommand) -> str:
        """Choose an event: for a booking that is to be moved, mostly the one that it is not in."""
        if isinstance(command, Leave) and self._chance.random() < ELSEWHERE:
            return OTHER if self._simulation.home_of(command.booking) == ONE else ONE
        return self._chance.choice((ONE, ONE, OTHER))

    def _command(self, new: str, name: str) -> AnyCommand:
        chance, made = self._chance, self._simulation.made
        some = self._some()
        if self._simulation.plan.spoilt and chance.random() < 0.2:
            return Cancel(SPOILT)
        # As staff names them: whoever commits the first booking makes the customer.
        spelt = chance.choice(["c{}@example.org", "C{}@Example.ORG"])
        customer = replace(named(spelt.format(chance.randrange(10))), new_id=f"customer-of-{new}")
        kinds: Mapping[str, AnyCommand] = {
            "sell": Sell(new, chance.randint(1, 3)),
            "book": Book(new, customer, chance.randint(1, 3), chance.choice([None, None, True])),
            "cancel": Cancel(some),
            "return": Return(some),
            "resize": Resize(some, chance.randint(1, 3)),
            "offer": self._offer(some, name),
            "accept": self._accept(customer),
            "withdraw": Withdraw(some),
            "transfer": Transfer(some, customer),
            "move": Leave(some),
            "capacity": Change({"capacity": chance.randint(4, 9)}),
            "price": Change({"price": chance.randint(400, 600)}),
        }
        kind = chance.choice([*USUAL, *MORE[self._simulation.plan.favours]])
        if kind in ("sell", "book"):
            made.append(new)
        return kinds[kind]

    def _some(self) -> str:
        """Choose a booking: mostly one that is there."""
        known = [d["_id"] for d in self._simulation.server.all_of("bookings") if d["_id"] != SPOILT]
        if known and self._chance.random() < KNOWN:
            return str(self._chance.choice(known[-3:] if self._chance.random() < 0.3 else known))
        return self._chance.choice([*self._simulation.made, "unknown"])

    def _own(self, new: str, name: str, account: Customer) -> AnyCommand:
        """Return what somebody does for themselves, within their limit."""
        chance = self._chance
        some = self._some()
        kind = chance.choice(
            ["book", "book", "book", "cancel", "resize", "resize", "offer", "accept"]
        )
        if kind == "book":
            self._simulation.made.append(new)
        kinds: Mapping[str, AnyCommand] = {
            "book": Book(new, account, chance.randint(1, MOST), None, MOST),
            "cancel": Cancel(some, account.id),
            "resize": Resize(some, chance.randint(1, MOST), account.id, MOST),
            "offer": self._offer(some, name, account.id),
            "accept": self._accept(account),
        }
        return kinds[kind]

    def _offer(self, booking: str, name: str, holder: str | None = None) -> Offer:
        return Offer(booking, f"code-{name}", NOW + timedelta(days=7), holder)

    def _accept(self, receiver: CustomerRef) -> Accept:
        """Take up one of the newest codes; which booking that is, the office looks up."""
        return Accept("", self._chance.choice([*self._simulation.codes, "unknown"][-5:]), receiver)


def answer_of(told: Told | None) -> bytes | None:
    """Return what somebody has been told, if it says what has become of an operation."""
    if isinstance(told, CommandResult):
        return told.response.body if told.response else written(told.outcome)
    if isinstance(told, Unreadable) or (told is not None and not isinstance(told, DomainError)):
        return written(told)  # type: ignore[arg-type]
    return None
