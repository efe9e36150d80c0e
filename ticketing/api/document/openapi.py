"""`/openapi.json`, written once, when somebody first asks for it.

Most processes are never asked, and it takes as long to write as all else at a start.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from flask import Flask, Response, request

from ticketing.api.document.complete import complete
from ticketing.api.http.blueprints import Api
from ticketing.api.legacy import aliases
from ticketing.config import Settings


def _server(root: str) -> str:
    return f'"url": {json.dumps(root or "/")}'


_ROOT = _server("")


def describe_sign_in(api: Api) -> None:
    """Describe how one signs in; each route says whether it has to be."""
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    api.spec.components.security_scheme("bearer", bearer)
    api.spec.components.security_scheme("basic", {"type": "http", "scheme": "basic"})


def describe_aliases(api: Api) -> None:
    """List every spelling of the briefs' requests; of those for one thing, one is enough."""
    for name in (type(schema).__name__ for schema in aliases.ALL):
        described = api.spec.components.schemas[name]
        for canonical, others in aliases.ALIASES.items():
            if canonical in described["properties"]:
                said = described["properties"][canonical]
                described["properties"] |= dict.fromkeys(others, said)
                if canonical in described.get("required", ()):
                    described["required"].remove(canonical)
                    enough = {"anyOf": [{"required": [other]} for other in others]}
                    described.setdefault("allOf", []).append(enough)
        if not described.get("required"):
            described.pop("required", None)


def register(app: Flask, api: Api, settings: Settings) -> Callable[[], dict[str, Any]]:
    """Serve the OpenAPI document of all routes; return what gives it."""

    @cache
    def document() -> dict[str, Any]:
        # A copy, since two who ask first at once each complete one.
        said: dict[str, Any] = deepcopy(api.spec.to_dict())
        contact = {"name": settings.venue_name}
        if settings.public_url:
            contact["url"] = settings.public_url
        complete(said, contact=contact, descriptions=_descriptions(api))
        return said

    @cache
    def text() -> str:
        return json.dumps(document(), indent=2)

    @app.get("/openapi.json")
    def openapi() -> Response:
        # Behind a proxy that serves it under a path, that is where its operations are.
        here = text().replace(_ROOT, _server(request.script_root), 1)
        return Response(here, content_type="application/json")

    return document


def _descriptions(api: Api) -> dict[str, str]:
    """Return what each schema says of itself, by the name that it has in the document."""
    return {
        name: inspect.cleandoc(key[0].__doc__ or "")
        for key, name in api.ma_plugin.converter.refs.items()
    }
