"""`/openapi.json`: written once, when the application is put together."""

from __future__ import annotations

import json

from flask import Flask, Response

from ticketing.api.blueprints import Api


def register(app: Flask, api: Api) -> None:
    """Serve the OpenAPI document of all routes registered so far."""
    text = json.dumps(api.spec.to_dict(), indent=2)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return Response(text, content_type="application/json")
