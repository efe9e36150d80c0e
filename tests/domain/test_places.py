"""A list in the order of time loses nothing, in whatever order what it lists turns up."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.builders import NOW
from ticketing.domain.places import MOST_POSITIONS, EventPosition, Place, Row

UNDER_WAY_S = 13


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def turned_up(rows, second):
    return {row for row, visible in rows if visible <= second}


def read(rows, seconds, limit, settled_after=UNDER_WAY_S):
    """Page through what has turned up, one page at each of these moments, then to the end.

    Returns the pages and when the last of them was read.
    """
    place, pages = Place(), []
    for second in [*seconds, *[seconds[-1] + 0.001 * n for n in range(1, 200)]]:
        remaining = [row for row in sorted(turned_up(rows, second)) if not place.has_given(row)]
        pages.append(remaining[:limit])
        if len(remaining) <= limit:
            return pages, second
        place = place.after(remaining[:limit], at(second - settled_after))
    raise AssertionError("there is no end")


@st.composite
def histories(draw):
    """Rows of some events, each with the second in which it turns up.

    It turns up at most 12 seconds after its time, and within an event in the order of the sequence;
    some of these have a time before that of those in front of them.
    """
    rows = []
    for event in range(draw(st.integers(1, 5))):
        decided = visible = 0.0
        for sequence in range(1, draw(st.integers(1, 8)) + 1):
            decided = max(decided, visible) + draw(st.sampled_from([0, 0, 0.5, 3, 20]))
            visible = decided + draw(st.sampled_from([0.1, 1, 7]))
            behind = draw(st.sampled_from([0, 0, 0, 1, 5]))
            rows.append((Row(at(decided - behind), f"e{event}", sequence), visible))
    return rows


moments = st.lists(st.floats(0, 60), min_size=1, max_size=20).map(sorted)


@given(histories(), moments, st.integers(1, 4))
def test_gives_each_row_once_that_had_turned_up_before_the_last_page(rows, seconds, limit):
    pages, last = read(rows, seconds, limit)

    given_ = [row for page in pages for row in page]
    assert len(given_) == len(set(given_))
    assert set(given_) == turned_up(rows, last)


# The second event's first row is decided first and turns up last.
LATE = [(Row(at(1), "a", 1), 1.1), (Row(at(1.2), "a", 2), 1.3), (Row(at(0.9), "b", 1), 2)]


def test_gives_a_row_that_turns_up_in_front_of_others():
    pages, _ = read(LATE, [1.5, 3], 1)

    assert [row[1:] for page in pages for row in page] == [("a", 1), ("b", 1), ("a", 2)]


def test_without_the_moment_that_is_settled_it_would_be_lost():
    pages, _ = read(LATE, [1.5, 3], 1, settled_after=0)

    assert [row[1:] for page in pages for row in page] == [("a", 1), ("a", 2)]


# The first was moved behind the second, whose time is later.
MOVED = [(Row(at(1), "a", 3), 2.5), (Row(at(2), "a", 2), 2.1)]


def test_gives_what_stands_behind_one_that_turned_up_later():
    pages, _ = read(MOVED, [3, 3.5], 1)

    assert [row[1:] for page in pages for row in page] == [("a", 3), ("a", 2)]


def test_gives_each_once_where_several_turn_up_in_front_of_what_was_given():
    moved = [(Row(at(5), "a", 1), 5.1), (Row(at(3), "a", 2), 6), (Row(at(1), "a", 3), 6)]
    pages, _ = read(moved, [5.5, 6.5], 1)
    assert [row[2] for page in pages for row in page] == [1]

    moved.append((Row(at(6), "b", 1), 5.2))
    pages, _ = read(moved, [5.5, 6.5], 1)
    assert [row[1:] for page in pages for row in page] == [("a", 1), ("a", 3), ("a", 2), ("b", 1)]


def test_remembers_nothing_of_what_is_settled():
    rows = [Row(at(n), "a", n) for n in range(1, 5)]

    assert Place().after(rows, at(100)) == Place(rows[-1])
    assert Place().after(rows, at(2.5)) == Place(Row(at(2.5), "", 0), (EventPosition(rows[-1], 4),))


def test_gives_nothing_twice_where_very_many_events_sell_at_once():
    rows = [Row(at(0), f"e{n:03}", 1) for n in range(3 * MOST_POSITIONS)]

    place = Place().after(rows, at(-13))

    assert len(place.positions) == MOST_POSITIONS
    assert all(place.has_given(row) for row in rows)
