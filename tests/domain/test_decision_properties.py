"""Whatever is asked, in whatever order: the promises hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HALLOWEEN, NOW, an_event, an_order, decided
from ticketing.domain.commands import Change, Command, Delete, Return, Sell
from ticketing.domain.decisions import decide
from ticketing.domain.errors import OfficeError
from ticketing.domain.facts import Facts

# Few ids, small numbers: what collides is what is interesting.
SALES = [f"s{n}" for n in range(12)]


@st.composite
def scripts(draw: st.DrawFn) -> list[Command]:
    fresh = iter(SALES)
    sold: list[str] = []
    commands: list[Command] = []
    for _ in range(draw(st.integers(0, 12))):
        match draw(st.sampled_from(["sell", "return", "capacity", "price", "delete", "stale"])):
            case "sell":
                sold.append(next(fresh))
                commands.append(Sell(sold[-1], draw(st.integers(1, 8))))
            case "return":
                commands.append(Return(draw(st.sampled_from([*sold, "unknown"]))))
            case "capacity":
                commands.append(Change({"capacity": draw(st.integers(1, 12))}))
            case "price":
                commands.append(Change({"price": draw(st.integers(0, 1000))}))
            case "delete":
                commands.append(Delete())
            case "stale":
                commands.append(Change({"name": "Ball"}, frozenset({draw(st.integers(0, 9))})))
    return commands


@given(scripts())
def test_never_oversells_at_any_moment(commands):
    capacity = 10
    for entry in decided(an_event(capacity=capacity), *commands).entries:
        capacity = entry.changes.get("capacity", (None, capacity))[1]
        assert 0 <= entry.sold <= capacity


@given(scripts())
def test_numbers_every_change_without_gaps(commands):
    decision = decided(an_event(sequence=1), *commands)

    assert [e.sequence for e in decision.entries] == list(range(2, len(decision.entries) + 2))
    assert decision.after.sequence == 1 + len(decision.entries)


@given(scripts())
def test_keeps_the_counters_equal_to_the_bookings(commands):
    decision = decided(an_event(), *commands)
    bookings = {write.after.id: write.after for write in decision.writes}
    confirmed = [b for b in bookings.values() if b.status == "confirmed"]

    assert decision.after.sold == sum(b.tickets for b in confirmed)
    assert decision.after.revenue == sum(b.total for b in confirmed)
    assert decision.after.bookings == 0


@given(scripts())
def test_lets_a_refused_command_change_nothing(commands):
    """Deciding without the refused commands comes to the same."""
    decision = decided(an_event(), *commands)
    granted = [
        command
        for command, outcome in zip(commands, decision.outcomes, strict=True)
        if not isinstance(outcome, OfficeError)
    ]

    again = decided(an_event(), *granted)

    assert again.after == decision.after
    assert again.entries == decision.entries
    assert again.writes == decision.writes


@given(scripts(), st.data())
def test_does_not_depend_on_how_commands_are_grouped(commands, data):
    """Two groups, the second deciding on what the first wrote, come to what one group does."""
    cut = data.draw(st.integers(0, len(commands)))
    whole = decided(an_event(), *commands)

    first = decided(an_event(), *commands[:cut])
    known = {write.after.id: write.after for write in first.writes}
    orders = [an_order(command) for command in commands[cut:]]
    second = decide("e1", first.after, Facts(bookings=known), orders, NOW)

    assert second.after == whole.after
    assert [*first.entries, *second.entries] == list(whole.entries)


@given(scripts())
def test_replays_to_the_same_state_from_the_audit_alone(commands):
    decision = decided(an_event(), *commands)
    sold = revenue = 0
    for entry in decision.entries:
        sign = {"sold": 1, "returned": -1}.get(entry.action, 0)
        sold += sign * (entry.tickets or 0)
        revenue += sign * (entry.total or 0)
        assert entry.sold == sold

    assert (decision.after.sold, decision.after.revenue) == (sold, revenue)


def test_needs_no_day_to_be_free_for_an_event_that_stays():
    assert decided(an_event(), Change({"day": HALLOWEEN})).outcomes[0].day == HALLOWEEN
