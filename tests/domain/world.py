"""An event with its bookings and its trail in memory: what MongoDB would hold, without MongoDB."""

from __future__ import annotations

from collections.abc import Sequence

from tests.builders import NOW, an_event, an_order
from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Command, Create, Order
from ticketing.domain.customers import Customer
from ticketing.domain.decisions import Decision, decide
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts, depth_for, named_by
from ticketing.domain.outcomes import Outcome
from ticketing.domain.verification import differences


class World:
    """Decides groups one after the other, each on the facts that storage would have read."""

    def __init__(self, **known: object) -> None:
        details = an_event(**known)
        self.event: Event | None = None
        self.bookings: dict[str, Booking] = {}
        self.trail: list[AuditEntry] = []
        self.do(Create(details.name, details.venue, details.day, details.capacity, details.price))

    def do(self, *commands: Command) -> Sequence[Outcome]:
        """Decide a group and write what it comes to; return the outcomes."""
        return self.decide(*commands).outcomes

    def decide(self, *commands: Command) -> Decision:
        return self.write(self.consider([an_order(command) for command in commands]))

    def consider(self, orders: Sequence[Order]) -> Decision:
        """Decide a group on what is stored now, and store nothing."""
        facts = self.facts([order.command for order in orders])
        return decide("e1", self.event, facts, orders, NOW)

    def write(self, decision: Decision) -> Decision:
        """Store what a decision comes to."""
        self.event = decision.after
        self.bookings |= {write.after.id: write.after for write in decision.writes}
        self.trail += decision.entries
        return decision

    def facts(self, commands: Sequence[Command]) -> Facts:
        named = named_by(commands)
        known = {
            booking.id: booking
            for booking in self.bookings.values()
            if booking.id in named.bookings
            or (booking.active and booking.customer and booking.customer.key in named.customers)
        }
        depth = depth_for(self.event, commands, known)
        waiting = self.waiting()
        active = [b for b in self.in_order() if b.active]
        large = [b for b in waiting if depth.larger_than and b.tickets > depth.larger_than]
        return Facts(
            bookings=known,
            queue=waiting[: depth.queue],
            queue_is_all=len(waiting[: depth.queue]) == len(waiting),
            active=active[: depth.active],
            ahead={b.id: waiting.index(b) for b in depth.positions},
            large=large,
        )

    def in_order(self) -> list[Booking]:
        return sorted(self.bookings.values(), key=lambda booking: booking.sequence)

    def waiting(self) -> list[Booking]:
        return [b for b in self.in_order() if b.status == "waiting"]

    def holders(self) -> list[Customer | None]:
        return [b.customer for b in self.in_order() if b.status == "confirmed"]

    def check(self) -> None:
        """Counters, bookings and trail agree; nobody holds two bookings."""
        assert self.event is not None
        assert list(differences(self.event, self.bookings.values(), self.trail)) == []
        held = [b.customer for b in self.bookings.values() if b.active and b.customer]
        assert len(held) == len(set(held))

    def id_of(self, customer: Customer) -> str:
        (found,) = (b.id for b in self.bookings.values() if b.active and b.customer == customer)
        return found
