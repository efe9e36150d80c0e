"""What a view gives back: built by a pure function, so that it can be kept and given again."""

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
    """Write a value down as its schema says."""
    return StoredResponse(
        status, {"Content-Type": CONTENT_TYPE, **(headers or {})}, body(schema.dump(value))
    )


def body(value: Any) -> bytes:
    """Write JSON as short as it goes, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def respond(answer: StoredResponse) -> Response:
    """Turn an answer into Flask's response."""
    return Response(answer.body, answer.status, dict(answer.headers))
