from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ticketing.services import demo
from ticketing.services.verification import verify
from ticketing.storage import events

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


def test_makes_events_sales_and_lists_that_verify(fresh_db, mongo):
    assert events.is_empty(fresh_db)

    year = demo.fill(fresh_db, mongo, NOW, ZoneInfo("Europe/Berlin"), (1, 0, 2, 2, 0))

    assert not events.is_empty(fresh_db)
    assert year.events == fresh_db.events.count_documents({}) == 5
    assert year.bookings > 100
    assert year.sales > 10
    assert fresh_db.events.count_documents({"day": "2026-11-25"}) == 1
    assert list(verify(fresh_db)) == []
    latest = fresh_db.audit.find_one(sort=[("at", -1)])
    assert latest["at"] <= NOW
