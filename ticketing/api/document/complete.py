"""What the document says beside what the routes and schemas say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ticketing.api.document.fields import FIELDS, PARAMETERS, PATHS
from ticketing.api.document.links import LINKS

Json = dict[str, Any]

ABOUT = """A venue's ticket office: at most one event a day, a fixed number of tickets for each,
and a waiting list once it is sold out. No ticket is sold twice, and those that come free go to
whoever has waited longest.

Sign in with an e-mail address and a password (Basic), with the token that `POST /api/v1/tokens`
gives for them, or with an API key (both Bearer). In open mode nobody has to.

Send an `Idempotency-Key` with what changes something, and ask again with the same one where no
answer came: it is carried out once. Every refusal is a problem (RFC 9457) whose `code` never
changes."""

_AUDIENCES = {
    "anybody": "Anybody may ask.",
    "customer": "For customers, staff and administrators.",
    "staff": "For staff and administrators.",
    "admin": "For administrators.",
}

# A token is made for a password, and only a token can be made worthless.
_SIGN_IN: dict[str, list[dict[str, list[str]]]] = {
    "createToken": [{"basic": []}],
    "deleteToken": [{"bearer": []}],
}

# Who changes something says what: one field at least, beside the password of now.
_AT_LEAST = {"EventChange": 1, "UserChange": 1, "OwnChange": 2}

_EXAMPLES = Path(__file__).with_name("examples.json")


def complete(document: Json, *, contact: Json, descriptions: dict[str, str]) -> None:
    """Add what is still missing: descriptions, links and examples.

    `contact` is whoever runs the service, `descriptions` are those of the schemas, by their names.
    """
    document["info"] |= {
        "summary": "Never oversold, never lost, fair, explained.",
        "description": ABOUT,
        "contact": contact,
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    document["servers"] = [{"url": "/", "description": "The service that shows this document."}]
    for _, operation in operations(document):
        id_ = operation["operationId"]
        operation["security"] = _SIGN_IN.get(id_, operation["security"])
        _describe_operation(operation)
        for parameter in operation["parameters"]:
            if parameter.get("in") == "query":
                parameter["description"] = PARAMETERS.get(parameter["name"], "")
        _exemplify(operation, examples().get(id_, {}))
        for (linking, status), links in LINKS.items():
            if linking == id_:
                operation["responses"][str(status)]["links"] = links
    for path, found in document["paths"].items():
        for parameter in found.get("parameters", ()):
            parameter["description"] = _of_path(path)
            ids = [examples().get(op["operationId"], {}).get("path") for _, op in _methods(found)]
            parameter["example"] = next(filter(None, ids), None)
    schemas = document["components"]["schemas"]
    _describe_schemas(schemas, descriptions)
    for _, operation in operations(document):
        if body := operation.get("requestBody"):
            body["required"] = any(
                _asks_for_something(schemas, said["schema"]) for said in body["content"].values()
            )


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield each operation of a document, by method and path."""
    for path, found in document["paths"].items():
        for method, operation in _methods(found):
            yield f"{method.upper()} {path}", operation


def _methods(path: Json) -> Iterator[tuple[str, Json]]:
    for method, operation in path.items():
        if method != "parameters":
            yield method, operation


@cache
def examples() -> dict[str, Json]:
    """Return what each operation is asked and answers in one evening's story."""
    found: dict[str, Json] = json.loads(_EXAMPLES.read_text())
    return found


def _describe_operation(operation: Json) -> None:
    operation["summary"] = operation["summary"].rstrip(".:;")
    audience = _AUDIENCES.get(operation.get("x-role", ""), "No credentials are looked at.")
    said = operation.get("description", operation["summary"] + ".").strip()
    operation["description"] = f"{said}\n\n{audience}"


def _of_path(path: str) -> str:
    beginning = path.partition("/{")[0]
    return next(
        PATHS[start] for start in sorted(PATHS, reverse=True) if beginning.startswith(start)
    )


def _describe_schemas(schemas: Json, descriptions: dict[str, str]) -> None:
    for name, schema in schemas.items():
        schema.setdefault("description", descriptions[name])
        if name in _AT_LEAST:
            schema["minProperties"] = _AT_LEAST[name]
        for field, said in schema.get("properties", {}).items():
            everywhere = FIELDS.get(field, said.get("description", ""))
            said["description"] = FIELDS.get(f"{name}.{field}", everywhere)


def _asks_for_something(schemas: Json, schema: Json) -> bool:
    """Return whether a request has to have a body: what asks for nothing is as well without one."""
    said = schemas[schema["$ref"].rpartition("/")[2]]
    return any(said.get(word) for word in ("required", "minProperties", "anyOf", "allOf"))


def _exemplify(operation: Json, shown: Json) -> None:
    if "requestBody" in operation:
        for content in operation["requestBody"]["content"].values():
            content["example"] = shown.get("request")
    for parameter in operation["parameters"]:
        if parameter.get("name") in shown.get("query", {}):
            text = shown["query"][parameter["name"]]
            is_number = parameter["schema"]["type"] == "integer"
            parameter["example"] = int(text) if is_number else text
    for status, response in operation["responses"].items():
        if status in shown:
            for content in response["content"].values():
                content["example"] = shown[status]
