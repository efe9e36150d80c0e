"""The API against a simple model: whatever is asked, both say and hold the same."""

from __future__ import annotations

from functools import partial

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.api.model import Counter
from ticketing.services.verification import verify

NAMES = ["ada@example.org", "grace@example.org", "linus@example.org", "hedy@example.org"]
customers = st.sampled_from(NAMES)
# Staff writes them as they like, and means the same.
spellings = st.sampled_from([*NAMES, *(name.upper() for name in NAMES)])
tickets = st.integers(1, 4)


class Both(RuleBasedStateMachine):
    """The service and the model, asked the same."""

    def __init__(self, api, db):
        super().__init__()
        self.api = api
        self.db = db

    bookings = Bundle("bookings")
    sales = Bundle("sales")
    codes = Bundle("codes")

    @initialize(capacity=st.integers(1, 6), price=st.integers(0, 9))
    def open(self, capacity, price):
        body = {"name": "Gala", "capacity": capacity, "costPerTicket": price}
        self.event = self.api.post("/initialize", json=body).json["id"]
        self.model = Counter(capacity, price)

    @rule(
        target=bookings,
        customer=spellings,
        n=tickets,
        waitlist=st.sampled_from([None, True, False]),
    )
    def book(self, customer, n, waitlist):
        expected, operation = self.model.book(customer.lower(), n, waitlist)
        body = {"customer": customer, "nTickets": n}
        if waitlist is not None:
            body["waitlist"] = waitlist

        answer = self.api.post(f"/api/v1/events/{self.event}/bookings", json=body)

        if operation is None:
            assert (answer.status_code, answer.json["code"]) == (409, expected)
            return multiple()
        assert answer.status_code == {"confirmed": 201, "waiting": 202}[expected]
        self.same(answer.json, operation)
        return answer.json["id"], operation

    @rule(target=sales, n=tickets)
    def sell(self, n):
        expected, operation = self.model.sell(n)

        answer = self.api.post("/api/v1/transactions", json={"event": self.event, "nTickets": n})

        if operation is None:
            assert (answer.status_code, answer.json["code"]) == (409, expected)
            return multiple()
        assert answer.status_code == 201
        return answer.json["id"], operation

    @rule(sale=consumes(sales))
    def give_back(self, sale):
        id_, operation = sale
        served = self.model.cancel(operation)

        answer = self.api.delete(f"/api/v1/transactions/{id_}")

        self.assigned(answer, served)

    @rule(booking=bookings)
    def cancel(self, booking):
        id_, operation = booking
        served = self.model.cancel(operation)

        answer = self.api.delete(f"/api/v1/bookings/{id_}")

        self.assigned(answer, served)

    @rule(customer=customers)
    def cancel_by_name(self, customer):
        operation = self.model.held_by(customer)

        answer = self.api.post("/cancel", json={"event_id": self.event, "user": customer})

        assert answer.status_code == (200 if operation else 404)
        if operation:
            self.model.cancel(operation)

    @rule(booking=bookings, n=tickets)
    def reduce(self, booking, n):
        id_, operation = booking
        expected, served = self.model.reduce(operation, n)

        answer = self.api.patch(f"/api/v1/bookings/{id_}", json={"nTickets": n})

        if expected not in ("reduced", "added"):
            assert (answer.status_code, answer.json["code"]) == (409, expected)
        else:
            self.same(answer.json, operation)
            self.assigned(answer, served)

    @rule(booking=bookings, to=spellings)
    def transfer(self, booking, to):
        id_, operation = booking
        expected = self.model.transfer(operation, to.lower())

        answer = self.api.post(f"/api/v1/bookings/{id_}/transfer", json={"to": to})

        if expected != "transferred":
            assert (answer.status_code, answer.json["code"]) == (409, expected)
        else:
            self.same(answer.json, operation)

    @rule(target=codes, booking=bookings)
    def offer(self, booking):
        id_, operation = booking

        answer = self.api.post(f"/api/v1/bookings/{id_}/transfer", json={})

        if operation.status != "confirmed":
            assert (answer.status_code, answer.json["code"]) == (409, "not_confirmed")
            return multiple()
        operation.code = answer.json["code"]
        return operation, operation.code

    @rule(booking=bookings)
    def withdraw(self, booking):
        id_, operation = booking
        operation.code = None

        answer = self.api.delete(f"/api/v1/bookings/{id_}/transfer")

        self.same(answer.json, operation)

    @rule(offered=codes, to=spellings)
    def accept(self, offered, to):
        operation, code = offered
        expected = self.model.accept(operation, code, to.lower())

        answer = self.api.post("/api/v1/transfers", json={"code": code, "customer": to})

        if expected != "transferred":
            status = 410 if expected == "offer_gone" else 409
            assert (answer.status_code, answer.json["code"]) == (status, expected)
        else:
            self.same(answer.json, operation)

    @rule(capacity=st.integers(1, 8))
    def resize(self, capacity):
        expected, served = self.model.resize(capacity)

        answer = self.api.patch(f"/api/v1/events/{self.event}", json={"capacity": capacity})

        if expected != "changed":
            assert (answer.status_code, answer.json["code"]) == (409, expected)
        else:
            assert [name_of(b) for b in answer.json.get("assigned", [])] == [
                w.customer for w in served
            ]

    @invariant()
    def holds_the_same(self):
        if not hasattr(self, "model"):
            return
        event = self.api.get(f"/api/v1/events/{self.event}").json
        assert event["ticketsSold"] == self.model.sold
        assert event["waiting"] == len(self.model.queue)
        assert event["revenue"] == self.model.revenue
        listed = self.api.get(f"/api/v1/events/{self.event}/waiting-list").json["items"]
        assert [(name_of(w), w["nTickets"]) for w in listed] == [
            (w.customer, w.tickets) for w in self.model.queue
        ]

    def teardown(self):
        if hasattr(self, "model"):
            assert list(verify(self.db, self.event)) == []

    def same(self, shown, operation):
        assert (name_of(shown), shown["nTickets"]) == (operation.customer, operation.tickets)
        assert (shown["status"], shown["total"]) == (operation.status, operation.total)
        place = self.model.queue.index(operation) + 1 if operation.status == "waiting" else None
        assert shown.get("position") == place

    def assigned(self, answer, served):
        assert answer.status_code == 200
        assert [name_of(b) for b in answer.json["assigned"]] == [w.customer for w in served]


def name_of(shown):
    """Return who is shown, in the spelling that the model knows: they keep their first one."""
    return shown["customer"].lower()


def test_says_and_holds_what_the_model_does(api, db):
    run_state_machine_as_test(
        partial(Both, api, db),
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
