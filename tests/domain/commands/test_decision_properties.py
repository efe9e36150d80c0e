"""Whatever is asked, in whatever order and however it is grouped: the promises hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.builders import a_customer, an_event, decided
from tests.domain.world import World
from ticketing.domain.commands.bookings import Book, Cancel, CancelFor, Resize
from ticketing.domain.commands.command import Command
from ticketing.domain.commands.events import CallOff, Change, Delete
from ticketing.domain.commands.sales import Return, Sell
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.errors import DomainError

# Few customers, small numbers: what collides is what is interesting.
CUSTOMERS = [a_customer(name) for name in ("ada", "grace", "linus", "hedy", "alan")]

tickets = st.integers(1, 5)
customers = st.sampled_from(CUSTOMERS)


@st.composite
def scripts(draw: st.DrawFn, most: int = 25) -> list[Command]:
    """Commands on one event that name each other's bookings."""
    made = ["unknown"]
    commands: list[Command] = []
    for number in range(draw(st.integers(0, most))):
        new = f"b{number:02}"
        some = draw(st.sampled_from(made[-6:]))
        kinds = ["sell", "book", "book", "book", "cancel", "cancel for", "reduce", "transfer",
                 "return", "capacity", "price", "stale", "rare"]  # fmt: skip
        match draw(st.sampled_from(kinds)):
            case "sell":
                commands.append(Sell(new, draw(tickets)))
                made.append(new)
            case "book":
                waitlist = draw(st.sampled_from([None, None, True, False]))
                commands.append(Book(new, draw(customers), draw(tickets), waitlist))
                made.append(new)
            case "cancel":
                commands.append(Cancel(some))
            case "cancel for":
                commands.append(CancelFor(draw(customers)))
            case "reduce":
                commands.append(Resize(some, draw(tickets)))
            case "transfer":
                commands.append(Transfer(some, draw(customers)))
            case "return":
                commands.append(Return(some))
            case "capacity":
                commands.append(Change({"capacity": draw(st.integers(1, 9))}))
            case "price":
                commands.append(Change({"price": draw(st.integers(0, 1000))}))
            case "stale":
                commands.append(Change({"name": "Ball"}, frozenset({draw(st.integers(0, 30))})))
            case "rare":
                commands.append(draw(st.sampled_from([Delete(), CallOff()])))
    return commands


def grouped(data: st.DataObject, commands: list[Command]) -> list[list[Command]]:
    groups: list[list[Command]] = [[]]
    for command in commands:
        if data.draw(st.booleans()):
            groups.append([])
        groups[-1].append(command)
    return groups


@given(scripts(), st.data())
def test_counters_bookings_and_trail_always_agree(commands, data):
    """Also: nobody is oversold, nobody overtakes, no number is left out or used twice."""
    world = World(capacity=5)

    for group in grouped(data, commands):
        world.do(*group)
        world.check()


@given(scripts(), st.data())
def test_it_does_not_matter_how_commands_are_grouped(commands, data):
    together, apart = World(capacity=5), World(capacity=5)

    outcomes = [o for group in grouped(data, commands) for o in together.do(*group)]
    expected = [apart.do(command)[0] for command in commands]

    assert together.event == apart.event
    assert together.bookings == apart.bookings
    assert together.trail == apart.trail
    assert [told(o) for o in outcomes] == [told(o) for o in expected]


@given(scripts())
def test_a_refused_command_changes_nothing(commands):
    """Leaving the refused ones out comes to the same."""
    world, again = World(capacity=5), World(capacity=5)
    outcomes = world.do(*commands)

    pairs = zip(commands, outcomes, strict=True)
    again.do(*(command for command, outcome in pairs if not isinstance(outcome, DomainError)))

    assert again.event == world.event
    assert again.trail == world.trail


@given(scripts())
def test_writes_are_legal_one_after_the_other(commands):
    """After each single write nobody has two active bookings, as the unique index demands."""
    world = World(capacity=5)
    stored: dict[str, object] = {}
    for write in world.decide(*commands).writes:
        assert stored.get(write.after.id) == write.before
        stored[write.after.id] = write.after
        active = [b.customer for b in stored.values() if b.active and b.customer]
        assert len(active) == len(set(active))


@given(scripts())
def test_never_oversells_at_any_moment(commands):
    capacity = 10
    for entry in decided(an_event(capacity=capacity), *commands).entries:
        capacity = entry.changes.get("capacity", (None, capacity))[1]
        assert 0 <= entry.sold <= capacity


@given(scripts())
def test_nobody_waits_while_tickets_are_free_for_them(commands):
    world = World(capacity=5)
    for command in commands:
        world.do(command)
        waiting = world.waiting()
        if waiting and world.event.status == "scheduled":
            assert waiting[0].tickets > world.event.available


def told(outcome: object) -> object:
    """Make refusals comparable."""
    if isinstance(outcome, DomainError):
        return type(outcome), outcome.facts
    return outcome
