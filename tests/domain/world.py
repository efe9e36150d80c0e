"""An event with its bookings and its trail in memory: what MongoDB would hold, without MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.domain.all_at_once import differences
from tests.domain.builders import NOW, an_envelope, an_event
from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.changes.read_set import ReadSet, merge_reads, plan_reads
from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.command import AnyCommand, Envelope
from ticketing.domain.commands.decide import Decision, decide
from ticketing.domain.commands.events import Create
from ticketing.domain.events import Event
from ticketing.domain.identity.customers import Customer, NamedCustomer
from ticketing.storage import customers


class World:
    """Decides groups one after the other, each on the read set that storage would have loaded."""

    def __init__(self, id_: str = "e1", **known: object) -> None:
        details = an_event(**known)
        self.id = id_
        self.event: Event | None = None
        self.bookings: dict[str, Booking] = {}
        self.customers: dict[str, Customer] = {}
        self.deactivated: set[str] = set()
        self.trail: list[AuditEntry] = []
        self.do(Create(details.name, details.venue, details.day, details.capacity, details.price))

    def do(self, *commands: AnyCommand) -> Sequence[Outcome]:
        """Decide a group and write what it comes to; return the outcomes."""
        return self.decide(*commands).outcomes

    def decide(self, *commands: AnyCommand) -> Decision:
        return self.write(self.consider([an_envelope(command) for command in commands]))

    def consider(self, envelopes: Sequence[Envelope]) -> Decision:
        """Decide a group on what is stored now, and store nothing."""
        read_set = self.read_set([envelope.command for envelope in envelopes])
        return decide(self.id, self.event, read_set, envelopes, NOW)

    def write(self, decision: Decision) -> Decision:
        """Store what a decision comes to."""
        self.event = decision.after
        self.bookings |= {write.after.id: write.after for write in decision.writes}
        self.customers |= {customer.id: customer for customer in decision.new_customers}
        self.trail += decision.entries
        for entry in decision.entries:
            if entry.action == "moved_out" and entry.booking is not None:
                del self.bookings[entry.booking]
        return decision

    def read_set(self, commands: Sequence[AnyCommand]) -> ReadSet:
        reads = merge_reads([command.reads() for command in commands])
        by_key = {customer.key: customer for customer in self.everybody().values()}
        referred = {
            ref.key: by_key[ref.key]
            for ref in reads.customers
            if isinstance(ref, NamedCustomer) and ref.key in by_key
        }
        whose = {c.id for c in [*referred.values(), *reads.customers] if isinstance(c, Customer)}
        known = {
            booking.id: booking
            for booking in self.in_order()
            if booking.id in reads.bookings
            or (booking.active and booking.customer and booking.customer.id in whose)
            or (booking.active and any(s.customer in reads.acquirers for s in booking.shares or ()))
        }
        plan = plan_reads(self.event, reads, known)
        waiting = self.waiting()
        active = [b for b in self.in_order() if b.active]
        large = [b for b in waiting if plan.larger_than and b.tickets > plan.larger_than]
        return ReadSet(
            bookings=known,
            queue=waiting[: plan.queue],
            queue_is_all=len(waiting[: plan.queue]) == len(waiting),
            active=active[: plan.active],
            ahead={b.id: waiting.index(b) for b in plan.positions},
            large=large,
            customers=self.everybody(),
            by_key=referred,
        )

    def everybody(self) -> dict[str, Customer]:
        return {
            id_: replace(customer, active=id_ not in self.deactivated)
            for id_, customer in self.customers.items()
        }

    def in_order(self) -> list[Booking]:
        """All bookings by sequence, with their customers as they are by now."""
        return customers.attached(
            sorted(self.bookings.values(), key=lambda booking: booking.sequence), self.everybody()
        )

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
        keys = [customer.key for customer in self.customers.values()]
        assert len(keys) == len(set(keys)), "one person is one customer"
        assert customers.ids_of(self.bookings.values()) <= self.customers.keys()

    def id_of(self, customer: Customer) -> str:
        (found,) = (b.id for b in self.bookings.values() if b.active and b.customer == customer)
        return found
