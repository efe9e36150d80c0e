"""After a benchmark the books have to agree with what was acknowledged, and with themselves."""

from __future__ import annotations

import pytest

from bench.load.books import BooksDiffer, Tally, check
from bench.load.office import own_office
from bench.load.scenarios import HOT, prepare
from ticketing.domain.identity.caller import Caller
from ticketing.services import commands

pytestmark = pytest.mark.system

SALES = 3


@pytest.fixture(scope="module")
def office():
    """An office that has sold three tickets to clients, beside what it prepared itself."""
    with own_office() as office:
        prepare(office)
        for number in range(SALES):
            caller = Caller("till", f"r{number}")
            office.handler().execute(commands.sell(1), on=HOT, caller=caller)
        yield office


@pytest.mark.parametrize(("acknowledged", "unanswered"), [(3, 0), (2, 1), (0, 32)])
def test_agree_where_everything_acknowledged_was_kept(office, acknowledged, unanswered):
    told = check(office, HOT, Tally(acknowledged, unanswered))

    assert told.endswith("of the hot event 3 sold = bookings = audit; verify agrees")


def test_differ_where_something_acknowledged_was_not_kept(office):
    with pytest.raises(BooksDiffer, match=r"4 changes were acknowledged .* the audit has 3"):
        check(office, HOT, Tally(4, 32))


def test_differ_where_more_was_kept_than_anybody_asked_for(office):
    with pytest.raises(BooksDiffer, match=r"at most 1 more .* the audit has 3"):
        check(office, HOT, Tally(1, 1))


def test_differ_where_a_booking_is_missing(office):
    gone = office.db.bookings.find_one_and_delete({"event": HOT})
    try:
        with pytest.raises(BooksDiffer, match="sold 3 of 1000000, but bookings 2, audit 3"):
            check(office, HOT, Tally(3))
    finally:
        office.db.bookings.insert_one(gone)


def test_differ_where_verify_finds_something_anywhere(office):
    office.db.events.update_one({"_id": "many-7"}, {"$inc": {"revenue": 1}})
    try:
        with pytest.raises(BooksDiffer, match=r"verify ended with 1: (.|\n)*many-7"):
            check(office, HOT, Tally(3))
    finally:
        office.db.events.update_one({"_id": "many-7"}, {"$inc": {"revenue": -1}})
