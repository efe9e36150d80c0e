"""How a request's body and query become typed values, or a 400 that says what is wrong."""

from __future__ import annotations

from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, g
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from ticketing.api.http import strict_json
from ticketing.api.http.problems import BadRequest

_JSON = "application/json"


class StrictParser(FlaskParser):
    """webargs' parser for Flask, taking nothing but what was documented."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - as the base class declares it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": ma.RAISE,
        "query": ma.RAISE,
    }

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body and not req.mimetype:
            g.body = {}
            return g.body
        if req.mimetype != _JSON or req.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
            raise UnsupportedMediaType("The body must be application/json in UTF-8.")
        try:
            g.body = strict_json.loads(body)
        except strict_json.NotJson as fault:
            raise BadRequest(str(fault)) from None
        if not isinstance(g.body, dict):
            raise BadRequest("The body must be a JSON object.")
        return g.body

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Load the body; without one, where nothing is required, as if it were `{}`."""
        found = super().load_json(req, schema)
        if not req.get_data(cache=True) and any(f.required for f in schema.fields.values()):
            raise BadRequest("A JSON body is needed.")
        return found

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Load the query; a parameter given twice is a fault."""
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            raise BadRequest(
                "A query parameter was given twice.",
                {name: ["Given more than once."] for name in repeated},
            )
        return req.args.to_dict()

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        """Raise BadRequest with each field's faults, but not where in the request the field was."""
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        errors = {
            field: found
            for location in messages.values()
            for field, found in (location.items() if isinstance(location, dict) else ())
        }
        raise BadRequest("Some fields are not valid.", errors) from None
