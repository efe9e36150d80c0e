"""How a form has a command executed: by the same handler as the API's, under the form's own key.

Each form carries a key that was made with it, so a double click, a reload or a lost answer counts
once: the second time the stored outcome comes back. What is stored are the outcome's facts, as
JSON; the page that tells them is drawn anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from flask import request

from ticketing.api.http import problems
from ticketing.api.http.context import app_context
from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import DomainError
from ticketing.services.writes.batch import CommandResult, IdempotencyKey
from ticketing.storage.ids import new_id
from ticketing.storage.writes import idempotency
from ticketing.storage.writes.idempotency import StoredResponse
from ticketing.web.http.access import caller, principal
from ticketing.web.presenters.outcomes import Facts

ResultT = TypeVar("ResultT")

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_NO_MEANING = {"csrf_token", "key"}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a form: its facts, or the code and facts of what stands against it.

    `again` tells that the same form had been sent before, and this is what came of it then.
    """

    facts: Facts
    refusal: str | None = None
    again: bool = False


def new_key() -> str:
    """Return a key for a form that is about to be shown."""
    return new_id()


def execute(command: Command[ResultT], *, on: str, present: Callable[[ResultT], Facts]) -> Done:
    """Execute a command on an event for whoever sent this form.

    Raises what `CommandHandler.execute` raises; a refusal is returned.
    """
    write = _writer(present)
    result = app_context.commands.execute(command, on=on, caller=caller(), key=_key(write))
    return _done(result, write)


def execute_on_booking(
    command: Command[ResultT], *, booking: str, present: Callable[[ResultT], Facts]
) -> Done:
    """Execute a command on the event of a booking, as `execute` does."""
    write = _writer(present)
    result = app_context.commands.execute_on_booking(
        command, booking=booking, caller=caller(), key=_key(write)
    )
    return _done(result, write)


def first_facts(key: str) -> Facts:
    """Return what came of the first form with a key; nothing where none is known."""
    record = idempotency.find(app_context.db, (principal().id, key))
    # What named somebody who has been erased since says nothing any more.
    return cast(Facts, json.loads(record.response.body)) if record and record.response.body else {}


def _writer(present: Callable[[ResultT], Facts]) -> Callable[[Outcome], StoredResponse]:
    """Return what writes the facts where no request is: somebody else's thread or process does."""
    return partial(_write_where_no_request_is, present)


def _write_where_no_request_is(
    present: Callable[[ResultT], Facts], outcome: Outcome
) -> StoredResponse:
    return Context().run(_write, present, outcome)


def _write(present: Callable[[ResultT], Facts], outcome: Outcome) -> StoredResponse:
    if isinstance(outcome, DomainError):
        facts: Facts = {"refusal": outcome.code, "facts": outcome.facts}
        return _stored(problems.status_of(outcome), facts)
    return _stored(200, present(cast(ResultT, outcome)))


def _stored(status: int, facts: Facts) -> StoredResponse:
    body = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return StoredResponse(status, {"Content-Type": "application/json"}, body.encode())


def _done(result: CommandResult, write: Callable[[Outcome], StoredResponse]) -> Done:
    stored = result.response or write(result.outcome)
    facts = json.loads(stored.body)
    if stored.status >= 400:
        return Done(facts["facts"], facts["refusal"], result.replayed)
    return Done(facts, None, result.replayed)


def _key(write: Callable[[Outcome], StoredResponse]) -> IdempotencyKey | None:
    key = request.form.get("key", "")
    if not _KEY.fullmatch(key):
        return None
    return IdempotencyKey(principal().id, key, _fingerprint(), write)


def _fingerprint() -> str:
    said = sorted((k, v) for k, v in request.form.items(multi=True) if k not in _OF_NO_MEANING)
    parts = json.dumps([request.method, request.path, said])
    return hashlib.sha256(parts.encode()).hexdigest()
