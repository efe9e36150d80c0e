"""Whoever is deactivated while they wait is not served."""

from __future__ import annotations

from tests.domain.builders import ADA, CALLER, GRACE, LINUS, book, sell
from tests.domain.world import World
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.commands.events import Change
from ticketing.domain.commands.sales import Return


class Deactivated(World):
    """A world in which these customers have been deactivated."""

    def __init__(self, *customers, **known):
        self._leaving = {customer.id for customer in customers}
        super().__init__(**known)

    def write(self, decision):
        """They are deactivated as soon as they wait."""
        decision = super().write(decision)
        self.deactivated = self._leaving & self.customers.keys()
        return decision


def waiting(*customers, inactive=(ADA,)):
    """An event that is sold out, and who waits for it."""
    world = Deactivated(*inactive, capacity=1)
    world.do(sell(1, "s1"))
    for customer in customers:
        world.do(book(customer, booking=f"b-{customer.name}"))
    return world


def test_serves_the_next_one():
    world = waiting(ADA, GRACE)

    world.do(Change({"capacity": 2}))

    assert world.holders() == [None, GRACE]
    assert world.waiting() == []
    world.check()


def test_says_in_the_trail_that_the_office_took_them_off():
    world = waiting(ADA, GRACE)

    world.do(Change({"capacity": 2}))

    assert [(e.action, e.customer, e.actor) for e in world.trail[-2:]] == [
        ("cancelled", ADA, "office"),
        ("assigned", GRACE, CALLER.actor),
    ]


def test_keeps_no_tickets_for_them():
    """A first in line who wants more than are free holds up the list, but not once gone."""
    world = Deactivated(ADA, capacity=5)
    world.do(sell(4, "s1"), sell(1, "s2"), book(ADA, 5), book(GRACE))

    world.do(Return("s2"))

    assert world.holders() == [None, GRACE]
    assert world.waiting() == []
    world.check()


def test_sells_to_others_when_nobody_else_waits():
    world = waiting(ADA, LINUS, inactive=(ADA, LINUS))

    world.do(Change({"capacity": 3}))

    assert world.waiting() == []
    assert world.do(sell(2))[0].booking.status == "confirmed"
    world.check()


def test_who_has_been_served_meanwhile_keeps_the_tickets():
    world = waiting(GRACE, inactive=())
    world.do(Change({"capacity": 2}))

    world.do(Cancel("b-grace", only_waiting=True))

    assert world.holders() == [None, GRACE]


def test_a_place_is_given_up_once():
    world = waiting(ADA, inactive=())

    world.do(Cancel("b-ada", only_waiting=True))
    entries = len(world.trail)
    world.do(Cancel("b-ada", only_waiting=True))

    assert world.waiting() == []
    assert len(world.trail) == entries
    world.check()
