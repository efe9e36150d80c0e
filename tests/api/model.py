"""The office as one would explain it at the counter: no groups, no facts, no MongoDB."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Wish:
    """Somebody's booking, or a sale over the counter (customer None)."""

    customer: str | None
    tickets: int
    status: str
    total: int | None = None


@dataclass
class Counter:
    """One event's tickets; `wishes` are in the order in which they came."""

    capacity: int
    price: int
    wishes: list[Wish] = field(default_factory=list)

    @property
    def sold(self) -> int:
        return sum(w.tickets for w in self.wishes if w.status == "confirmed")

    @property
    def free(self) -> int:
        return self.capacity - self.sold

    @property
    def queue(self) -> list[Wish]:
        return [w for w in self.wishes if w.status == "waiting"]

    @property
    def revenue(self) -> int:
        return sum(w.total or 0 for w in self.wishes if w.status == "confirmed")

    def held_by(self, customer: str) -> Wish | None:
        held = [w for w in self.wishes if w.customer == customer and w.status != "cancelled"]
        return held[0] if held else None

    def sell(self, tickets: int) -> tuple[str, Wish | None]:
        if self.free == 0:
            return "sold_out", None
        if self.free < tickets:
            return "not_enough_tickets", None
        if self.queue:
            return "waiting_list_first", None
        return "confirmed", self._take(Wish(None, tickets, "confirmed"))

    def book(self, customer: str, tickets: int, waitlist: bool | None) -> tuple[str, Wish | None]:
        held = self.held_by(customer)
        if held:
            return ("already_booked" if held.status == "confirmed" else "already_waiting"), None
        if tickets > self.capacity:
            return "exceeds_capacity", None
        wish = Wish(customer, tickets, "waiting")
        if self.queue or self.free == 0:
            if waitlist is False:
                return "sold_out", None
        elif self.free >= tickets:
            return "confirmed", self._take(wish)
        elif waitlist is not True:
            return "not_enough_tickets", None
        self.wishes.append(wish)
        return "waiting", wish

    def cancel(self, wish: Wish) -> list[Wish]:
        if wish.status == "cancelled":
            return []
        wish.status = "cancelled"
        return self._serve()

    def reduce(self, wish: Wish, tickets: int) -> tuple[str, list[Wish]]:
        if wish.status == "cancelled":
            return "booking_cancelled", []
        if tickets >= wish.tickets:
            return "not_a_reduction", []
        if wish.total is not None:
            wish.total = wish.total // wish.tickets * tickets
        wish.tickets = tickets
        return "reduced", self._serve()

    def transfer(self, wish: Wish, to: str) -> str:
        if wish.status != "confirmed":
            return "not_confirmed"
        held = self.held_by(to)
        if held:
            return "already_booked" if held.status == "confirmed" else "already_waiting"
        wish.customer = to
        return "transferred"

    def resize(self, capacity: int) -> tuple[str, list[Wish]]:
        if capacity < self.sold:
            return "capacity_below_sold", []
        if any(w.tickets > capacity for w in self.queue):
            return "capacity_below_waiting", []
        self.capacity = capacity
        return "changed", self._serve()

    def _take(self, wish: Wish) -> Wish:
        wish.status, wish.total = "confirmed", wish.tickets * self.price
        self.wishes.append(wish)
        return wish

    def _serve(self) -> list[Wish]:
        served = []
        while self.queue and self.queue[0].tickets <= self.free:
            head = self.queue[0]
            head.status, head.total = "confirmed", head.tickets * self.price
            served.append(head)
        return served
