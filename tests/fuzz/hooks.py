"""What no schema can say, for schemathesis: the last touch of requests that fit the document.

A cursor is one that a list has given, a password is not easy to guess, and of the briefs' spellings
of one thing two don't contradict each other. Requests that are meant not to fit stay as they are.
"""

from __future__ import annotations

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


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        if isinstance(case.body.get("password"), str):
            case.body["password"] = GOOD_PASSWORD
        if not case.path.startswith("/api/v1/"):
            for names in SPELLINGS:
                for name in [name for name in names if name in case.body][1:]:
                    del case.body[name]
