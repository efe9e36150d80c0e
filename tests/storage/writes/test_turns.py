"""Turns between hosts, on the real MongoDB."""

from __future__ import annotations

import pytest
from pymongo.read_concern import ReadConcern

from ticketing.storage.writes import turns

LONG, OVER = 60.0, 0.0


def stored(db):
    # Turns wait for no majority, as all other reads do.
    return db.leases.with_options(read_concern=ReadConcern("local")).find_one({"_id": "turn:e1"})


def test_is_taken_by_one_at_a_time(db):
    assert turns.take(db, "e1", "a", LONG)
    assert not turns.take(db, "e1", "b", LONG)
    assert turns.take(db, "e2", "b", LONG)

    turns.give_back(db, "e1", "a")

    assert turns.take(db, "e1", "b", LONG)
    assert not turns.take(db, "e1", "a", LONG)


def test_goes_to_who_is_in_line_and_not_to_who_is_quicker(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", LONG)
    turns.take(db, "e1", "c", LONG)

    turns.give_back(db, "e1", "a")

    assert not turns.take(db, "e1", "c", LONG)
    assert not turns.take(db, "e1", "a again", LONG)
    assert turns.take(db, "e1", "b", LONG)


def test_runs_out_where_its_holder_is_gone(db):
    turns.take(db, "e1", "gone", OVER)

    assert turns.take(db, "e1", "b", LONG)
    assert not turns.take(db, "e1", "gone", LONG)


def test_passes_by_who_was_in_line_and_is_gone(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "gone", OVER)
    turns.give_back(db, "e1", "a")

    assert turns.take(db, "e1", "c", LONG)


def test_passes_by_who_has_left_the_line(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", LONG)
    turns.give_back(db, "e1", "a")

    turns.leave(db, "e1", "c")
    assert not turns.take(db, "e1", "c", LONG)
    turns.leave(db, "e1", "b")
    assert turns.take(db, "e1", "c", LONG)


def test_writes_nothing_for_who_asks_again_in_vain(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", LONG)
    before = stored(db)

    for holder in ("b", "c", "b"):
        turns.take(db, "e1", holder, LONG)

    assert stored(db) == before


def test_keeps_the_place_of_who_goes_on_asking(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", OVER)
    turns.take(db, "e1", "b", LONG)
    turns.give_back(db, "e1", "a")

    assert not turns.take(db, "e1", "c", LONG)


def test_tells_who_gives_it_back_whether_anybody_was_in_line(db):
    turns.take(db, "e1", "a", LONG)
    assert not turns.give_back(db, "e1", "a")
    assert stored(db) is None

    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", LONG)
    assert turns.give_back(db, "e1", "a")


def test_is_given_back_by_nobody_else(db):
    turns.take(db, "e1", "a", LONG)

    assert not turns.give_back(db, "e1", "b")

    assert not turns.take(db, "e1", "b", LONG)


def others_have(db, number):
    """So many turns of others, one after the other, while always somebody is in line."""
    for turn in range(number):
        holder = f"other {turn}"
        assert turns.take(db, "e1", holder, LONG)
        turns.take(db, "e1", f"other {turn + 1}", LONG)
        turns.give_back(db, "e1", holder)


@pytest.fixture
def far_away(db):
    """Somebody far away has given a turn back while others were in line, and one is kept."""
    turns.take(db, "e1", "far", LONG)
    turns.take(db, "e1", "other 0", LONG)
    assert turns.give_back(db, "e1", "far", successor="far again", keep_s=LONG)


def test_keeps_a_turn_for_who_is_on_the_way_back_from_far_away(db, far_away):
    others_have(db, turns.OTHERS_BEFORE)

    assert not turns.take(db, "e1", f"other {turns.OTHERS_BEFORE}", LONG)
    assert not turns.take(db, "e1", "somebody", LONG)
    assert turns.take(db, "e1", "far again", LONG)


def test_lets_others_go_on_before_the_turn_that_is_kept(db, far_away):
    others_have(db, turns.OTHERS_BEFORE - 1)

    assert not turns.take(db, "e1", "far again", LONG), "it is the turn of who is in line"
    assert turns.take(db, "e1", f"other {turns.OTHERS_BEFORE - 1}", LONG)


def test_keeps_the_place_of_who_was_in_line_when_a_kept_turn_comes_first(db, far_away):
    others_have(db, turns.OTHERS_BEFORE)
    turns.take(db, "e1", "far again", LONG)
    turns.give_back(db, "e1", "far again")

    assert not turns.take(db, "e1", "somebody", LONG)
    assert turns.take(db, "e1", f"other {turns.OTHERS_BEFORE}", LONG)


def test_keeps_a_turn_for_no_longer_than_it_was_asked_for(db):
    turns.take(db, "e1", "far", LONG)
    turns.take(db, "e1", "other 0", LONG)
    turns.give_back(db, "e1", "far", successor="far again", keep_s=OVER)

    others_have(db, turns.OTHERS_BEFORE + 1)


def test_keeps_a_turn_once(db, far_away):
    others_have(db, turns.OTHERS_BEFORE)
    turns.take(db, "e1", "far again", LONG)
    turns.give_back(db, "e1", "far again")

    first = f"other {turns.OTHERS_BEFORE}"
    assert turns.take(db, "e1", first, LONG)
    turns.give_back(db, "e1", first)
    assert turns.take(db, "e1", "somebody", LONG)


def test_keeps_one_turn_at_a_time(db, far_away):
    turns.take(db, "e1", "other 0", LONG)
    turns.take(db, "e1", "other 1", LONG)
    turns.give_back(db, "e1", "other 0", successor="also far", keep_s=LONG)
    for number in range(1, turns.OTHERS_BEFORE):
        assert turns.take(db, "e1", f"other {number}", LONG)
        turns.take(db, "e1", f"other {number + 1}", LONG)
        turns.give_back(db, "e1", f"other {number}")

    assert not turns.take(db, "e1", "also far", LONG)
    assert turns.take(db, "e1", "far again", LONG)


def test_keeps_none_where_nobody_is_in_line(db):
    turns.take(db, "e1", "far", LONG)

    assert not turns.give_back(db, "e1", "far", successor="far again", keep_s=LONG)

    assert stored(db) is None


def test_a_turn_that_is_kept_outlasts_a_moment_in_which_nobody_is_in_line(db, far_away):
    for number in range(turns.OTHERS_BEFORE):
        assert turns.take(db, "e1", f"other {number}", LONG)
        turns.give_back(db, "e1", f"other {number}")

    assert not turns.take(db, "e1", "somebody", LONG)
    assert turns.take(db, "e1", "far again", LONG)


# What is seen by a look, which costs less than asking.


def worth_asking(db, *holders):
    return [holder for holder in holders if turns.is_worth_asking(db, "e1", holder)]


def test_nobody_need_ask_while_the_turn_lasts_and_somebody_is_next(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", LONG)

    assert worth_asking(db, "b", "c") == []


def test_has_who_is_next_ask_once_the_turn_is_given_back(db):
    turns.take(db, "e1", "a", LONG)
    turns.take(db, "e1", "b", LONG)
    turns.give_back(db, "e1", "a")

    assert worth_asking(db, "b", "c") == ["b"]


def test_has_everybody_ask_where_nobody_is_next(db):
    assert worth_asking(db, "b", "c") == ["b", "c"]

    turns.take(db, "e1", "a", LONG)
    assert worth_asking(db, "b", "c") == ["b", "c"]

    turns.take(db, "e1", "b", LONG)
    turns.leave(db, "e1", "b")
    assert worth_asking(db, "b", "c") == ["b", "c"]


def test_has_who_is_far_away_ask_for_the_turn_that_is_kept(db, far_away):
    others_have(db, turns.OTHERS_BEFORE)

    assert worth_asking(db, "far again", "somebody") == ["far again"]
