"""The API against a simple model: whatever is asked, both say and hold the same."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import count

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

from tests.api.auth.accounts.test_users import PASSWORD, Person
from tests.api.model import Counter
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.domain.verification.heads import NotedHead
from ticketing.services.accounts import users as people
from ticketing.services.verification import differences_of_heads, verify

WITH_ACCOUNTS = ["ada@example.org", "grace@example.org"]
NAMES = [*WITH_ACCOUNTS, "linus@example.org", "hedy@example.org"]
customers = st.sampled_from(NAMES)
# Staff writes them as they like, and means the same.
spellings = st.sampled_from([*NAMES, *(name.upper() for name in NAMES)])
tickets = st.integers(1, 4)
accounts = st.sampled_from(WITH_ACCOUNTS)
places = st.integers(0, 1)
elsewhere = st.sampled_from([True, True, True, False])
wishes = st.sampled_from([None, True, False])

# What somebody who asks for themselves may acquire for an event.
MOST = 4

_keys = count(1)


class Both(RuleBasedStateMachine):
    """The service and the model, asked the same of two events, mostly by staff."""

    def __init__(self, staff, themselves, db):
        super().__init__()
        self.staff = staff
        self.themselves = themselves
        self.db = db
        self.receipts = []

    bookings = Bundle("bookings")
    sales = Bundle("sales")
    codes = Bundle("codes")
    moved = Bundle("moved")

    @initialize(
        target=bookings,
        capacities=st.tuples(st.integers(1, 4), st.integers(1, 8)),
        prices=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    )
    def open(self, capacities, prices):
        self.events, self.models, self.ids = [], [], {}
        for capacity, price in zip(capacities, prices, strict=True):
            body = {"name": "Gala", "capacity": capacity, "costPerTicket": price}
            answer = self.staff.api.post("/initialize", json=body, headers=self.staff.bearer)
            self.events.append(answer.json["id"])
            self.models.append(Counter(capacity, price))
        # The first event is sold out, and somebody waits for what a move leaves free.
        return multiple(
            self.book(0, NAMES[0], capacities[0], None), self.book(0, NAMES[2], 1, None)
        )

    def model_of(self, operation):
        return next(model for model in self.models if operation in model.operations)

    @rule(target=bookings, at=places, customer=spellings, n=tickets, waitlist=wishes)
    def book(self, at, customer, n, waitlist):
        expected = self.models[at].book(customer.lower(), n, waitlist)
        return self.booked(self.staff, at, {"customer": customer}, n, waitlist, *expected)

    @rule(target=bookings, at=places, customer=accounts, n=tickets, waitlist=wishes)
    def book_for_oneself(self, at, customer, n, waitlist):
        expected = self.models[at].book(customer, n, waitlist, MOST)
        return self.booked(self.themselves[customer], at, {}, n, waitlist, *expected)

    def booked(self, who, at, body, n, waitlist, expected, operation):
        body = {**body, "nTickets": n}
        if waitlist is not None:
            body["waitlist"] = waitlist

        answer = who.ask("POST", f"/events/{self.events[at]}/bookings", body)

        if operation is None:
            assert (answer.status_code, answer.json["code"]) == (409, expected)
            return multiple()
        assert answer.status_code == {"confirmed": 201, "waiting": 202}[expected]
        self.same(answer.json, operation)
        self.ids[operation] = answer.json["id"]
        return answer.json["id"], operation

    @rule(target=sales, at=places, n=tickets)
    def sell(self, at, n):
        expected, operation = self.models[at].sell(n)

        answer = self.staff.ask("POST", "/transactions", {"event": self.events[at], "nTickets": n})

        if operation is None:
            assert (answer.status_code, answer.json["code"]) == (409, expected)
            return multiple()
        assert answer.status_code == 201
        return answer.json["id"], operation

    @rule(sale=consumes(sales))
    def give_back(self, sale):
        id_, operation = sale
        served = self.model_of(operation).cancel(operation)

        answer = self.staff.ask("DELETE", f"/transactions/{id_}")

        self.assigned(answer, served)

    @rule(booking=bookings)
    def cancel(self, booking):
        id_, operation = booking
        served = self.model_of(operation).cancel(operation)

        answer = self.staff.ask("DELETE", f"/bookings/{id_}")

        self.assigned(answer, served)

    @rule(at=places, customer=customers)
    def cancel_by_name(self, at, customer):
        operation = self.models[at].held_by(customer)

        body = {"event_id": self.events[at], "user": customer}
        answer = self.staff.api.post("/cancel", json=body, headers=self.staff.bearer)

        assert answer.status_code == (200 if operation else 404)
        if operation:
            self.models[at].cancel(operation)

    @rule(booking=bookings, n=tickets)
    def reduce(self, booking, n):
        id_, operation = booking
        expected, served = self.model_of(operation).reduce(operation, n)

        answer = self.staff.ask("PATCH", f"/bookings/{id_}", {"nTickets": n})

        if self.resized(answer, operation, expected):
            self.assigned(answer, served)

    @rule(booking=bookings, customer=accounts, n=tickets)
    def reduce_ones_own(self, booking, customer, n):
        id_, operation = booking
        answer = self.themselves[customer].ask("PATCH", f"/bookings/{id_}", {"nTickets": n})

        if operation.customer != customer:
            assert (answer.status_code, answer.json["code"]) == (404, "booking_not_found")
            return
        expected, served = self.model_of(operation).reduce(operation, n, MOST)
        if self.resized(answer, operation, expected):
            assert answer.json["assignedCount"] == len(served)

    def resized(self, answer, operation, expected):
        if expected in ("reduced", "added"):
            self.same(answer.json, operation)
            return True
        assert (answer.status_code, answer.json["code"]) == (409, expected)
        return False

    @rule(target=moved, at=places, which=st.integers(0, 2))
    def move_what_can_be(self, at, which):
        held = [w for w in self.models[at].operations if w.customer]
        confirmed = [w for w in held if w.status == "confirmed"]
        if not confirmed:
            return multiple()
        operation = confirmed[which % len(confirmed)]
        return self.move((self.ids[operation], operation), elsewhere=True)

    @rule(target=moved, booking=bookings, elsewhere=elsewhere)
    def move(self, booking, elsewhere):
        id_, operation = booking
        model = self.model_of(operation)
        origin = self.models.index(model)
        to = 1 - origin if elsewhere else origin
        expected, served = model.move(operation, self.models[to])
        key = f"move-{next(_keys)}"

        answer = self.ask_to_move(id_, to, key)

        if expected != "moved":
            assert (answer.status_code, answer.json["code"]) == (409, expected)
        else:
            self.same(answer.json, operation)
            self.assigned(answer, served)
            self.tell_of_it(id_, origin, to)
        return id_, to, key, answer

    def ask_to_move(self, id_, to, key):
        body = {"event": self.events[to]}
        return self.staff.ask("POST", f"/bookings/{id_}/move", body, **{"Idempotency-Key": key})

    def tell_of_it(self, id_, origin, to):
        """Both audits say last of this booking where it went, and where from."""
        for event, action in ((origin, "moved_out"), (to, "moved_in")):
            path = f"/events/{self.events[event]}/audit?booking={id_}"
            entry = self.staff.ask("GET", path).json["items"][-1]
            assert entry["action"] == action
        assert entry["changes"]["event"] == [self.events[origin], self.events[to]]

    @rule(asked=moved)
    def move_again(self, asked):
        """Whoever has not heard the answer asks again with the same key, however late."""
        id_, to, key, first = asked

        answer = self.ask_to_move(id_, to, key)

        assert (answer.status_code, answer.data) == (first.status_code, first.data)

    @rule(booking=bookings, to=spellings)
    def transfer(self, booking, to):
        id_, operation = booking
        expected = self.model_of(operation).transfer(operation, to.lower())

        answer = self.staff.ask("POST", f"/bookings/{id_}/transfer", {"to": to})

        if expected != "transferred":
            assert (answer.status_code, answer.json["code"]) == (409, expected)
        else:
            self.same(answer.json, operation)

    @rule(target=codes, booking=bookings)
    def offer(self, booking):
        id_, operation = booking

        answer = self.staff.ask("POST", f"/bookings/{id_}/transfer", {})

        if operation.status != "confirmed":
            assert (answer.status_code, answer.json["code"]) == (409, "not_confirmed")
            return multiple()
        operation.code = answer.json["code"]
        return operation, operation.code

    @rule(booking=bookings)
    def withdraw(self, booking):
        id_, operation = booking
        operation.code = None

        answer = self.staff.ask("DELETE", f"/bookings/{id_}/transfer")

        self.same(answer.json, operation)

    @rule(offered=codes, to=spellings)
    def accept(self, offered, to):
        operation, code = offered
        expected = self.model_of(operation).accept(operation, code, to.lower())

        answer = self.staff.ask("POST", "/transfers", {"code": code, "customer": to})

        if expected != "transferred":
            status = 410 if expected == "offer_gone" else 409
            assert (answer.status_code, answer.json["code"]) == (status, expected)
        else:
            self.same(answer.json, operation)

    @rule(at=places, capacity=st.integers(1, 8))
    def resize(self, at, capacity):
        expected, served = self.models[at].resize(capacity)

        answer = self.staff.ask("PATCH", f"/events/{self.events[at]}", {"capacity": capacity})

        if expected != "changed":
            assert (answer.status_code, answer.json["code"]) == (409, expected)
        else:
            assert [name_of(b) for b in answer.json.get("assigned", [])] == [
                w.customer for w in served
            ]

    @invariant()
    def holds_the_same(self):
        for event, model in zip(*self.both, strict=True):
            shown = self.staff.ask("GET", f"/events/{event}").json
            assert shown["ticketsSold"] == model.sold
            assert shown["waiting"] == len(model.queue)
            assert shown["revenue"] == model.revenue
            listed = self.staff.ask("GET", f"/events/{event}/waiting-list").json["items"]
            assert [(name_of(w), w["nTickets"]) for w in listed] == [
                (w.customer, w.tickets) for w in model.queue
            ]

    @property
    def both(self):
        return (self.events, self.models) if hasattr(self, "models") else ((), ())

    def teardown(self):
        for event in self.both[0]:
            assert list(verify(self.db, event)) == []
        assert list(differences_of_heads(self.db, self.receipts)) == []

    def same(self, shown, operation):
        if "head" in shown:
            self.receipts.append(NotedHead.parse(f"{shown['event']}:{shown['head']}"))
            (last,) = self.db.audit.find({"event": shown["event"]}).sort("sequence", -1).limit(1)
            assert shown["head"] == f"{last['sequence']}:{last['hash']}"
        model = self.model_of(operation)
        assert shown["event"] == self.events[self.models.index(model)]
        assert (name_of(shown), shown["nTickets"]) == (operation.customer, operation.tickets)
        assert (shown["status"], shown["total"]) == (operation.status, operation.total)
        place = model.queue.index(operation) + 1 if operation.status == "waiting" else None
        assert shown.get("position") == place

    def assigned(self, answer, served):
        assert answer.status_code == 200
        assert [name_of(b) for b in answer.json["assigned"]] == [w.customer for w in served]


def name_of(shown):
    """Return who is shown, in the spelling that the model knows: they keep their first one."""
    return shown["customer"].lower()


def test_says_and_holds_what_the_model_does(api_at, db):
    api = api_at(auth="required", max_tickets_per_booking=MOST)

    def person(email, role):
        user = people.register(db, QUICK, email, PASSWORD, datetime.now(UTC), role)
        return Person(api, email, user).sign_in()

    staff = person("boss@example.org", Role.ADMIN)
    themselves = {email: person(email, Role.CUSTOMER) for email in WITH_ACCOUNTS}
    run_state_machine_as_test(
        partial(Both, staff, themselves, db),
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
