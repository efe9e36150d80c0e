from datetime import date

from tests.domain.builders import HALLOWEEN, a_new_event, an_event, decided, outcome, sell
from ticketing.domain.commands.events import Change, Delete
from ticketing.domain.errors import (
    CapacityBelowSold,
    DateTaken,
    EventCancelled,
    EventExists,
    EventHasBookings,
    EventNotFound,
    Stale,
)

CHRISTMAS = date(2024, 12, 25)


def test_puts_an_event_on_the_calendar():
    decision = decided(None, a_new_event(name="Gala", capacity=7))

    assert (decision.after.name, decision.after.capacity, decision.after.sold) == ("Gala", 7, 0)
    assert decision.after.sequence == 1
    assert decision.entries[0].action == "created"
    assert decision.entries[0].changes["capacity"] == (None, 7)


def test_refuses_a_second_event_on_a_day():
    assert isinstance(outcome(None, a_new_event(), taken=frozenset({HALLOWEEN})), DateTaken)


def test_never_uses_an_id_again():
    assert isinstance(outcome(an_event(), a_new_event()), EventExists)
    assert isinstance(outcome(an_event(status="deleted"), a_new_event()), EventExists)


def test_changes_details_and_remembers_the_old_ones():
    decision = decided(an_event(name="Gala"), Change({"name": "Ball", "price": 700}))

    assert (decision.after.name, decision.after.price) == ("Ball", 700)
    assert decision.entries[0].changes == {"name": ("Gala", "Ball"), "price": (500, 700)}


def test_lets_a_new_price_touch_no_sold_ticket():
    decision = decided(an_event(price=500), sell(2), Change({"price": 900}), sell(1))

    assert decision.after.revenue == 2 * 500 + 900


def test_takes_what_is_already_so_for_no_change():
    decision = decided(an_event(name="Gala"), Change({"name": "Gala"}))

    assert not decision.entries
    assert decision.outcomes[0].event.sequence == 1


def test_moves_an_event_to_a_free_day_only():
    move = Change({"day": CHRISTMAS})

    assert outcome(an_event(), move).event.day == CHRISTMAS
    assert isinstance(outcome(an_event(), move, taken=frozenset({CHRISTMAS})), DateTaken)


def test_keeps_its_own_day_though_others_are_taken():
    keep = Change({"day": HALLOWEEN, "name": "Ball"})

    assert outcome(an_event(), keep, taken=frozenset({CHRISTMAS})).event.name == "Ball"


def test_lowers_the_capacity_down_to_what_is_sold():
    event = an_event(capacity=10, sold=4)

    assert outcome(event, Change({"capacity": 4})).event.available == 0
    assert isinstance(outcome(event, Change({"capacity": 3})), CapacityBelowSold)


def test_refuses_a_change_by_somebody_who_saw_an_older_state():
    event = an_event(sequence=7)

    assert outcome(event, Change({"name": "Ball"}, frozenset({6, 7}))).event.name == "Ball"
    assert isinstance(outcome(event, Change({"name": "Ball"}, frozenset({6}))), Stale)
    assert isinstance(outcome(event, Change({"name": "Ball"}, frozenset())), Stale)
    assert isinstance(outcome(event, Delete(frozenset({6}))), Stale)


def test_lets_the_second_of_two_who_saw_the_same_state_start_again():
    saw = frozenset({1})
    decision = decided(an_event(), Change({"name": "Ball"}, saw), Change({"name": "Fair"}, saw))

    assert decision.after.name == "Ball"
    assert isinstance(decision.outcomes[1], Stale)


def test_deletes_what_was_never_booked_and_keeps_a_mark():
    decision = decided(an_event(), Delete(), sell())

    assert decision.after.status == "deleted"
    assert decision.entries[-1].action == "deleted"
    assert isinstance(decision.outcomes[1], EventNotFound)


def test_does_not_delete_what_was_booked_even_if_all_came_back():
    assert isinstance(outcome(an_event(ever_booked=True, sold=0), Delete()), EventHasBookings)


def test_changes_nothing_of_an_unknown_or_a_called_off_event():
    assert isinstance(outcome(None, Change({"name": "Ball"})), EventNotFound)
    assert isinstance(outcome(None, Delete()), EventNotFound)
    assert isinstance(
        outcome(an_event(status="cancelled"), Change({"name": "Ball"})), EventCancelled
    )
