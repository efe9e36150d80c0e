"""flask-smorest as this service speaks it: problems instead of its own errors, strict parsing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from flask import Flask, Response
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema
from marshmallow.fields import Field
from werkzeug.exceptions import HTTPException

from ticketing.api.auth.access import Access, guarded
from ticketing.api.document.problems import PROBLEM, examples
from ticketing.api.http import coalescing, conditions, headers, problems
from ticketing.api.http.middleware import REQUEST_ID
from ticketing.api.http.parsing import StrictParser
from ticketing.api.schemas.inputs import Input, ValueT
from ticketing.domain.identity.users import Role


def _as_documented(self: object, field: Field[Any], **kwargs: Any) -> dict[str, Any]:
    said = dict(getattr(field, "documented", {}))
    if said and field.allow_none:
        kinds = said["type"] if isinstance(said["type"], list) else [said["type"]]
        said["type"] = [*kinds, "null"]
    return said


View = TypeVar("View", bound=Callable[..., Any])
P = ParamSpec("P")

# What any request can be refused with, and what only those that ask for a user or for MongoDB.
_EVERYWHERE = {400, 403, 411, 413, 415, 500}
_INSIDE = {401, 429, 503}

# What the server refuses by itself, before there is a request that could have a name.
_BY_THE_SERVER = {414: "URI too long", 431: "Request header fields too large"}
_TITLES = {**problems.TITLES, **_BY_THE_SERVER}

# What may be kept under an Idempotency-Key, and so come again.
_KEPT = {404, 409}


class Blueprint(SmorestBlueprint):
    """A blueprint whose routes say in the document all that they take and answer.

    flask-smorest keeps what the document says in an attribute of a wrapper around the view. Here
    it stays on the view itself, so that no request passes a wrapper that only the document needs.
    For that every view returns a response.
    """

    ARGUMENTS_PARSER = StrictParser()

    def response(self, *args: Any, **kwargs: Any) -> Callable[[View], View]:
        """Document the answer of a view that goes well."""
        return _saying(super().response(*args, **kwargs))

    def alt_response(self, *args: Any, **kwargs: Any) -> Callable[[View], View]:
        """Document another answer of a view."""
        return _saying(super().alt_response(*args, **kwargs))

    @overload
    def arguments(
        self, schema: Input[ValueT], *, location: str = "json", **kwargs: Any
    ) -> Callable[[Callable[Concatenate[ValueT, P], Response]], Callable[P, Response]]: ...

    @overload
    def arguments(
        self, schema: Schema, *, location: str = "json", **kwargs: Any
    ) -> Callable[[View], View]: ...

    def arguments(
        self, schema: Schema, *, location: str = "json", **kwargs: Any
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Call a view with the value that a schema makes of the body or the query."""
        documented = _saying(super().arguments(schema, location=location, **kwargs))
        parsed = self.ARGUMENTS_PARSER.use_args(schema, location=location)

        def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
            return parsed(documented(view))

        return decorate

    def reads(
        self,
        rule: str,
        *refusals: int,
        name: str,
        who: Role,
        rate: str | None = "reads",
        conditional: bool = False,
        verified: bool = True,
        scraped: bool = False,
        enrolling: bool = False,
        coalesced: bool = False,
    ) -> Callable[[View], View]:
        """Register a GET route that can be refused with these statuses, beside the usual ones.

        `name` is what generated clients call it, and never changes. One that counts for no rate
        says how the service is, whatever the database is like. `conditional` is for one that heeds
        `If-Match` and `If-None-Match` by itself; what all others show gets an ETag of its content.
        `verified` is what only a customer whose address is verified may do. `scraped` is for what a
        program asks for that has a key for nothing else. `enrolling` is what an administrator may
        do before they have the second factor they need. `coalesced` is for what many ask for at
        once: see `ticketing.api.http.coalescing`.
        """
        asks_the_database = rate is not None and not scraped
        access = Access(
            who,
            rate,
            "reads" if asks_the_database else None,
            verified=verified,
            scraped=scraped,
            enrolling=enrolling,
        )
        if not asks_the_database:
            return self._route(rule, "GET", name, refusals, [], access)
        if conditional:
            parameters = ["If-Match", "If-None-Match"]
            return self._route(rule, "GET", name, {*refusals, 304, 412}, parameters, access)

        register = self._route(rule, "GET", name, {*refusals, 304}, ["If-None-Match"], access)

        def decorate(view: View) -> View:
            tagged = conditions.tagged(view)
            shown = conditions.unless_known(coalescing.coalesced(tagged) if coalesced else tagged)
            for answers in vars(shown)["_apidoc"]["response"]["responses"].values():
                for answer in answers:
                    answer["headers"] = {**answer.get("headers", {}), **headers.sent("ETag")}
            return register(shown)  # type: ignore[return-value]

        return decorate

    def writes(
        self,
        method: str,
        rule: str,
        *refusals: int,
        name: str,
        who: Role,
        rate: str | None = "writes",
        keyed: bool = True,
        if_match: bool = False,
        verified: bool = True,
        enrolling: bool = False,
    ) -> Callable[[View], View]:
        """Register a route that changes something, under an Idempotency-Key where one is sent.

        `name` is what generated clients call it, and never changes.
        """
        parameters = [*(["Idempotency-Key"] if keyed else []), *(["If-Match"] if if_match else [])]
        statuses = {*refusals, *({409, 422} if keyed else ()), *({412} if if_match else ())}
        access = Access(who, rate, "writes", verified=verified, enrolling=enrolling)
        return self._route(rule, method, name, statuses, parameters, access)

    def _route(
        self,
        rule: str,
        method: str,
        name: str,
        statuses: Collection[int],
        parameters: Sequence[str],
        access: Access,
    ) -> Callable[[View], View]:
        # Health is for whoever runs the service: it counts nothing and asks for nobody.
        usual = _EVERYWHERE if access.rate is None else _EVERYWHERE | _INSIDE

        def decorate(view: View) -> View:
            guard = guarded(view, access)
            said = vars(guard)["_apidoc"] = deepcopy(vars(view).get("_apidoc", {}))
            _say_parameters(said, [*parameters, REQUEST_ID])
            _say_responses(
                said,
                usual.union(statuses, _BY_THE_SERVER),
                keyed="Idempotency-Key" in parameters,
                limited=access.rate is not None,
            )
            said["manual_doc"] = {
                "operationId": name,
                "security": _security(access),
                **_audience(access),
            }
            registered: View = self.route(rule, methods=[method])(guard)
            return registered

        return decorate


class Api(SmorestApi):
    """The extension, leaving errors to `ticketing.api.http.problems`.

    The document says of our own fields what their `documented` says, and that null is no value
    where it isn't.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.ma_plugin.converter.add_attribute_function(_as_documented)
        components = self.spec.components
        # Those that nothing refers to are left out of the document.
        for name, said in headers.REQUEST.items():
            components.parameter(name, "header", {"required": False, **said}, lazy=True)
        for name, said in headers.RESPONSE.items():
            components.header(name, said, lazy=True)
        for name, said in _REFUSALS.items():
            components.response(name, said, lazy=True)

    DEFAULT_ERROR_RESPONSE_NAME = None

    # flask-smorest would put its own errors and pages among the schemas, used or not.

    def _register_responses(self) -> None: ...

    def _register_pagination_header(self) -> None: ...

    def _register_etag_headers(self) -> None: ...

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer with a problem."""
        return problems.http_error(error)


def _saying(decorator: Callable[[View], View]) -> Callable[[View], View]:
    """Return a decorator that documents a view as the given one does, without its wrapper."""

    def decorate(view: View) -> View:
        vars(view)["_apidoc"] = vars(decorator(view))["_apidoc"]
        return view

    return decorate


def _say_parameters(said: dict[str, Any], names: Sequence[str]) -> None:
    said.setdefault("arguments", {}).setdefault("parameters", []).extend(names)


def _say_responses(
    said: dict[str, Any], refusals: Collection[int], *, keyed: bool, limited: bool
) -> None:
    responses = said.setdefault("response", {}).setdefault("responses", {})
    for status, answers in responses.items():
        names = headers.around(limited=limited)
        if keyed and status < 300:
            names |= headers.sent("Idempotency-Replayed")
        for answer in answers:
            answer["headers"] = {**answer.get("headers", {}), **names}
    for status in sorted(set(refusals) - responses.keys()):
        responses[status] = [_refusal(status, keyed=keyed)]


def _refusal(status: int, *, keyed: bool) -> str:
    """Return the name of the component that describes a refusal, or a 304."""
    if status == 304:
        return "NotModified"
    name = _TITLES[status].title().replace(" ", "")
    return f"Replayable{name}" if keyed and status in _KEPT else name


def _problem(status: int, *, keyed: bool) -> dict[str, Any]:
    names = {} if status in _BY_THE_SERVER else headers.around(limited=True)
    if status == 401:
        names |= headers.sent("WWW-Authenticate")
    if status in (429, 503) or (keyed and status == 409):
        names |= headers.sent("Retry-After")
    if keyed and status in _KEPT:
        names |= headers.sent("Idempotency-Replayed")
    return {
        "description": _TITLES[status],
        "content": {problems.CONTENT_TYPE: {"schema": PROBLEM, "examples": examples(status)}},
        "headers": names,
    }


def _not_modified() -> dict[str, Any]:
    names = headers.sent("ETag") | headers.around(limited=True)
    return {"description": "What is shown has not changed since.", "headers": names}


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.rate is None:
        return []
    signed_in: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]
    return [*signed_in, {}] if access.role is Role.ANYBODY else signed_in


def _audience(access: Access) -> dict[str, str]:
    """Return what tells who may ask, by the least role; nothing where credentials don't count."""
    return {} if access.rate is None else {"x-role": access.role.word}


_REFUSALS = {
    "NotModified": _not_modified(),
    **{
        _refusal(status, keyed=keyed): _problem(status, keyed=keyed)
        for status in _TITLES
        for keyed in (False, True)
    },
}
