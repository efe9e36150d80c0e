"""What a view returns: built by a pure function, so that it can be stored and replayed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import Schema

from ticketing.storage.writes.idempotency import StoredResponse

CONTENT_TYPE = "application/json"


def answer(
    status: int, value: object, schema: Schema, headers: Mapping[str, str] | None = None
) -> StoredResponse:
    """Return the response that shows a value as its schema says."""
    return StoredResponse(
        status, {"Content-Type": CONTENT_TYPE, **(headers or {})}, body(schema.dump(value))
    )


def body(value: Any) -> bytes:
    """Return JSON as short as it goes, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def respond(answer: StoredResponse) -> Response:
    """Return Flask's response for a stored one."""
    return Response(answer.body, answer.status, dict(answer.headers))
