"""The office as one would explain it at the counter: no groups, no facts, no MongoDB."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Operation:
    """Somebody's booking, or a sale over the counter (customer None).

    `buyers` are who has acquired each of its tickets; what the holder has comes last.
    """

    customer: str | None
    tickets: int
    status: str
    total: int | None = None
    # By which whoever gives it gets the booking.
    code: str | None = None
    buyers: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Counter:
    """One event's tickets; `operations` are in the order in which they came."""

    capacity: int
    price: int
    operations: list[Operation] = field(default_factory=list)

    @property
    def sold(self) -> int:
        return sum(w.tickets for w in self.operations if w.status == "confirmed")

    @property
    def free(self) -> int:
        return self.capacity - self.sold

    @property
    def queue(self) -> list[Operation]:
        return [w for w in self.operations if w.status == "waiting"]

    @property
    def revenue(self) -> int:
        return sum(w.total or 0 for w in self.operations if w.status == "confirmed")

    def held_by(self, customer: str) -> Operation | None:
        held = [w for w in self.operations if w.customer == customer and w.status != "cancelled"]
        return held[0] if held else None

    def acquired_by(self, customer: str) -> int:
        active = [w for w in self.operations if w.status != "cancelled"]
        return sum(w.buyers.count(customer) for w in active)

    def sell(self, tickets: int) -> tuple[str, Operation | None]:
        refusal = self._refusal(tickets)
        if refusal:
            return refusal, None
        return "confirmed", self._take(Operation(None, tickets, "confirmed"))

    def book(
        self, customer: str, tickets: int, waitlist: bool | None, most: int | None = None
    ) -> tuple[str, Operation | None]:
        refusal = self._holds(customer)
        if refusal:
            return refusal, None
        if most is not None and self.acquired_by(customer) + tickets > most:
            return "limit_reached", None
        if tickets > self.capacity:
            return "exceeds_capacity", None
        operation = Operation(customer, tickets, "waiting", buyers=[customer] * tickets)
        if self.queue or self.free == 0:
            if waitlist is False:
                return "sold_out", None
        elif self.free >= tickets:
            return "confirmed", self._take(operation)
        elif waitlist is not True:
            return "not_enough_tickets", None
        self.operations.append(operation)
        return "waiting", operation

    def cancel(self, operation: Operation) -> list[Operation]:
        if operation.status == "cancelled":
            return []
        operation.status, operation.code = "cancelled", None
        return self._serve()

    def reduce(
        self, operation: Operation, tickets: int, most: int | None = None
    ) -> tuple[str, list[Operation]]:
        if operation.status == "cancelled":
            return "booking_cancelled", []
        if tickets == operation.tickets:
            return "not_a_reduction", []
        if tickets > operation.tickets:
            return self._add(operation, tickets - operation.tickets, most), []
        if operation.total is not None:
            operation.total = operation.total * tickets // operation.tickets
        operation.tickets, operation.buyers = tickets, operation.buyers[:tickets]
        return "reduced", self._serve()

    def _add(self, operation: Operation, more: int, most: int | None) -> str:
        customer = operation.customer
        if operation.status != "confirmed" or customer is None:
            return "not_confirmed"
        if most is not None and self.acquired_by(customer) + more > most:
            return "limit_reached"
        refusal = self._refusal(more)
        if refusal:
            return refusal
        operation.tickets += more
        operation.buyers += [customer] * more
        operation.total = (operation.total or 0) + more * self.price
        return "added"

    def transfer(self, operation: Operation, to: str) -> str:
        if operation.status != "confirmed":
            return "not_confirmed"
        refusal = self._holds(to)
        if refusal:
            return refusal
        # Whoever passes it on keeps longest what they have bought.
        order = dict.fromkeys([operation.customer, *operation.buyers])
        order.pop(to, None)
        operation.buyers = [who for one in [*order, to] for who in operation.buyers if who == one]
        operation.customer, operation.code = to, None
        return "transferred"

    def move(self, operation: Operation, to: Counter) -> tuple[str, list[Operation]]:
        if operation.status != "confirmed" or operation.customer is None:
            return "not_confirmed", []
        refusal = to._holds(operation.customer) or to._refusal(operation.tickets)
        if to is self or refusal:
            return refusal or "already_booked", []
        self.operations.remove(operation)
        operation.code, operation.buyers = None, [operation.customer] * operation.tickets
        to._take(operation)
        return "moved", self._serve()

    def accept(self, operation: Operation, code: str, to: str) -> str:
        return "offer_gone" if operation.code != code else self.transfer(operation, to)

    def resize(self, capacity: int) -> tuple[str, list[Operation]]:
        if capacity < self.sold:
            return "capacity_below_sold", []
        if any(w.tickets > capacity for w in self.queue):
            return "capacity_below_waiting", []
        self.capacity = capacity
        return "changed", self._serve()

    def _holds(self, customer: str) -> str | None:
        held = self.held_by(customer)
        if held is None:
            return None
        return "already_booked" if held.status == "confirmed" else "already_waiting"

    def _refusal(self, tickets: int) -> str | None:
        if self.free == 0:
            return "sold_out"
        if self.free < tickets:
            return "not_enough_tickets"
        return "waiting_list_first" if self.queue else None

    def _take(self, operation: Operation) -> Operation:
        operation.status, operation.total = "confirmed", operation.tickets * self.price
        self.operations.append(operation)
        return operation

    def _serve(self) -> list[Operation]:
        served = []
        while self.queue and self.queue[0].tickets <= self.free:
            head = self.queue[0]
            head.status, head.total = "confirmed", head.tickets * self.price
            served.append(head)
        return served
