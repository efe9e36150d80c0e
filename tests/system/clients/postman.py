"""`python -m tests.system.clients.postman`: writes the Postman collection from our document.

What is sent, where and with which header comes from the document and its examples. What is added
here is the order, so that a run from top to bottom finds what it needs: which id an answer gives to
the requests after it, and which values have to be others each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import the_settings
from tests.system.server import ROOT
from ticketing.api.document.complete import operations
from ticketing.app import create_app

COLLECTION = ROOT / "postman_collection.json"

Json = dict[str, Any]

VARIABLES = {
    "baseUrl": "http://127.0.0.1:8000",
    "adminUser": "",
    "adminPass": "",
    "authHeader": "",
    "exampleEventId": "",
    "exampleUserEmail": "ada@example.org",
}

SIGN_IN = """
// An administrator's address and password, where users sign in; in open mode both are empty.
const user = pm.variables.get("adminUser");
if (user) {
    const pair = `${user}:${pm.variables.get("adminPass")}`;
    const words = CryptoJS.enc.Utf8.parse(pair);
    pm.collectionVariables.set("authHeader", "Basic " + CryptoJS.enc.Base64.stringify(words));
}
const header = pm.variables.get("authHeader");
if (header && !pm.request.headers.has("Authorization")) {
    pm.request.headers.upsert({ key: "Authorization", value: header });
}
"""

# One event a day: a day of the next decades that is hardly taken, and the two after it.
CHOOSE_DAYS = """
const first = 20000 + Math.floor(Math.random() * 20000);
["day", "nextDay", "dayAfter"].forEach((name, after) => {
    const day = new Date((first + after + 10000) * 86400000);
    pm.collectionVariables.set(name, day.toISOString().slice(0, 10));
});
pm.collectionVariables.set("visitor", `visitor-${Date.now()}@example.org`);
"""

VISITOR = "Bearer {{visitorToken}}"
SIGN_IN_VISITOR = """
const pair = `${pm.variables.get("visitor")}:${pm.variables.get("password")}`;
const words = CryptoJS.enc.Utf8.parse(pair);
const value = "Basic " + CryptoJS.enc.Base64.stringify(words);
pm.request.headers.upsert({ key: "Authorization", value });
"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A request of the run: what is sent instead of the example, and what is kept of the answer.

    A `whole` body has nothing of the example. `but` are the statuses that it may have beside those
    of success.
    """

    operation: str
    id: str = ""
    body: Mapping[str, object] = field(default_factory=dict)
    whole: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)
    but: Sequence[int] = ()
    before: str = ""
    auth: str = ""


def _step(operation: str, id_: str = "", **known: Any) -> Step:
    return Step(operation=operation, id=f"{{{{{id_}}}}}" if id_ else "", **known)


def _event(day: str, id_: str, **known: Any) -> Step:
    body = {"name": "Brass & Bellows", "date": f"{{{{{day}}}}}"}
    return _step("createEvent", body=body, keeps={id_: "id"}, **known)


def _for(email: str, tickets: int, id_: str) -> Step:
    body = {"nTickets": tickets, "customer": email}
    return _step("bookTickets", "eventId", body=body, keeps={id_: "id"})


_SALE = {"event": "{{eventId}}"}
_OF_EVENT = {"event": "{{eventId}}", "limit": "10"}

FOLDERS: dict[str, list[Step]] = {
    "The calendar": [
        _event("day", "eventId", before=CHOOSE_DAYS),
        _step("listEvents", query={"from": "{{day}}", "to": "{{day}}"}),
        _step("showEvent", "eventId"),
        _step("showEventStatus", "eventId"),
        _step("changeEvent", "eventId"),
        _event("nextDay", "otherEventId"),
        _step("deleteEvent", "otherEventId"),
    ],
    "The counter": [
        _step("sellTickets", body=_SALE, keeps={"saleId": "id"}),
        _step("showTransaction", "saleId"),
        _step("listTransactions", query=_OF_EVENT),
        _step("showTakings", query={"event": "{{eventId}}"}),
    ],
    "Bookings and the waiting list": [
        _for("{{exampleUserEmail}}", 3, "bookingId"),
        _for("grace@example.org", 1, "waitingId"),
        _for("Linus", 1, "lastId"),
        _step("showBooking", "lastId", keeps={"customerId": "customerId"}),
        _step("listBookings", query=_OF_EVENT),
        _step("listWaiting", "eventId", query={"limit": "10"}),
        _step("changeBooking", "bookingId"),
        _step("returnTransaction", "saleId"),
    ],
    "Passing bookings on": [
        _step("transferBooking", "waitingId", whole=True),
        _step("withdrawTransfer", "waitingId"),
        _step("transferBooking", "waitingId", whole=True, keeps={"offerCode": "code"}),
        _step("acceptTransfer", body={"code": "{{offerCode}}", "customer": "hedy@example.org"}),
        _event("nextDay", "otherEventId"),
        _step("moveBooking", "bookingId", body={"event": "{{otherEventId}}"}),
        _step("cancelBooking", "bookingId"),
    ],
    "The figures": [_step("listMonths", query={"months": "12"})],
    "Calling off": [
        _step("callOffEvent", "eventId"),
        _step("listOwed", "eventId", query={"limit": "10"}),
        _step("listAudit", "eventId", query={"limit": "10"}),
        _step("callOffEvent", "otherEventId"),
    ],
    "Customers": [
        _step("showCustomer", "customerId"),
        _step("exportCustomer", "customerId"),
        _step("eraseCustomer", "customerId"),
    ],
    "Users": [
        _step("registerUser", body={"email": "{{visitor}}"}),
        _step("listUsers", query={"email": "{{visitor}}"}, keeps={"visitorId": "items[0].id"}),
        _step("changeUser", "visitorId"),
        _step("listUserAudit", "visitorId", query={"limit": "10"}),
        _step("createToken", whole=True, before=SIGN_IN_VISITOR, keeps={"visitorToken": "token"}),
        _step("createToken", whole=True, before=SIGN_IN_VISITOR),
        _step("showMe", auth=VISITOR),
        _step("listMySessions", auth=VISITOR, keeps={"sessionId": "items[1].id"}),
        _step("endMySession", "sessionId", auth=VISITOR),
        _step("deleteToken", auth=VISITOR),
        _step("changeMyPassword", before=SIGN_IN_VISITOR),
        _step("forgetPassword", body={"email": "{{visitor}}"}, but=[409]),
        _step("verifyAddress", "visitorId", but=[404, 409]),
        _step("resetPassword", "visitorId", but=[404, 409]),
    ],
    "A second factor": [
        # In open mode nobody has an account. No code fits: the administrator who runs this keeps
        # signing in with a password alone.
        _step(
            "proposeSecondFactor", body={"currentPassword": "{{adminPass}}"}, whole=True, but=[404]
        ),
        _step("confirmSecondFactor", body={"code": "no code"}, but=[403, 404, 409]),
        _step("resetSecondFactor", "visitorId"),
    ],
    "Keys of programs": [
        _step("createApiKey", body={"name": "{{visitor}}"}, keeps={"keyId": "id"}),
        _step("listApiKeys", query={"limit": "10"}),
        _step("revokeApiKey", "keyId"),
    ],
    "The routes of the briefs": [
        *(
            step
            for place, event, who, extra in (
                ("AtRoot", "event_id", "user", {}),
                ("UnderEvents", "eventId", "userEmail", {"date": "{{dayAfter}}T10:00:00Z"}),
            )
            for step in (
                _step(f"initialize{place}", body=extra, keeps={"exampleEventId": "id"}),
                *(
                    _step(f"book{place}", body={event: "{{exampleEventId}}", who: customer})
                    for customer in ("{{exampleUserEmail}}", "grace@example.org")
                ),
                _step(f"status{place}", "exampleEventId"),
                _step(
                    f"cancel{place}",
                    body={event: "{{exampleEventId}}", who: "{{exampleUserEmail}}"},
                ),
                _step("callOffEvent", "exampleEventId"),
            )
        )
    ],
    "Health": [_step("showLiveness"), _step("showReadiness"), _step("showMetrics")],
}


def collection() -> Json:
    """Return the collection."""
    document = create_app(the_settings()).test_client().get("/openapi.json").json
    known = {
        operation["operationId"]: (name, operation) for name, operation in operations(document)
    }
    kept = {name for steps in FOLDERS.values() for step in steps for name in step.keeps}
    own = sorted({*kept, "day", "nextDay", "dayAfter", "visitor"} - VARIABLES.keys())
    password = known["registerUser"][1]["requestBody"]["content"]["application/json"]["example"]
    values = {**VARIABLES, **dict.fromkeys(own, ""), "password": password["password"]}
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "item": [
            {"name": name, "item": [_item(step, *known[step.operation]) for step in steps]}
            for name, steps in FOLDERS.items()
        ],
        "event": [_script("prerequest", SIGN_IN)],
        "variable": [{"key": name, "value": value} for name, value in values.items()],
    }


def text() -> str:
    """Return the collection as its file has it."""
    return json.dumps(collection(), indent=1, ensure_ascii=False) + "\n"


def _item(step: Step, name: str, operation: Json) -> Json:
    method, path = name.split(" ")
    headers = [{"key": "Authorization", "value": step.auth}] if step.auth else []
    if {"$ref": "#/components/parameters/Idempotency-Key"} in operation["parameters"]:
        headers.append({"key": "Idempotency-Key", "value": "{{$guid}}"})
    request: Json = {
        "method": method,
        "header": headers,
        "url": _url(path.replace("{id}", step.id), step.query),
        "description": operation["description"],
    }
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        body = {**({} if step.whole else example), **step.body}
        request["header"].append({"key": "Content-Type", "value": "application/json"})
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(body, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    scripts = [_script("prerequest", step.before)] if step.before else []
    return {
        "name": operation["summary"],
        "event": [*scripts, _script("test", _test(step, operation))],
        "request": request,
        "response": [],
    }


def _url(path: str, query: Mapping[str, str]) -> Json:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return {
        "raw": "{{baseUrl}}" + path + (f"?{asked}" if asked else ""),
        "host": ["{{baseUrl}}"],
        "path": path.strip("/").split("/"),
        **({"query": [{"key": k, "value": v} for k, v in query.items()]} if query else {}),
    }


def _test(step: Step, operation: Json) -> str:
    good = [int(status) for status in operation["responses"] if status.startswith("2")]
    lines = [
        'pm.test("is answered as the document says", () => {',
        f"    pm.expect(pm.response.code).to.be.oneOf({sorted([*good, *step.but])});",
        "});",
    ]
    for name, place in step.keeps.items():
        lines.append(f'pm.collectionVariables.set("{name}", pm.response.json().{place});')
    return "\n".join(lines)


def _script(listen: str, source: str) -> Json:
    script = {"type": "text/javascript", "exec": source.strip("\n").split("\n")}
    return {"listen": listen, "script": script}


if __name__ == "__main__":
    COLLECTION.write_text(text())
