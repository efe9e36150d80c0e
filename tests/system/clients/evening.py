"""`python -m tests.system.clients.evening`: the story from which the document's examples are taken.

A concert is put on, sold out, waited for, passed on and called off, by people who sign in. What was
asked and answered first under each operation and status is the example of it, so that they fit
together: the id that one answer shows is the one that the next request names. Ids, hashes, keys and
codes are written anew in the order in which they were met; everything else is as it was answered.
"""

from __future__ import annotations

import base64
import json
import re
import tempfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyotp
from flask.testing import FlaskClient

from tests.api.documented import document_of, documented
from tests.conftest import QUICK, the_settings
from tests.services.mail.smtp_server import Mailbox, serving
from tests.storage.mongodb import replica_set
from tests.system.server import ROOT
from ticketing.app import create_app
from ticketing.domain.identity.users import Role
from ticketing.server.mongod import free_port
from ticketing.services.accounts import users as people
from ticketing.services.mail.sender import send_due
from ticketing.services.mail.smtp import MailServer
from ticketing.storage.driver.clients import Client, Database, connect
from ticketing.storage.migrations.runner import migrate

EXAMPLES = ROOT / "ticketing" / "api" / "document" / "examples.json"

V1, PASSWORD = "/api/v1", "correct horse battery staple"
ID, REQUEST_ID = re.compile(r"\b[0-9a-f]{24}\b"), re.compile(r"\b[0-9a-f]{32}\b")
HASH = re.compile(r"\b[0-9a-f]{64}\b")
BEGAN = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
CONCERT = {"name": "Brass & Bellows", "date": "2026-12-31", "capacity": 4, "costPerTicket": 16}

# What an answer shows under these names is another each time.
SECRET = {"token", "code", "key", "prefix", "next", "secret"}
STAND_INS = {
    "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI2NzQ3MTJhMCJ9.c2lnbmF0dXJl",
    "code": "kQ3vT2mXw5nLk9dRb3yHc7jF",
    "key": "tk_Zq8vT2mXw5nLk9dRb3yHc7jF4sGp6aQe2uVn0xBd1eI",
    "prefix": "tk_Zq8vT2mX",
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "totp": '"code": "492039"',
    "recovery": "rk5d-2xqm-7wvb-h3ta",
}


class Evening:
    """The office of the story; `shown` is what it has been asked and has answered."""

    def __init__(self, client: Client, uri: str, db: Database) -> None:
        self.mailbox = Mailbox()
        self.client, self.uri, self.db, self.asked = client, uri, db, 0
        self.secrets: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.shown: dict[str, dict[str, Any]] = {}
        self.api = self.office()
        self.mailing = self.office(
            mail_uri=self.mailbox.uri, mail_from="tickets@example.org", public_url="https://example.org"
        )  # fmt: skip
        self.document = document_of(self.api.application)
        self.names = {op["operationId"]: name for name, op in self.document.operations()}
        self.admin = self.person("admin", Role.ADMIN)
        self.till = self.person("till", Role.STAFF)
        self.ada, self.grace = self.person("ada"), self.person("grace")

    def office(self, **known: object) -> FlaskClient:
        settings = the_settings(
            database=self.db.name, mongodb_uri=self.uri, auth="required", rates={}, **known
        )
        return documented(create_app(settings, self.client, self.now, QUICK)).test_client()

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.asked)

    def person(self, name: str, role: Role = Role.CUSTOMER) -> tuple[str, str]:
        email = f"{name}@example.org"
        self.ids[name] = people.register(self.db, QUICK, email, PASSWORD, self.now(), role).id
        return email, PASSWORD

    def ask(
        self,
        operation: str,
        body: object = None,
        *,
        by: tuple[str, str] | str | None = None,
        at: str = "",
        api: FlaskClient | None = None,
        expect: int = 200,
        **query: str,
    ) -> Any:
        """Ask one operation as somebody, and keep what was first said under this status."""
        self.asked += 1
        method, path = self.names[operation].split(" ")
        signed: dict[str, Any] = {"auth": by} if isinstance(by, tuple) else {}
        headers = {"X-Request-ID": f"evening-{self.asked}", "User-Agent": "curl/8.14"}
        if isinstance(by, str):
            headers["Authorization"] = f"Bearer {by}"
        answer = (api or self.api).open(
            path.replace("{id}", at), method=method, json=body, query_string=query,
            headers=headers, **signed,
        )  # fmt: skip
        assert answer.status_code == expect, (operation, answer.status_code, answer.data)
        said = answer.json if answer.is_json else answer.text
        kept = self.shown.setdefault(operation, {})
        for name, value in (("request", body), ("path", at), (str(expect), said)):
            if value:
                kept.setdefault(name, value)
        kept["query"] = {**query, **kept.get("query", {})}
        self._note_secrets(said)
        return said

    def page_through(self, operation: str, **known: Any) -> None:
        """Ask for one row of a list, and then for those after it."""
        after = self.ask(operation, **known, limit="1")["next"]
        self.ask(operation, **known, cursor=after)

    def _note_secrets(self, said: Any) -> None:
        if isinstance(said, dict):
            for name, value in said.items():
                if name in SECRET and isinstance(value, str):
                    self.secrets[value] = name
                if name == "recoveryCodes":
                    self.secrets |= dict.fromkeys(value, "recovery")
                self._note_secrets(value)
        elif isinstance(said, list):
            for item in said:
                self._note_secrets(item)

    def mailed(self) -> str:
        """Return the code of the mail that is on its way."""
        context = self.mailing.application.ticketing  # type: ignore[attr-defined]
        send_due(context.db, context.proofs.letters, MailServer(self.mailbox.uri))
        code = self.mailbox.code()
        self.secrets[code] = "code"
        return code

    def text(self) -> str:
        """Write what was shown, the same each time."""
        text = json.dumps(self.shown, indent=1, ensure_ascii=False, sort_keys=True)
        ids: dict[str, str] = {}
        hashes: dict[str, str] = {}

        def renamed(found: re.Match[str]) -> str:
            return ids.setdefault(found[0], f"674712a0c41d5e9b7f0a{len(ids) + 1:04x}")

        def hashed_anew(found: re.Match[str]) -> str:
            return hashes.setdefault(found[0], sha256(str(len(hashes)).encode()).hexdigest())

        for value, name in sorted(self.secrets.items(), key=lambda one: -len(one[0])):
            if name != "next":
                text = text.replace(value, STAND_INS[name])
        text = HASH.sub(hashed_anew, text)
        text = REQUEST_ID.sub("4fd0cbb0f1b0421db5e3bd6a7a0d6c3e", ID.sub(renamed, text))
        for value, name in self.secrets.items():
            if name == "next":
                place = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
                written = base64.urlsafe_b64encode(ID.sub(renamed, place).encode()).decode()
                text = text.replace(value, written.rstrip("="))
        return text + "\n"


def put_it_on(evening: Evening) -> str:
    ask, admin = evening.ask, evening.admin
    event: str = ask("createEvent", {**CONCERT, "venue": "The Barn"}, by=admin, expect=201)["id"]
    ask("listEvents", **{"from": "2026-12-01"}, to="2026-12-31", limit="10")
    ask("showEvent", at=event)
    ask("showEventStatus", at=event)
    ask("changeEvent", {"capacity": 5}, by=admin, at=event)
    other = ask("createEvent", {**CONCERT, "date": "2027-01-01"}, by=admin, expect=201)["id"]
    evening.page_through("listEvents", order="created", name="brass", status="scheduled",
                         updatedSince="2026-11-27T18:00:00Z")  # fmt: skip
    ask("deleteEvent", by=admin, at=other, expect=204)
    return event


def sell_it_out(evening: Evening, event: str) -> tuple[str, str]:
    """Return a confirmed booking, and one that waits."""
    ask, till, ada, grace = evening.ask, evening.till, evening.ada, evening.grace
    sale = ask("sellTickets", {"event": event, "nTickets": 2}, by=till, expect=201)["id"]
    ask("showTransaction", by=till, at=sale)
    ask("listTransactions", by=till, event=event, limit="1", status="confirmed",
        **{"from": "2026-11-27"}, to="2026-11-28")  # fmt: skip
    booked = ask("bookTickets", {"nTickets": 3, "customer": ada[0]}, by=till, at=event,
                 expect=201)["id"]  # fmt: skip
    waiting = ask("bookTickets", {"nTickets": 1}, by=grace, at=event, expect=202)["id"]
    ask("bookTickets", {"nTickets": 1, "customer": "Linus"}, by=till, at=event, expect=202)
    ask("showBooking", by=grace, at=waiting)
    ask("listBookings", by=till, event=event, status="waiting", limit="10", name="grace")
    evening.page_through("listBookings", by=till, event=event)
    evening.page_through("listWaiting", by=till, at=event)
    ask("changeBooking", {"nTickets": 2}, by=ada, at=booked)
    ask("returnTransaction", by=till, at=sale)
    ask("sellTickets", {"event": event, "nTickets": 1}, by=till, expect=201)
    evening.page_through("listTransactions", by=till, event=event, actor=evening.ids["till"])
    ask("showTakings", by=till, day="2026-11-27", event=event)
    return booked, waiting


def pass_it_on(evening: Evening, booked: str, waiting: str) -> None:
    ask, till, ada, grace = evening.ask, evening.till, evening.ada, evening.grace
    ask("transferBooking", {}, by=grace, at=waiting, expect=201)
    ask("withdrawTransfer", by=grace, at=waiting)
    code = ask("transferBooking", {}, by=grace, at=waiting, expect=201)["code"]
    ask("acceptTransfer", {"code": code, "customer": "hedy@example.org"}, by=till)
    ask("transferBooking", {"to": "katherine@example.org"}, by=till, at=waiting)
    concert = {**CONCERT, "date": "2027-01-02", "name": "The Night Post"}
    other = ask("createEvent", concert, by=evening.admin, expect=201)["id"]
    ask("moveBooking", {"event": other}, by=till, at=booked)
    ask("cancelBooking", by=ada, at=booked)


def call_it_off(evening: Evening, event: str) -> None:
    ask, till = evening.ask, evening.till
    ask("callOffEvent", by=evening.admin, at=event)
    evening.page_through("listOwed", by=till, at=event)
    evening.page_through("listAudit", by=till, at=event)
    ask("listMonths", by=till, months="12", window="current")
    row = ask("listBookings", by=till, event=event, customer="Linus")["items"][0]
    ask("listAudit", by=till, at=event, booking=row["id"], customer="Linus")
    customer = row["customerId"]
    ask("showCustomer", by=till, at=customer)
    ask("exportCustomer", by=till, at=customer)
    ask("eraseCustomer", by=evening.admin, at=customer, expect=204)


def sign_in_and_out(evening: Evening) -> None:
    ask, admin = evening.ask, evening.admin
    known = {"email": "rosalind@example.org", "password": PASSWORD}
    user = ask("registerUser", known, expect=201)["id"]
    ask("changeUser", {"verified": True}, by=evening.till, at=user)
    ask("listUsers", by=evening.till, email=known["email"])
    evening.page_through("listUsers", by=admin)
    evening.page_through("listUserAudit", by=admin, at=user)
    rosalind = (known["email"], PASSWORD)
    token = ask("createToken", by=rosalind, expect=201)["token"]
    ask("showMe", by=token)
    ask("createToken", by=rosalind, expect=201)
    evening.page_through("listMySessions", by=rosalind)
    ask("deleteToken", by=token, expect=204)
    session = ask("listMySessions", by=rosalind)["items"][-1]["id"]
    ask("endMySession", by=rosalind, at=session, expect=204)
    chosen = {"currentPassword": PASSWORD, "password": "a longer correct horse battery staple"}
    ask("changeMyPassword", chosen, by=rosalind)
    key = ask("createApiKey", {"name": "web shop", "role": "staff"}, by=admin, expect=201)
    ask("createApiKey", {"name": "door", "role": "staff"}, by=admin, expect=201)
    evening.page_through("listApiKeys", by=admin)
    ask("revokeApiKey", by=admin, at=key["id"], expect=204)


def show_a_code(evening: Evening) -> None:
    """An administrator sets a second factor up, signs in with it, and loses it."""
    ask, email = evening.ask, "dorothy@example.org"
    evening.ids["dorothy"] = dorothy = people.register(
        evening.db, QUICK, email, PASSWORD, evening.now(), Role.ADMIN
    ).id
    own = {"currentPassword": PASSWORD}
    secret = ask("proposeSecondFactor", own, by=(email, PASSWORD), expect=201)["secret"]

    def code() -> str:
        evening.asked += 60  # a code is good once, and the next comes after half a minute
        made = pyotp.TOTP(secret).at(evening.now() + timedelta(seconds=1))
        evening.secrets[f'"code": "{made}"'] = "totp"
        return made

    ask("confirmSecondFactor", {"code": code()}, by=(email, PASSWORD))
    ask("createToken", {"code": code()}, by=(email, PASSWORD), expect=201)
    ask("resetSecondFactor", by=evening.admin, at=dorothy, expect=204)


def write_mails(evening: Evening) -> None:
    ask, api = evening.ask, evening.mailing
    known = {"email": "mary@example.org", "password": PASSWORD}
    with serving(evening.mailbox):
        ask("registerUser", known, api=api, expect=202)
        ask("verifyAddress", at=evening.mailed(), api=api)
        ask("forgetPassword", {"email": known["email"]}, api=api, expect=202)
        chosen = "a longer correct horse battery staple"
        ask("resetPassword", {"password": chosen}, at=evening.mailed(), api=api)
        change = {"currentPassword": chosen, "email": "mary.s@example.org"}
        ask("changeMyPassword", change, by=(known["email"], chosen), api=api, expect=202)


def speak_as_the_briefs_do(evening: Evening) -> None:
    ask, admin, ada, grace = evening.ask, evening.admin, evening.ada, evening.grace
    first = {"event_name": "Tech Conference 2025", "available_tickets": 1}
    third = {"title": "Tech Conference 2025", "venue": "Main Hall", "date": "2025-09-10T10:00:00Z",
             "totalTickets": 1}  # fmt: skip
    for place, new, name, who_is in (
        ("AtRoot", first, "event_id", "user"),
        ("UnderEvents", third, "eventId", "userEmail"),
    ):
        event = ask(f"initialize{place}", new, by=admin, expect=201)["id"]
        for who, status in ((ada, 201), (grace, 202)):
            named = {name: event, who_is: who[0]}
            ask(f"book{place}", named, by=admin, expect=status)
        ask(f"status{place}", at=event)
        ask(f"cancel{place}", {name: event, who_is: ada[0]}, by=admin)


def look_at_its_health(evening: Evening) -> None:
    evening.ask("showLiveness")
    evening.ask("showReadiness")
    kept = evening.ask("showMetrics", by=evening.till).splitlines()
    excerpt = [line for line in kept if "HELP ticketing_" in line or "TYPE ticketing_" in line][:4]
    evening.shown["showMetrics"]["200"] = "\n".join(excerpt) + "\n"
    away = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none"
    with connect(away, appname="tests", timeout_s=0.05) as nobody:
        app = documented(create_app(the_settings(), nobody, evening.now, QUICK))
        evening.ask("showReadiness", api=app.test_client(), expect=503)


def told(client: Client, uri: str, db: Database) -> str:
    """Live through the evening, on an empty database, and return what was shown, as JSON."""
    evening = Evening(client, uri, db)
    event = put_it_on(evening)
    pass_it_on(evening, *sell_it_out(evening, event))
    call_it_off(evening, event)
    sign_in_and_out(evening)
    show_a_code(evening)
    write_mails(evening)
    speak_as_the_briefs_do(evening)
    look_at_its_health(evening)
    return evening.text()


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        replica_set(Path(folder) / "db") as uri,
        connect(uri, appname="evening") as client,
    ):
        migrate(client["evening"])
        EXAMPLES.write_text(told(client, uri, client["evening"]))


if __name__ == "__main__":
    main()
