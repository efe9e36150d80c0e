from __future__ import annotations

import pytest

from tests.api.conftest import but_head, refused


def test_sells_the_three_tickets_of_the_brief(till, api):
    event = till.event(capacity=100, costPerTicket=5)

    answer = till.sell(event, 3)

    assert answer.status_code == 201
    sale = answer.json
    assert answer.headers["Location"] == f"/api/v1/transactions/{sale['id']}"
    assert (sale["event"], sale["nTickets"], sale["total"]) == (event["id"], 3, 15)
    assert api.get(answer.headers["Location"]).json == but_head(sale)
    shown = till.show(event)
    assert (shown["ticketsSold"], shown["ticketsAvailable"]) == (3, 97)
    assert (shown["revenue"], shown["bookings"]) == (15, 0)


def test_sells_all_or_nothing(till):
    event = till.event(capacity=10)
    till.sold(event, 8)

    problem = refused(till.sell(event, 3), 409, "not_enough_tickets")

    assert problem["available"] == 2
    assert till.show(event)["ticketsSold"] == 8


def test_says_sold_out(till):
    event = till.event(capacity=2)
    till.sold(event, 2)

    assert refused(till.sell(event), 409, "sold_out")["available"] == 0


@pytest.mark.parametrize("id_", ["", "unknown", "0" * 24, "\x00", "$gt", "x" * 1000, "\u00e9"])
def test_sells_nothing_of_an_unknown_or_malformed_event(till, id_):
    refused(till.sell(id_), 404, "event_not_found")


def test_takes_a_sale_back_once(till):
    event = till.event(capacity=3)
    sale = till.sold(event, 3)

    first, second = till.give_back(sale), till.give_back(sale)

    assert first.status_code == second.status_code == 200
    assert first.json["status"] == "cancelled"
    assert (first.json["assigned"], first.json["assignedCount"]) == ([], 0)
    assert second.json == first.json
    assert till.show(event)["ticketsSold"] == 0
    assert till.sell(event, 3).status_code == 201


def test_shows_a_sale_that_was_taken_back(till, api):
    sale = till.sold(till.event())
    till.give_back(sale)

    assert api.get(f"/api/v1/transactions/{sale['id']}").json["status"] == "cancelled"


@pytest.mark.parametrize("id_", ["unknown", "0" * 24, "$where"])
def test_knows_no_unknown_sale(api, id_):
    refused(api.get(f"/api/v1/transactions/{id_}"), 404, "transaction_not_found")
    refused(api.delete(f"/api/v1/transactions/{id_}"), 404, "transaction_not_found")


def test_explains_every_ticket_in_the_trail(till, db):
    event = till.event()
    headers = {"X-Request-ID": "till-7"}
    sale = till.sell(event, 3, **headers).json
    till.give_back(sale)

    created, sold, returned = db.audit.find({"event": event["id"]}).sort("sequence")

    assert [e["sequence"] for e in (created, sold, returned)] == [1, 2, 3]
    assert (sold["action"], sold["booking"], sold["tickets"]) == ("sold", sale["id"], 3)
    assert (sold["sold"], sold["request_id"], sold["actor"]) == (3, "till-7", "open")
    assert (returned["action"], returned["sold"]) == ("returned", 0)
