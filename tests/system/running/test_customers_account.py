"""From the first administrator to a customer's booking, as docs/accounts.md tells it."""

from __future__ import annotations

import threading

import pytest

from tests.services.mail.smtp_server import Mailbox, serving
from tests.system.running.test_required import PASSWORD, SETTINGS, basic, create_admin
from tests.system.server import Server

BOSS, ADA = "boss@example.org", "ada@example.org"
GALA = {"name": "Gala", "date": "2030-10-31", "capacity": 10, "costPerTicket": 5}


@pytest.fixture(scope="module")
def mailbox():
    with serving(Mailbox()) as mailbox:
        yield mailbox


@pytest.fixture(params=["with mail", "without mail"])
def server(request, mongodb_uri, office_db, tmp_path, mailbox):
    for name in ("users", "user_audit", "customers", "events", "bookings", "audit"):
        office_db[name].delete_many({})
    known = {"MONGODB_URI": mongodb_uri, "DATABASE": office_db.name, **SETTINGS}
    assert create_admin(BOSS, PASSWORD, tmp_path, **known).returncode == 0
    mail = {"MAIL_URI": mailbox.uri, "PUBLIC_URL": "https://tickets.venue.example"}
    more = mail if request.param == "with mail" else {}
    with Server(mongodb_uri, office_db.name, tmp_path / "log", **SETTINGS, **more) as running:
        running.sends_mail = bool(more)
        yield running


def test_a_new_customer_books_once_their_address_is_verified(server, mailbox):
    def ask(who, method, path, body=None):
        signed = {"Authorization": basic(who)} if who else {}
        return server.client().request(method, f"/api/v1{path}", body, **signed)

    event = ask(BOSS, "POST", "/events", GALA).json["id"]
    registered = ask(None, "POST", "/users", {"email": ADA, "password": PASSWORD})
    assert registered.status == (202 if server.sends_mail else 201)
    assert ask(ADA, "POST", f"/events/{event}/bookings", {}).status == 403

    if server.sends_mail:
        for _ in range(600):
            if mailbox.taken:
                break
            threading.Event().wait(0.05)
        assert ask(None, "POST", f"/verifications/{mailbox.code()}").status == 200
    else:
        (found,) = ask(BOSS, "GET", f"/users?email={ADA}").json["items"]
        assert ask(BOSS, "PATCH", f"/users/{found['id']}", {"verified": True}).status == 200

    assert ask(ADA, "POST", f"/events/{event}/bookings", {}).status == 201
    assert len(mailbox.taken) == (1 if server.sends_mail else len(mailbox.taken))
