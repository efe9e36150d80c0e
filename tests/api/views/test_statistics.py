from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.api.conftest import Till, refused

EMPTY = {"revenue": 0, "nEvents": 0, "averageTicketsSold": 0}


@pytest.fixture
def till_on(api_at):
    """A till on a day of the test's choice."""

    def build(year, month, day, hour=12, **known):
        return Till(api_at(lambda: datetime(year, month, day, hour, tzinfo=UTC), **known))

    return build


def row(rows, year, month):
    found = [r for r in rows if (r["year"], r["month"]) == (year, month)]
    assert len(found) == 1
    return found[0]


def test_gives_twelve_months_newest_first_with_zeros(till_on):
    rows = till_on(2024, 10, 15).statistics()

    assert [(r["year"], r["month"]) for r in rows] == [
        *((2024, month) for month in range(10, 0, -1)),
        (2023, 12),
        (2023, 11),
    ]
    assert all(r == {"year": r["year"], "month": r["month"], **EMPTY} for r in rows)


def test_adds_up_a_month(till_on):
    till = till_on(2024, 10, 31)
    till.sold(till.event(date="2024-10-01", capacity=100, costPerTicket=5), 100)
    till.event(date="2024-10-02", capacity=1000)
    till.sold(till.event(date="2024-10-03", capacity=3, costPerTicket=0.1), 1)

    october = till.statistics()[0]

    assert october == {
        "year": 2024,
        "month": 10,
        "revenue": 500.1,
        "nEvents": 3,
        "averageTicketsSold": 44.44,
    }


def test_averages_percentages_not_tickets(till_on):
    till = till_on(2024, 10, 31)
    till.sold(till.event(date="2024-10-01", capacity=100), 100)
    till.event(date="2024-10-02", capacity=1000)

    assert till.statistics()[0]["averageTicketsSold"] == 50


def test_counts_an_event_today_but_not_one_tomorrow(till_on):
    till = till_on(2024, 10, 15)
    till.sold(till.event(date="2024-10-15", costPerTicket=5), 1)
    till.sold(till.event(date="2024-10-16", costPerTicket=7), 1)

    assert till.statistics()[0]["nEvents"] == 1
    assert till.statistics()[0]["revenue"] == 5


def test_counts_a_ticket_in_the_month_of_its_event(till_on):
    in_august = till_on(2024, 8, 1)
    in_august.sold(in_august.event(date="2024-10-15", costPerTicket=5), 2)

    rows = till_on(2024, 10, 20).statistics()

    assert row(rows, 2024, 10)["revenue"] == 10
    assert row(rows, 2024, 8)["revenue"] == 0


def test_takes_a_moved_event_along_to_its_new_month(till_on):
    till = till_on(2024, 10, 31)
    event = till.event(date="2024-10-15", costPerTicket=5)
    till.sold(event, 2)

    till.change(event, date="2024-09-30")

    rows = till.statistics()
    assert row(rows, 2024, 9)["revenue"] == 10
    assert row(rows, 2024, 10)["nEvents"] == 0


def test_takes_off_what_was_given_back(till_on):
    till = till_on(2024, 10, 31)
    event = till.event(date="2024-10-15", costPerTicket=5)
    sale = till.sold(event, 2)
    till.sold(event, 1)

    till.give_back(sale)

    assert till.statistics()[0]["revenue"] == 5
    assert till.statistics()[0]["averageTicketsSold"] == 10


def test_counts_free_events(till_on):
    till = till_on(2024, 10, 31)
    till.sold(till.event(date="2024-10-15", costPerTicket=0, capacity=4), 1)

    october = till.statistics()[0]

    assert (october["revenue"], october["nEvents"], october["averageTicketsSold"]) == (0, 1, 25)


def test_goes_from_january_back_to_december(till_on):
    till = till_on(2025, 1, 1)
    till.event(date="2024-12-31")
    till.event(date="2025-01-01")
    till.event(date="2024-01-31")

    rows = till.statistics()

    assert row(rows, 2025, 1)["nEvents"] == 1
    assert row(rows, 2024, 12)["nEvents"] == 1
    assert (rows[-1]["year"], rows[-1]["month"]) == (2024, 2)
    assert sum(r["nEvents"] for r in rows) == 2


def test_counts_the_29th_of_february(till_on):
    till = till_on(2024, 2, 29)
    till.event(date="29/02/2024")

    assert till.statistics()[0]["nEvents"] == 1
    assert row(till_on(2025, 1, 31).statistics(), 2024, 2)["nEvents"] == 1


def test_starts_at_the_last_full_month_where_that_is_wanted(till_on):
    till = till_on(2024, 10, 31)
    till.event(date="2024-10-31")
    till.event(date="2024-09-30")
    till.event(date="2023-10-01")

    rows = till.statistics(window="complete")

    assert (rows[0]["year"], rows[0]["month"], rows[0]["nEvents"]) == (2024, 9, 1)
    assert (rows[-1]["year"], rows[-1]["month"], rows[-1]["nEvents"]) == (2023, 10, 1)


def test_gives_as_many_months_as_are_wanted(till_on):
    till = till_on(2024, 10, 31)

    assert len(till.statistics(months=1)) == 1
    assert len(till.statistics(months=60)) == 60


def test_asks_the_time_zone_what_today_is(till_on):
    till = till_on(2024, 10, 31, hour=23, timezone=ZoneInfo("Europe/Berlin"))
    till.event(date="2024-11-01")

    assert till.statistics()[0] == {"year": 2024, "month": 11, **EMPTY, "nEvents": 1}


def test_leaves_deleted_events_out(till_on):
    till = till_on(2024, 10, 31)
    event = till.event(date="2024-10-15")
    till.api.delete(f"/api/v1/events/{event['id']}")

    assert till.statistics()[0]["nEvents"] == 0


@pytest.mark.parametrize(
    "query",
    ["months=0", "months=61", "months=1.0", "window=last", "year=2024", "months=1&months=2"],
)
def test_refuses_a_query_that_it_does_not_know(api, query):
    refused(api.get(f"/api/v1/statistics/monthly?{query}"), 400, "bad_request")


def test_reads_no_booking_to_add_up(till_on, db):
    till = till_on(2024, 10, 31)
    till.sold(till.event(date="2024-10-15", costPerTicket=5), 2)

    db.bookings.delete_many({})

    assert till.statistics()[0]["revenue"] == 10
