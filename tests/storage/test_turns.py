"""Turns between hosts, on the real MongoDB."""

from __future__ import annotations

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
