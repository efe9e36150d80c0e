"""The briefs' clients against a real server, all at once."""

from __future__ import annotations

import pytest

from tests.api.legacy.brief_clients import basic
from tests.client import at_once

pytestmark = pytest.mark.usefixtures("clean_db")


@pytest.mark.parametrize("place", ["", "/api/events"])
def test_sells_ten_tickets_to_fifty_who_only_give_their_names_at_once(server, place):
    made = server.client().post(f"{place}/initialize", {"name": "Gala", "totalTickets": 10})
    event = made.json["id"]

    def book(client, number):
        authorization = basic(f"user{number}@example.org")
        return client.post(f"{place}/book", {"eventId": event}, Authorization=authorization)

    answers = at_once(server.port, 50, book)

    waiting = [answer for answer in answers if answer.status == 202]
    assert [answer.status for answer in answers].count(201) == 10
    places = [(a.json["waiting"] if place else a.json["data"])["position"] for a in waiting]
    assert sorted(places) == list(range(1, 41))
    status = server.client().get(f"/status/{event}").json["data"]
    assert (status["bookings_count"], status["waiting_list_count"]) == (10, 40)
    assert status["available_tickets"] == 0
