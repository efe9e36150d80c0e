"""The OpenAPI document as a measure: every answer of the service is held against it.

Tests ask through `DocumentedClient`, so an answer that the document does not announce fails the
test that met it, whatever that test is about: a status, a content type, a header or a field that is
not declared, a value of another kind, a parameter that was taken or read and is declared nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from flask import Flask, Request
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

# What HTTP itself brings: OpenAPI has most of it declared nowhere, or elsewhere.
OF_HTTP = {
    "accept", "authorization", "connection", "content-encoding", "content-length", "content-type",
    "cookie", "date", "host", "transfer-encoding", "upgrade",
    "user-agent",
}  # fmt: skip
OF_BROWSERS = re.compile("origin|referer|sec-fetch-.*|access-control-.*")

_READ = "tests.headers_read"


class Document:
    """One OpenAPI document, and what checks values against it."""

    def __init__(self, text: str) -> None:
        self.said = json.loads(text)
        self._closed = _closed(self.said)
        self._validators: dict[str, Draft202012Validator] = {}

    def operations(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give each operation: its name, "GET /path/{id}", and what is said of it."""
        for path, found in self.said["paths"].items():
            for method, operation in found.items():
                if method != "parameters":
                    yield f"{method.upper()} {path}", operation

    def parameters(self, name: str, place: str) -> set[str]:
        """Return what an operation takes in its query, its path or its headers."""
        method, path = name.split(" ")
        found = self.said["paths"][path]
        said = [*found.get("parameters", ()), *found[method.lower()].get("parameters", ())]
        return {p["name"] for p in map(self.resolved, said) if p["in"] == place}

    def resolved(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references."""
        while "$ref" in said:
            steps = said["$ref"].removeprefix("#/").split("/")
            said = self.said
            for step in steps:
                said = said[step]
        return said

    def check(self, name: str, response: TestResponse) -> None:
        """Hold an answer against what is said of the operation."""
        method, path = name.split(" ")
        responses = self.said["paths"][path][method.lower()]["responses"]
        status = str(response.status_code)
        assert status in responses, f"{name}: {status} is not declared"
        self._check(self.resolved(responses[status]), response, f"{name}: {status}")

    def check_elsewhere(self, response: TestResponse) -> None:
        """Hold a refusal of what is no operation against what is said of all problems."""
        said = self.said["components"]["responses"]["NotFound"]
        headers = {**said["headers"], "Allow": {"schema": {"type": "string"}}}
        self._check({**said, "headers": headers}, response, f"elsewhere: {response.status_code}")

    def _check(self, said: Mapping[str, Any], response: TestResponse, where: str) -> None:
        headers = {name.lower(): self.resolved(h) for name, h in said.get("headers", {}).items()}
        for name, value in response.headers:
            if not _declared_nowhere(name.lower()):
                assert name.lower() in headers, f"{where}: the header {name} is not declared"
                self._check_value(headers[name.lower()]["schema"], value, f"{where}, {name}")
        for name, header in headers.items():
            assert not header.get("required") or name in response.headers, f"{where}: no {name}"

        content = said.get("content", {})
        if not content:
            assert not response.data, f"{where}: a body is not declared"
            return
        kind = response.content_type
        assert kind in content, f"{where}: the content type {kind} is not declared"
        value = response.json if response.is_json else response.text
        self._check_value(content[kind]["schema"], value, where)

    def _check_value(self, schema: Mapping[str, Any], value: Any, where: str) -> None:
        key = json.dumps(schema)
        if key not in self._validators:
            # References lead to the root, so that the whole document has to be there.
            self._validators[key] = Draft202012Validator(
                {**self._closed, **_closed(schema)}, format_checker=FormatChecker()
            )
        for fault in self._validators[key].iter_errors(value):
            raise AssertionError(f"{where}, {fault.json_path}: {fault.message}")


def _closed(said: Any) -> Any:
    """Have every schema that lists fields forbid all others."""
    if isinstance(said, list):
        return [_closed(item) for item in said]
    if not isinstance(said, dict):
        return said
    closed = {name: _closed(value) for name, value in said.items()}
    if said.get("type") == "object" and "properties" in said:
        closed.setdefault("additionalProperties", False)
    return closed


def _declared_nowhere(header: str) -> bool:
    return header in OF_HTTP or OF_BROWSERS.fullmatch(header) is not None


_document = cache(Document)


def document_of(app: Flask) -> Document:
    """Return the document that an application shows of itself."""
    if "tests.document" not in app.extensions:
        text = FlaskClient(app, app.response_class).get("/openapi.json").text
        app.extensions["tests.document"] = _document(text)
    found: Document = app.extensions["tests.document"]
    return found


class _Headers(EnvironHeaders):
    """Headers that remember which of them were asked for."""

    def _get_key(self, key: str) -> str:
        self.environ.setdefault(_READ, set()).add(key.lower())
        return super()._get_key(key)


class _Request(Request):
    """A request that remembers which headers were asked for."""

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(environ, *args, **kwargs)
        self.headers = _Headers(environ)


class DocumentedClient(FlaskClient):
    """A client that takes no answer which is not as the document says.

    `met` are the (operation, status) that it has had, `asked` the (operation, query parameter) that
    were taken.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.met: set[tuple[str, int]] = set()
        self.asked: set[tuple[str, str]] = set()

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        read: set[str] = set()
        kwargs["environ_overrides"] = {**(kwargs.get("environ_overrides") or {}), _READ: read}
        response = super().open(*args, **kwargs)
        if response.request.method not in ("HEAD", "OPTIONS"):
            self._check(response, read)
        return response

    def _check(self, response: TestResponse, read: set[str]) -> None:
        document = document_of(self.application)
        name = _operation(self.application, response)
        if name not in dict(document.operations()):
            if response.status_code >= 400:
                document.check_elsewhere(response)
            return

        document.check(name, response)
        self.met.add((name, response.status_code))

        declared = {header.lower() for header in document.parameters(name, "header")}
        unknown = {header for header in read if not _declared_nowhere(header)} - declared
        assert not unknown, f"{name} reads headers that are not declared: {unknown}"

        if response.status_code < 400:
            taken = set(response.request.args)
            unknown = taken - document.parameters(name, "query")
            assert not unknown, f"{name} takes parameters that are not declared: {unknown}"
            self.asked |= {(name, parameter) for parameter in taken}


def _operation(app: Flask, response: TestResponse) -> str | None:
    method = response.request.method
    try:
        rule, _ = app.url_map.bind("localhost").match(
            response.request.path, method, return_rule=True
        )
    except HTTPException:
        return None
    return f"{method} " + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def documented(app: Flask) -> Flask:
    """Have the clients of an application hold its answers against its document."""
    app.test_client_class = DocumentedClient
    app.request_class = _Request
    return app
