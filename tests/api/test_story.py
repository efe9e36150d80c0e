"""A story through all that the service does: nothing of its OpenAPI document is left out.

That each answer is as the document says is for the client (`tests.api.documented`). Here it is
seen to that every operation is asked, every query parameter sent, and every declared answer met.
"""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from itertools import count

import limits
import pyotp
import pytest

from tests.api.auth.accounts.test_users import PASSWORD, Person
from tests.api.conftest import GALA
from tests.api.documented import document_of, documented
from tests.conftest import QUICK, the_settings
from tests.services.mail.smtp_server import Mailbox, serving
from ticketing.app import create_app
from ticketing.domain.identity.users import Role
from ticketing.server.mongod import free_port
from ticketing.services.accounts import users as people
from ticketing.services.mail.sender import send_due
from ticketing.services.mail.smtp import MailServer
from ticketing.services.writes.batch import Submission
from ticketing.services.writes.queue import BatchQueues
from ticketing.storage.driver.clients import connect

V1 = "/api/v1"
EVENTS = f"{V1}/events"
BOOKINGS = f"{V1}/bookings"

UNKNOWN = "nothing-goes-by-this-name"

# What a request needs, and what is asked for.
BODIES = {
    "POST /api/v1/events": {**GALA, "date": "2044-01-01"},
    "PATCH /api/v1/events/{id}": {"name": "Ball"},
    "POST /api/v1/events/{id}/bookings": {"customer": "linus"},
    "PATCH /api/v1/bookings/{id}": {"nTickets": 1},
    "POST /api/v1/bookings/{id}/transfer": {"to": "linus"},
    "POST /api/v1/bookings/{id}/move": {"event": UNKNOWN},
    "POST /api/v1/transfers": {"code": UNKNOWN, "customer": "linus"},
    "POST /api/v1/transactions": {"event": UNKNOWN, "nTickets": 1},
    "POST /api/v1/users": {"email": "new@example.org", "password": PASSWORD},
    "POST /api/v1/password-resets": {"email": "ada@example.org"},
    "POST /api/v1/password-resets/{id}": {"password": PASSWORD},
    "POST /api/v1/api-keys": {"name": "till", "role": "staff"},
    "PATCH /api/v1/users/{id}": {"active": True},
    "POST /api/v1/users/me/second-factor": {"currentPassword": "wrong"},
    "POST /api/v1/users/me/second-factor/confirmation": {"code": "000000"},
    "PATCH /api/v1/users/me": {"currentPassword": "wrong", "password": PASSWORD},
    "POST /initialize": {"name": "Gala", "capacity": 1},
    "POST /api/events/initialize": {"name": "Gala", "capacity": 1},
    **{
        f"POST {place}/{action}": {"event_id": UNKNOWN, "user": "linus"}
        for place in ("", "/api/events")
        for action in ("book", "cancel")
    },
}

# Where a 409 is only that the first request with a key is still under way, which takes two servers.
ONLY_UNDER_WAY = {
    "DELETE /api/v1/bookings/{id}",
    "DELETE /api/v1/bookings/{id}/transfer",
    "DELETE /api/v1/transactions/{id}",
    "POST /cancel",
    "POST /api/events/cancel",
}


def has_to_be_met(name, status):
    """Whether the story meets an answer: no crash, and nothing that the server says by itself.

    Who may not do what is told in test_users.py.
    """
    return status not in (403, 414, 431, 500) and not (status == 409 and name in ONLY_UNDER_WAY)


class Story:
    """One office, and who has to do with it; `clients` have had all that was heard."""

    def __init__(self, api_at, db):
        self.api_at, self.db, self.clients, self.keys = api_at, db, [], count()
        self.api = self.client(api_at(auth="required"))
        self.document = document_of(self.api.application)
        self.operations = dict(self.document.operations())
        self.admin = self.person("admin", Role.ADMIN)
        self.staff = self.person("staff", Role.STAFF)
        self.ada, self.grace = self.person("ada"), self.person("grace")

    def client(self, api):
        self.clients.append(api)
        return api

    def person(self, name, role=Role.CUSTOMER):
        email = f"{name}@example.org"
        user = people.register(self.db, QUICK, email, PASSWORD, datetime.now(UTC), role)
        return Person(self.api, email, user).sign_in()

    def does(self, status, who, method, path, body=None, **headers):
        """Ask as somebody and hear this status."""
        signed = who.bearer if who else {}
        if method != "GET":
            # Under a key the response is written in the commit.
            headers = {"Idempotency-Key": f"story-{next(self.keys)}", **headers}
        answer = self.api.open(path, method=method, json=body, headers={**signed, **headers})
        assert answer.status_code == status, (method, path, answer.data)
        if method == "GET" and "ETag" in answer.headers and not headers:
            self.does(304, who, method, path, **{"If-None-Match": answer.headers["ETag"]})
        return answer

    def event(self, date, **known):
        return self.does(201, self.admin, "POST", EVENTS, {**GALA, "date": date, **known}).json[
            "id"
        ]

    def each(self, status, api=None, *, but=(), **known):
        """Make a request of each operation that declares this status, and hear it."""
        for name, operation in self.operations.items():
            if str(status) not in operation["responses"] or name in but:
                continue
            method, path = name.split(" ")
            body = {} if "data" in known else {"json": BODIES.get(name)}
            answer = (api or self.api).open(
                path.replace("{id}", UNKNOWN), method=method, **body, **known
            )
            assert answer.status_code == status, (name, answer.data)


@pytest.fixture
def elsewhere(monkeypatch):
    """Have each command committed as by another worker: what goes there and back is pickled."""
    real, committed = BatchQueues.submit, []

    def submit(self, event_id, item, **known):
        if not isinstance(item, Submission):
            return real(self, event_id, item, **known)
        sent = pickle.loads(pickle.dumps(item))
        result = real(self, event_id, sent, **known)
        committed.append(sent)
        return pickle.loads(pickle.dumps(result))

    monkeypatch.setattr(BatchQueues, "submit", submit)
    yield
    assert any(submission.key for submission in committed)


@pytest.fixture
def story(api_at, db):
    return Story(api_at, db)


def walk_the_calendar(story):
    does, admin = story.does, story.admin
    one, two = story.event("2044-10-31", capacity=1, venue="Hall"), story.event("2044-11-30")

    for path in (f"{EVENTS}/{one}", f"{EVENTS}/{one}/status"):
        does(200, None, "GET", path)
        does(412, None, "GET", path, **{"If-Match": '"99"'})
    page = does(200, None, "GET", f"{EVENTS}?from=2024-01-01&to=31/12/2044&limit=1")
    assert 'rel="next"' in page.headers["Link"]
    does(200, admin, "GET", f"{EVENTS}?cursor={page.json['next']}")
    found = f"{EVENTS}?order=created&name=gal&status=scheduled&updatedSince=2024-01-01"
    does(200, None, "GET", found)
    does(409, admin, "POST", EVENTS, {**GALA, "date": "2044-10-31"})
    does(409, admin, "PATCH", f"{EVENTS}/{one}", {"date": "2044-11-30"})
    for method, path, body in (("PATCH", two, {"name": "Ball"}), ("DELETE", two, None),
                               ("POST", f"{two}/cancellation", None)):  # fmt: skip
        does(412, admin, method, f"{EVENTS}/{path}", body, **{"If-Match": '"99"'})
    does(200, admin, "PATCH", f"{EVENTS}/{two}", {"name": "Ball"}, **{"If-Match": '"1"'})
    for _ in range(2):
        does(204, admin, "DELETE", f"{EVENTS}/{two}", **{"Idempotency-Key": "delete-two"})
    return one


def pass_it_on(story, booking):
    """From Grace to Hedy by a code, while Ada has one already, and from there to Linus by staff."""
    does, offer = story.does, f"{BOOKINGS}/{booking}/transfer"
    does(201, story.grace, "POST", offer)
    does(200, story.grace, "DELETE", offer)
    code = {"code": does(201, story.grace, "POST", offer).json["code"]}
    does(409, story.ada, "POST", f"{V1}/transfers", code)
    does(200, story.person("hedy"), "POST", f"{V1}/transfers", code)
    does(410, story.ada, "POST", f"{V1}/transfers", code)
    does(200, story.staff, "POST", offer, {"to": "linus"})


def leave(story, customer):
    """Linus, who has no account, is looked at and then forgotten."""
    does, path = story.does, f"{V1}/customers/{customer}"
    does(200, story.staff, "GET", path)
    does(200, story.staff, "GET", f"{path}/export")
    does(204, story.admin, "POST", f"{path}/erasure")


def walk_a_booking(story, event):
    """From a sold out event to one that is called off."""
    does, admin, staff, ada, grace = story.does, story.admin, story.staff, story.ada, story.grace

    for _ in range(2):
        answer = does(
            201, ada, "POST", f"{EVENTS}/{event}/bookings", {}, **{"Idempotency-Key": "k"}
        )
    assert answer.headers["Idempotency-Replayed"] == "true"
    booked = answer.json["id"]
    place = does(202, grace, "POST", f"{EVENTS}/{event}/bookings", {}).json["id"]
    for _ in range(2):
        does(409, grace, "POST", f"{EVENTS}/{event}/bookings", {}, **{"Idempotency-Key": "k"})
    last = does(
        202, staff, "POST", f"{EVENTS}/{event}/bookings", {"nTickets": 1, "customer": "eve"}
    )
    does(409, staff, "POST", f"{V1}/transactions", {"event": event, "nTickets": 1})

    does(200, grace, "GET", f"{BOOKINGS}/{place}")
    asked = f"{BOOKINGS}?event={event}&status=waiting&limit=1"
    page = does(200, staff, "GET", asked)
    does(200, staff, "GET", f"{asked}&cursor={page.json['next']}")
    does(200, staff, "GET", f"{asked}&name=grace")
    does(200, ada, "GET", f"{BOOKINGS}?customer={ada.email}")
    queue = f"{EVENTS}/{event}/waiting-list"
    page = does(200, staff, "GET", f"{queue}?limit=1")
    does(200, staff, "GET", f"{queue}?cursor={page.json['next']}")

    raised = does(200, admin, "PATCH", f"{EVENTS}/{event}", {"capacity": 2}).json
    assert [got["id"] for got in raised["assigned"]] == [place]
    does(409, grace, "PATCH", f"{BOOKINGS}/{place}", {"nTickets": 1})
    does(409, staff, "POST", f"{BOOKINGS}/{last.json['id']}/transfer", {"to": "linus"})
    pass_it_on(story, place)
    freed = does(200, ada, "DELETE", f"{BOOKINGS}/{booked}").json
    assert [got["customer"] for got in freed["assigned"]] == [None]
    does(409, admin, "DELETE", f"{EVENTS}/{event}")
    does(200, admin, "POST", f"{EVENTS}/{event}/cancellation")
    does(409, admin, "POST", f"{EVENTS}/{event}/cancellation")
    owed = f"{EVENTS}/{event}/cancellation"
    page = does(200, staff, "GET", f"{owed}?limit=1")
    does(200, staff, "GET", f"{owed}?limit=1&cursor={page.json['next']}")

    trail = f"{EVENTS}/{event}/audit"
    page = does(200, staff, "GET", f"{trail}?booking={booked}&limit=1")
    does(200, staff, "GET", f"{trail}?cursor={page.json['next']}")
    does(200, staff, "GET", f"{trail}?customer=linus")


def walk_the_till(story):
    does, staff = story.does, story.staff
    event = story.event("2044-12-01")

    sale = does(201, staff, "POST", f"{V1}/transactions", {"event": event, "nTickets": 3}).json[
        "id"
    ]
    does(200, staff, "GET", f"{V1}/transactions/{sale}")
    does(200, staff, "DELETE", f"{V1}/transactions/{sale}")
    does(201, staff, "POST", f"{V1}/transactions", {"event": event, "nTickets": 1})
    page = does(200, staff, "GET", f"{V1}/transactions?actor={staff.user.id}&limit=1")
    assert 'rel="next"' in page.headers["Link"]
    does(200, staff, "GET", f"{V1}/transactions?cursor={page.json['next']}")
    asked = f"event={event}&from=2024-01-01&to=2100-01-01T00:00:00Z&status=cancelled"
    does(200, staff, "GET", f"{V1}/transactions?{asked}")
    does(200, staff, "GET", f"{V1}/transactions/summary?day=2024-12-01&event={event}")
    large = does(201, story.ada, "POST", f"{EVENTS}/{event}/bookings", {"nTickets": 3}).json
    does(200, story.ada, "PATCH", f"{BOOKINGS}/{large['id']}", {"nTickets": 1})
    erasure = f"{V1}/customers/{large['customerId']}/erasure"
    does(409, story.ada, "POST", erasure)
    linus = does(201, staff, "POST", f"{EVENTS}/{event}/bookings", {"customer": "linus"}).json
    leave(story, linus["customerId"])
    other = {"event": story.event("2044-10-30")}
    for status in (200, 409):
        does(status, staff, "POST", f"{BOOKINGS}/{large['id']}/move", other)
    does(200, staff, "GET", f"{V1}/statistics/monthly?months=2&window=complete")


def walk_with_the_users(story):
    does, admin = story.does, story.admin
    new = {"email": "new@example.org", "password": PASSWORD}

    id_ = does(201, None, "POST", f"{V1}/users", new).json["id"]
    does(409, None, "POST", f"{V1}/users", new)
    page = does(200, admin, "GET", f"{V1}/users?limit=1")
    does(200, admin, "GET", f"{V1}/users?cursor={page.json['next']}")
    does(200, admin, "PATCH", f"{V1}/users/{id_}", {"role": "staff", "active": True})
    does(409, admin, "PATCH", f"{V1}/users/{admin.user.id}", {"role": "customer"})
    does(200, story.staff, "GET", f"{V1}/users?email={new['email']}")
    does(200, story.staff, "PATCH", f"{V1}/users/{id_}", {"verified": True})
    page = does(200, admin, "GET", f"{V1}/users/{id_}/audit?limit=1")
    does(200, admin, "GET", f"{V1}/users/{id_}/audit?cursor={page.json['next']}")

    linus = story.person("linus")
    assert story.api.post(f"{V1}/tokens", headers=linus.basic).status_code == 201
    does(200, linus, "GET", f"{V1}/users/me")
    change = {"currentPassword": PASSWORD, "password": PASSWORD[::-1]}
    does(403, linus, "PATCH", f"{V1}/users/me", {**change, "currentPassword": "wrong"})
    page = does(200, linus, "GET", f"{V1}/users/me/sessions?limit=1")
    page = does(200, linus, "GET", f"{V1}/users/me/sessions?cursor={page.json['next']}")
    does(204, linus, "DELETE", f"{V1}/users/me/sessions/{page.json['items'][0]['id']}")
    linus.sign_in()
    does(204, linus, "DELETE", f"{V1}/tokens/current")
    does(200, linus.sign_in(), "PATCH", f"{V1}/users/me", change)


def walk_with_a_second_factor(story):
    does, boss, path = story.does, story.person("boss", Role.ADMIN), f"{V1}/users/me/second-factor"
    secret = does(201, boss, "POST", path, {"currentPassword": PASSWORD}).json["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    does(200, boss, "POST", f"{path}/confirmation", code)
    does(204, story.admin, "DELETE", f"{V1}/users/{boss.user.id}/second-factor")
    does(409, boss.sign_in(), "POST", f"{path}/confirmation", code)
    does(409, boss, "DELETE", f"{V1}/users/{boss.user.id}/second-factor")
    does(404, boss, "DELETE", f"{V1}/users/{UNKNOWN}/second-factor")


def walk_with_keys(story):
    does, admin = story.does, story.admin
    made = does(201, admin, "POST", f"{V1}/api-keys", {"name": "door", "role": "staff"}).json
    does(201, admin, "POST", f"{V1}/api-keys", {"name": "shop", "role": "staff"})
    does(409, admin, "POST", f"{V1}/api-keys", {"name": "door", "role": "staff"})
    page = does(200, admin, "GET", f"{V1}/api-keys?limit=1")
    does(200, admin, "GET", f"{V1}/api-keys?cursor={page.json['next']}")
    does(204, admin, "DELETE", f"{V1}/api-keys/{made['id']}")


def walk_with_mail(story):
    """Twice over: without it, and where it is sent."""
    does, new = story.does, {"email": "mail@example.org", "password": PASSWORD}
    linus = story.person("linus2")
    own = {"currentPassword": PASSWORD, "email": "linus3@example.org"}
    forgot = {"email": "linus2@example.org"}
    does(409, None, "POST", f"{V1}/verifications/{UNKNOWN}")
    does(409, None, "POST", f"{V1}/password-resets", forgot)
    does(409, None, "POST", f"{V1}/password-resets/{UNKNOWN}", {"password": PASSWORD})
    does(409, linus, "PATCH", f"{V1}/users/me", own)

    without, mailbox = story.api, Mailbox()
    story.api = story.client(
        story.api_at(
            auth="required",
            mail_uri=mailbox.uri,
            mail_from="tickets@x.example",
            public_url="https://x.example",
        )
    )
    with serving(mailbox):
        parts = story.api.application.ticketing

        def send():
            send_due(parts.db, parts.proofs.letters, MailServer(mailbox.uri))

        does(202, None, "POST", f"{V1}/users", new)
        does(202, linus, "PATCH", f"{V1}/users/me", own)
        send()
        does(200, None, "POST", f"{V1}/verifications/{mailbox.code(0)}")
        does(404, None, "POST", f"{V1}/verifications/{UNKNOWN}")
        does(202, None, "POST", f"{V1}/password-resets", forgot)
        send()
        chosen = {"password": PASSWORD[::-1]}
        does(200, None, "POST", f"{V1}/password-resets/{mailbox.code()}", chosen)
        does(404, None, "POST", f"{V1}/password-resets/{UNKNOWN}", chosen)
    story.api = without


def walk_with_the_briefs(story):
    does, admin, ada, grace = story.does, story.admin, story.ada, story.grace
    for place in ("", "/api/events"):
        new = {"name": "Gala", "capacity": 1, "id": f"gala{len(place)}"}
        event = does(201, admin, "POST", f"{place}/initialize", new).json["id"]
        does(201, ada, "POST", f"{place}/book", {"eventId": event})
        does(409, ada, "POST", f"{place}/book", {"eventId": event})
        does(409, admin, "POST", f"{place}/initialize", new)
        does(202, grace, "POST", f"{place}/book", {"eventId": event})
        does(200, None, "GET", f"{place}/status/{event}")
        does(200, ada, "POST", f"{place}/cancel", {"eventId": event})
        does(200, grace, "POST", f"{place}/cancel", {"eventId": event})
        does(403, ada, "POST", f"{place}/book", {"eventId": event, "user": "grace"})
        does(403, ada, "POST", f"{place}/cancel", {"eventId": event, "user": "grace"})


def hear_what_is_malformed(story):
    story.each(400, query_string="name=caf%e9")
    story.each(411, headers={"Transfer-Encoding": "chunked"})
    story.each(413, data=b" " * 70_000, content_type="application/json")
    story.each(415, headers={"Content-Encoding": "gzip"})


def hear_who_may_not(story):
    story.each(401, headers={"Authorization": "Bearer nonsense"})
    mallory = story.person("mallory")
    for name, operation in story.operations.items():
        if operation["security"] and {} not in operation["security"]:
            method, path = name.split(" ")
            story.api.open(
                path.replace("{id}", UNKNOWN), method=method, json=BODIES.get(name),
                headers=mallory.basic,
            )  # fmt: skip
    story.does(403, story.ada, "GET", f"{BOOKINGS}?customer=grace")


def hear_what_is_not_there(story):
    in_open_mode = story.client(story.api_at())
    without_mail = ("POST /api/v1/verifications/{id}", "POST /api/v1/password-resets/{id}")
    story.each(404, in_open_mode, but=without_mail)


def hear_that_a_key_is_taken(story):
    in_open_mode = story.client(story.api_at())
    taken = {"Idempotency-Key": "taken"}
    in_open_mode.patch(f"{EVENTS}/{UNKNOWN}", json={"name": "Other"}, headers=taken)
    story.each(422, in_open_mode, headers=taken)


def hear_that_it_is_too_much(story):
    rates = {
        name: limits.parse("1 per minute") for name in ("reads", "writes", "tokens", "registration")
    }
    api = story.client(story.api_at(rates=rates))
    api.get(EVENTS)
    api.post(EVENTS, json={})
    api.post(f"{V1}/users", json={})
    api.post(f"{V1}/tokens")
    story.each(429, api)


def hear_that_mongodb_is_away(story):
    uri = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none"
    impatient = the_settings(request_timeout_s=0.05, commit_timeout_s=0.05)
    with connect(uri, appname="tests", timeout_s=0.05) as client:
        app = documented(create_app(impatient, client, passwords=QUICK))
        api = story.client(app.test_client())
        assert api.get("/readyz").status_code == 503
        story.each(503, api, headers=story.ada.basic, but=["GET /readyz"])


def hear_about_health(story):
    story.does(200, None, "GET", "/livez")
    story.does(200, None, "GET", "/readyz")
    assert "ticketing_requests_total" in story.does(200, story.staff, "GET", "/metrics").text


@pytest.mark.usefixtures("elsewhere")
def test_meets_all_that_the_document_declares(story):
    walk_a_booking(story, walk_the_calendar(story))
    walk_the_till(story)
    walk_with_the_users(story)
    walk_with_a_second_factor(story)
    walk_with_keys(story)
    walk_with_mail(story)
    walk_with_the_briefs(story)
    hear_about_health(story)
    hear_what_is_malformed(story)
    hear_who_may_not(story)
    hear_what_is_not_there(story)
    hear_that_a_key_is_taken(story)
    hear_that_it_is_too_much(story)
    hear_that_mongodb_is_away(story)

    met = set().union(*(client.met for client in story.clients))
    asked = set().union(*(client.asked for client in story.clients))
    declared = {
        (name, int(status))
        for name, operation in story.operations.items()
        for status in operation["responses"]
        if has_to_be_met(name, int(status))
    }
    parameters = {
        (name, parameter)
        for name in story.operations
        for parameter in story.document.parameters(name, "query")
    }
    assert sorted(parameters - asked) == []
    assert sorted(declared - met) == []
