"""What no schema can say, for schemathesis: the last touch of requests that fit the document.

A cursor is one that a list has given, a password is not easy to guess, a name has characters that
can be seen and an address its @, 1.0 is written as 1, the current password comes with a
new one and a new one, which may be one's own, with the current, part of a name with the event to
look in, and of the briefs' spellings of one thing two don't contradict each other. What is meant
not to fit stays as it is. Who asks does nothing to their own account: the rest would all be 401.
"""

from __future__ import annotations

import os
import unicodedata
from hashlib import sha256
from typing import Any

import schemathesis
from schemathesis import GenerationMode

SPELLINGS = (
    ("name", "event_name", "title"),
    ("capacity", "available_tickets", "totalTickets"),
    ("event_id", "eventId", "event"),
    ("user", "userId", "userEmail", "customer"),
)
GOOD_PASSWORD = "seven otters under a copper moon"
OWN_ID = os.environ.get("FUZZ_OWN_ID", "")
SOMEBODY_ELSE = "674712a0c41d5e9b7f0a0001"

NAMES = {"customer", "to", "user", "userId", "userEmail", "email", "name"}
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"


def can_be_seen(character: str) -> bool:
    kind = unicodedata.category(character)
    return (kind[0] in "LNPS" and character not in FILLERS) or kind == "Zs"


def make_plain(sent: dict[str, Any]) -> None:
    for name, value in sent.items():
        if isinstance(value, float) and value.is_integer():
            sent[name] = int(value)
        elif isinstance(value, str) and name == "email":
            sent[name] = f"{sha256(value.encode(errors='replace')).hexdigest()[:8]}@example.org"
        elif isinstance(value, str) and name in NAMES:
            seen = "".join(filter(can_be_seen, value))
            sent[name] = seen.replace("@", "").strip() or "Ada"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    ids = case.path_parameters or {}
    if case.method in ("PATCH", "POST", "DELETE") and OWN_ID in ids.values():
        ids["id"] = SOMEBODY_ELSE
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
        if case.path == "/api/v1/bookings" and "event" not in case.query:
            case.query.pop("name", None)
        make_plain(case.query)
    if isinstance(case.body, dict):
        make_plain(case.body)
        # Who sets a second factor up shows the password, and chooses none.
        chooses = "currentPassword" in case.body and not case.path.endswith("/second-factor")
        if isinstance(case.body.get("password"), str) or chooses:
            case.body["password"] = GOOD_PASSWORD
            if case.path == "/api/v1/users/{id}":
                case.body.setdefault("currentPassword", GOOD_PASSWORD)
        if not case.path.startswith("/api/v1/"):
            for names in SPELLINGS:
                for name in [name for name in names if name in case.body][1:]:
                    del case.body[name]
