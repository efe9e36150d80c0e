from __future__ import annotations

import pytest

from tests.web.conftest import book, put_on
from ticketing.web.http.last_seen import LastSeen


@pytest.fixture
def seen(hall, monkeypatch):
    """The addresses of the pages that are kept."""
    kept = []
    real = LastSeen.keep

    def keep(self, response, now):
        real(self, response, now)
        kept[:] = [path for _, path in self._kept]

    monkeypatch.setattr(LastSeen, "keep", keep)
    return kept


def test_what_is_somebody_s_is_not_kept(robin, ida, visitor, seen):
    event = put_on(robin)
    book(ida, event, 2)
    for path in ("/", f"/events/{event}", "/bookings", "/account"):
        ida.get(path)
        robin.get(path)
    assert seen == []

    visitor.get("/sign-in")
    visitor.get("/nothing")
    visitor.get(f"/events/{event}?n=3")
    assert seen == []
    visitor.get("/")
    visitor.get(f"/events/{event}")
    assert seen == ["/", f"/events/{event}"]


def test_no_more_pages_are_kept_than_fit(visitor, seen):
    for month in range(1, 13):
        for year in range(2026, 2030):
            visitor.get(f"/month/{year}-{month:02}")

    assert len(seen) == 32
    assert seen[-1] == "/month/2029-12"
