"""Every operation, by everybody, on what is theirs, what is somebody else's, and what is not there.

The operations come from the OpenAPI document; what is expected comes from what each route
declares (`ticketing.api.auth.access.Access`) and from the rules of ownership that stand here. A new
operation that needs an id or a body fails until it says here which.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from tests.api.auth.accounts.test_users import GALA, PASSWORD, Person
from tests.api.documented import document_of
from tests.api.test_story import BODIES
from tests.conftest import QUICK, the_settings
from ticketing.app import create_app
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.storage.accounts import users
from ticketing.storage.driver.clients import connect

UNKNOWN = "nothing-goes-by-this-name"

CALLERS = {
    "anybody": Role.ANYBODY,
    "unverified": Role.CUSTOMER,
    "customer": Role.CUSTOMER,
    "staff": Role.STAFF,
    "key": Role.STAFF,
    "admin": Role.ADMIN,
}

# Customers see and change their own: somebody else's id is as good as none.
OWNED = {
    "DELETE /api/v1/users/me/sessions/{id}",
    "GET /api/v1/bookings/{id}",
    "PATCH /api/v1/bookings/{id}",
    "DELETE /api/v1/bookings/{id}",
    "POST /api/v1/bookings/{id}/transfer",
    "DELETE /api/v1/bookings/{id}/transfer",
    "GET /api/v1/customers/{id}",
    "GET /api/v1/customers/{id}/export",
    "POST /api/v1/customers/{id}/erasure",
}

# Who it is for is named: customers may name themselves.
NAMING = {
    "POST /api/v1/events/{id}/bookings": "customer",
    "POST /api/v1/transfers": "customer",
    "POST /book": "user",
    "POST /cancel": "user",
    "POST /api/events/book": "user",
    "POST /api/events/cancel": "user",
}

# What is somebody's in a query.
QUERIES = {"GET /api/v1/bookings": "customer", "GET /api/v1/users": "email"}

# Codes tell nothing where no mail is sent; nobody's are looked for.
CODES = {"POST /api/v1/verifications/{id}", "POST /api/v1/password-resets/{id}"}

# What follows from no declaration.
SPECIAL = {
    # A token is exchanged for a password, and everybody here shows something else.
    **{("POST /api/v1/tokens", caller): "who are you" for caller in CALLERS},
    # A key has no account, and is no token.
    ("GET /api/v1/users/me", "key"): "not there",
    ("PATCH /api/v1/users/me", "key"): "not there",
    ("DELETE /api/v1/tokens/current", "key"): "who are you",
    ("GET /api/v1/users/me/sessions", "key"): "not there",
    ("DELETE /api/v1/users/me/sessions/{id}", "key"): "not there",
}


def operations():
    """Give the operations of the document and what their routes declare."""
    with connect("mongodb://127.0.0.1:1/", appname="tests") as client:
        app = create_app(the_settings(), client)
    declared = {
        f"{method} {rule.rule.replace('<id>', '{id}')}": app.view_functions[rule.endpoint].access
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], "access")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    return {name: declared[name] for name, _ in document_of(app).operations()}


OPERATIONS = operations()


def expected(name, caller, whose):
    access = OPERATIONS[name]
    if (name, caller) in SPECIAL:
        return SPECIAL[name, caller]
    if access.role > Role.ANYBODY:
        if caller == "anybody":
            return "who are you"
        if CALLERS[caller] < access.role:
            return "you may not"
        if access.verified and caller == "unverified":
            return "show your address"
    if whose == "other" and name == "DELETE /api/v1/users/me/sessions/{id}":
        return "not there"  # whatever one may
    # Administrators forget anybody, everybody else themselves alone.
    if name == "POST /api/v1/customers/{id}/erasure" and caller in ("staff", "key"):
        return "served" if (caller, whose) == ("staff", "own") else "you may not"
    if whose == "nobody's":
        return "served" if name in CODES else "not there"
    if caller == "customer" and whose == "other":
        if name in OWNED:
            return "not there"
        if name in NAMING or name == "GET /api/v1/bookings":
            return "you may not"
    # All users are for administrators; staff may look for one.
    if name == "GET /api/v1/users" and whose == "all" and caller in ("staff", "key"):
        return "you may not"
    return "served"


def heard(answer):
    if answer.status_code == 403:
        named = {"forbidden": "you may not", "address_unverified": "show your address"}
        return named.get(answer.json["code"], "served")
    return {401: "who are you", 404: "not there"}.get(answer.status_code, "served")


class World:
    """An office with somebody of each kind, and what they may be after."""

    def __init__(self, api, db):
        self.api, self.db = api, db
        self.days = (date(2044, 1, 1) + timedelta(days=n) for n in count())
        self.numbers = count()
        self.people = {
            "admin": self.person("admin", Role.ADMIN),
            "staff": self.person("staff", Role.STAFF),
            "customer": self.person("ada"),
            "other": self.person("grace"),
            "unverified": self.person("new", verified=False),
        }
        self.admin, self.staff = self.people["admin"], self.people["staff"]
        self.key = self.make_key()

    def person(self, name, role=Role.CUSTOMER, **known):
        email = f"{name}@example.org"
        user = people.register(self.db, QUICK, email, PASSWORD, datetime.now(UTC), role, **known)
        return Person(self.api, email, user).sign_in()

    def bring_back(self, who):
        """Register somebody anew who has been forgotten."""
        if users.find(self.db, who.user.id) is None:
            known = {"verified": who.user.verified}
            who.user = people.register(
                self.db, QUICK, who.email, PASSWORD, datetime.now(UTC), who.user.role, **known
            )
            who.sign_in()

    def made(self, who, path, body):
        answer = who.ask("POST", path, body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def make_key(self):
        body = {"name": f"till {next(self.numbers)}", "role": "staff"}
        return self.made(self.admin, "/api-keys", body)

    def event(self):
        return self.made(self.admin, "/events", {**GALA, "date": str(next(self.days))})["id"]

    def booking(self, owner, event=None):
        path = f"/events/{event or self.event()}/bookings"
        return self.made(self.staff, path, {"customer": owner.email})["id"]

    def owner(self, caller, whose):
        """Return whose things are asked for; who has none of their own asks for a customer's."""
        if whose == "other":
            return self.people["other"]
        return self.people.get(caller, self.people["customer"])

    def headers(self, caller):
        if caller == "anybody":
            return {}
        if caller == "key":
            return {"Authorization": f"Bearer {self.key['key']}"}
        # With a token of its own: some of them end by what is asked.
        who = self.people[caller]
        return Person(self.api, who.email, who.user).sign_in().bearer

    def id_for(self, path, owner, event):
        kind = path.removeprefix("/api/v1").split("/")[1]
        if path == "/api/v1/events/{id}/cancellation":
            self.admin.ask("POST", f"/events/{event}/cancellation")
        if kind in ("events", "status", "api"):
            return event
        if kind == "bookings":
            return self.booking(owner, event)
        if kind == "transactions":
            return self.made(self.staff, "/transactions", {"event": event, "nTickets": 1})["id"]
        if path == "/api/v1/users/me/sessions/{id}":
            other = Person(self.api, owner.email, owner.user).sign_in()
            return other.ask("GET", "/users/me/sessions").json["items"][-1]["id"]
        if kind == "users":
            return owner.user.id
        if kind == "customers":
            booking = self.booking(owner, event)
            found = self.staff.ask("GET", f"/bookings/{booking}").json["customerId"]
            if path.endswith("/erasure"):  # nobody leaves while something is ahead
                self.staff.ask("DELETE", f"/bookings/{booking}")
            return found
        if kind == "api-keys":
            return self.make_key()["id"]
        assert kind in ("verifications", "password-resets"), f"say here what {path} is about"
        return UNKNOWN

    def body_for(self, name, owner, event):
        body = dict(BODIES.get(name, {}))
        for field in ("event", "event_id"):
            if field in body:
                body[field] = event
        if "email" in body:
            body["email"] = f"{next(self.numbers)}@example.org"
        if name in NAMING:
            body[NAMING[name]] = owner.email
        if name.endswith("/cancel"):
            self.booking(owner, event)
        if name == "POST /api/v1/bookings/{id}/transfer":
            body = {}
        if name == "PATCH /api/v1/users/{id}":
            body = {"verified": True} if owner.user.verified else {"verified": False}
        if name == "POST /api/v1/api-keys":
            body["name"] = f"till {next(self.numbers)}"
        if name == "POST /api/v1/events":
            body["date"] = str(next(self.days))
        return body

    def ask(self, name, caller, whose):
        method, path = name.split(" ")
        for who in self.people.values():
            self.bring_back(who)
        owner, event = self.owner(caller, whose), self.event()
        body = self.body_for(name, owner, event)
        if "{id}" in path:
            found = UNKNOWN if whose == "nobody's" else self.id_for(path, owner, event)
            path = path.replace("{id}", found)
        query = {QUERIES[name]: owner.email} if name in QUERIES and whose != "all" else {}
        return self.api.open(
            path,
            method=method,
            json=body if method in ("POST", "PATCH") and (body or name in BODIES) else None,
            query_string=query,
            headers=self.headers(caller),
        )


def cases(name):
    """Return whose things an operation is asked for."""
    found = ["own", "other"]
    if "{id}" in name:
        found.append("nobody's")
    if name in QUERIES:
        found.append("all")
    return found


@pytest.fixture
def world(api_at, db):
    return World(api_at(auth="required"), db)


@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_whom_it_is_for_and_nobody_else(world, name):
    found, wanted = {}, {}
    for caller in CALLERS:
        for whose in cases(name):
            answer = world.ask(name, caller, whose)
            found[caller, whose] = heard(answer), answer.status_code
            wanted[caller, whose] = expected(name, caller, whose)

    differs = {
        case: (said, status, wanted[case])
        for case, (said, status) in found.items()
        if said != wanted[case]
    }
    assert differs == {}


def test_knows_every_operation_of_the_document_and_everybody():
    assert len(OPERATIONS) > 40
    assert OWNED | NAMING.keys() | QUERIES.keys() | CODES <= OPERATIONS.keys()
    asked_for = {expected(name, c, w) for name in OPERATIONS for c in CALLERS for w in cases(name)}
    assert asked_for == {"served", "who are you", "you may not", "show your address", "not there"}
