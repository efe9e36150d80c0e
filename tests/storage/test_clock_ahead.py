"""What MongoDB's clock has dated while it was ahead holds nobody up once it is right again.

The clock of the tests can't be set, so what was written is dated later instead.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pymongo.read_concern import ReadConcern

from ticketing.storage import leases
from ticketing.storage.background import outbox
from ticketing.storage.background.outbox import Mail
from ticketing.storage.limits.attempts import LONGEST_WAIT_S, SharedAttempts
from ticketing.storage.limits.windows import SharedWindows
from ticketing.storage.writes import turns

A_DAY = timedelta(hours=25)
A_MOMENT = timedelta(seconds=2)
MINUTE = 60


def _later(value, by):
    if isinstance(value, datetime):
        return value + by if value.year > 1970 else value
    if isinstance(value, list):
        return [_later(each, by) for each in value]
    if isinstance(value, dict):
        return {name: _later(each, by) for name, each in value.items()}
    return value


@pytest.fixture
def date_later():
    """Dates all that a collection has later."""

    def date(collection, by):
        # Turns wait for no majority.
        written = collection.with_options(read_concern=ReadConcern("local"))
        for document in written.find():
            collection.replace_one({"_id": document["_id"]}, _later(document, by))

    return date


def test_a_lease_is_free_again(db, date_later):
    assert leases.take(db, "recovery", "a", timedelta(seconds=MINUTE))
    date_later(db.leases, A_DAY)

    assert leases.take(db, "recovery", "b", timedelta(seconds=MINUTE))


def test_a_lease_holds_where_two_nodes_clocks_differ_a_little(db, date_later):
    assert leases.take(db, "recovery", "a", timedelta(seconds=MINUTE))
    date_later(db.leases, A_MOMENT)

    assert not leases.take(db, "recovery", "b", timedelta(seconds=MINUTE))


def test_a_turn_is_free_again_and_so_is_the_place_in_line(db, date_later):
    turns.take(db, "e1", "a", MINUTE)
    turns.take(db, "e1", "b", MINUTE)
    date_later(db.leases, A_DAY)

    assert turns.take(db, "e1", "c", MINUTE)


def test_no_turn_is_kept_any_more(db, date_later):
    turns.take(db, "e1", "far", MINUTE)
    turns.take(db, "e1", "other", MINUTE)
    turns.give_back(db, "e1", "far", successor="far again", keep_s=MINUTE)
    db.leases.update_one({"_id": "turn:e1"}, {"$set": {"before": 0}})
    date_later(db.leases, A_DAY)

    assert turns.take(db, "e1", "somebody", MINUTE)


def test_a_turn_holds_where_two_nodes_clocks_differ_a_little(db, date_later):
    turns.take(db, "e1", "a", MINUTE)
    date_later(db.leases, A_MOMENT)

    assert not turns.take(db, "e1", "c", MINUTE)


def test_a_limit_that_was_reached_is_not_reached_any_more(db, date_later):
    windows = SharedWindows(db.counts)
    assert windows.take("ada", 10, MINUTE, 10).granted == 10
    date_later(db.counts, A_DAY)

    again = windows.take("ada", 10, MINUTE, 10)

    assert (again.granted, again.count, again.before) == (10, 10, 0)
    assert windows.take("ada", 10, MINUTE, 1).granted == 0


def test_a_limit_holds_where_two_nodes_clocks_differ_a_little(db, date_later):
    windows = SharedWindows(db.counts)
    windows.take("ada", 10, MINUTE, 10)
    date_later(db.counts, A_MOMENT)

    assert windows.take("ada", 10, MINUTE, 1).granted == 0


def test_what_was_asked_before_counts_once_where_clocks_differ_a_little(db, date_later):
    """A window that has not begun yet weighs what came before it no more than one that has."""
    windows = SharedWindows(db.counts)
    windows.take("ada", 10, MINUTE, 4)
    db.counts.update_one({}, {"$set": {"before": 4, "count": 0}})
    date_later(db.counts, timedelta(seconds=MINUTE // 2))

    assert windows.take("ada", 10, MINUTE, 10).granted == 6


def test_failed_attempts_are_forgotten(db, date_later):
    attempts = SharedAttempts(db.attempts)
    for _ in range(2):
        attempts.keep("ada", attempts.take_place("ada", 3, MINUTE).place)
    attempts.take_place("ada", 3, MINUTE)
    assert attempts.take_place("ada", 3, MINUTE).place is None
    date_later(db.attempts, A_DAY)

    tally = attempts.take_place("ada", 3, MINUTE)

    assert tally.place is not None
    assert (len(tally.failed), len(tally.under_way)) == (0, 1)


def test_failed_attempts_count_where_two_nodes_clocks_differ_a_little(db, date_later):
    attempts = SharedAttempts(db.attempts)
    for _ in range(3):
        attempts.keep("ada", attempts.take_place("ada", 3, MINUTE).place)
    date_later(db.attempts, A_MOMENT)

    assert attempts.take_place("ada", 3, MINUTE).place is None


def test_nobody_waits_for_a_turn_to_sign_in_that_is_a_day_away(db, date_later):
    attempts = SharedAttempts(db.attempts)
    assert attempts.take_turn("ada", "1.2.3.4", MINUTE) is not None
    date_later(db.attempts, A_DAY)

    for source in ("1.2.3.4", "5.6.7.8"):
        wait_s = attempts.take_turn("ada", source, MINUTE)
        assert wait_s is not None
        assert wait_s <= LONGEST_WAIT_S


def test_a_mail_is_due(db, date_later, mongo):
    mail = Mail("m1", "verification", "u1", "ada@example.org", "Hello", "A letter.", 0)
    with mongo.start_session() as session:
        outbox.insert(db, mail, datetime.now(UTC), session)
    date_later(db.outbox, A_DAY)

    assert outbox.take(db, MINUTE) is not None
    assert outbox.take(db, MINUTE) is None, "it is being sent"
