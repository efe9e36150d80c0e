"""flask-smorest as this service speaks it: problems instead of its own errors, strict parsing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow.fields import Field
from werkzeug.exceptions import HTTPException

from ticketing.api import problems, schemas
from ticketing.api.access import Access, guarded
from ticketing.api.parsing import StrictParser
from ticketing.domain.users import Role


def _as_documented(self: object, field: Field[Any], **kwargs: Any) -> dict[str, Any]:
    said = dict(getattr(field, "documented", {}))
    if said and field.allow_none:
        kinds = said["type"] if isinstance(said["type"], list) else [said["type"]]
        said["type"] = [*kinds, "null"]
    return said


View = TypeVar("View", bound=Callable[..., Any])

_WRITES = {400, 411, 413, 415, 422, 500, 503}
_READS = {400, 500, 503}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters. The same request with the same key, within "
    "24 hours, is carried out once and answered alike.",
    "schema": {"type": "string", "pattern": "^[!#-~][!-~]{0,254}$"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that the caller saw; 412 if the event has changed since.",
    "schema": {"type": "string"},
}


class Blueprint(SmorestBlueprint):
    """A blueprint whose routes document their refusals."""

    ARGUMENTS_PARSER = StrictParser()

    def reads(
        self, rule: str, *refusals: int, who: Role, rate: str | None = "reads"
    ) -> Callable[[View], View]:
        """Register a GET route that can be refused with these statuses, beside the usual ones."""
        return self._route(rule, "GET", _READS.union(refusals), [], Access(who, rate))

    def writes(
        self,
        method: str,
        rule: str,
        *refusals: int,
        who: Role,
        rate: str | None = "writes",
        keyed: bool = True,
        if_match: bool = False,
    ) -> Callable[[View], View]:
        """Register a route that changes something, under an Idempotency-Key where one is sent."""
        headers = [*([IDEMPOTENCY_KEY] if keyed else []), *([IF_MATCH] if if_match else [])]
        statuses = _WRITES.union(refusals, {412} if if_match else ())
        return self._route(rule, method, statuses, headers, Access(who, rate))

    def _route(
        self,
        rule: str,
        method: str,
        statuses: set[int],
        headers: list[dict[str, Any]],
        access: Access,
    ) -> Callable[[View], View]:
        # 403 is also what a foreign page hears in open mode, on every route.
        refused = {403} if access.rate is None else {401, 403, 429}

        def decorate(view: View) -> View:
            documented = guarded(view, access)
            for status in sorted(statuses | refused):
                documented = self.alt_response(
                    status, schema=schemas.PROBLEM, content_type=problems.CONTENT_TYPE
                )(documented)
            security: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}]
            if access.rate is None:
                security = []
            elif access.role is Role.ANYBODY:
                security.append({})
            documented = self.doc(parameters=headers, security=security)(documented)
            registered: View = self.route(rule, methods=[method])(documented)
            return registered

        return decorate


class Api(SmorestApi):
    """The extension, leaving errors to `ticketing.api.problems`.

    The document says of our own fields what their `documented` says, and that null is no value
    where it isn't.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.ma_plugin.converter.add_attribute_function(_as_documented)

    DEFAULT_ERROR_RESPONSE_NAME = None

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer with a problem."""
        return problems.http_error(error)
