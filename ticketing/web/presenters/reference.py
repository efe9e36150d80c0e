"""The OpenAPI document as pages show it: operations by tag, their fields, and requests to copy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Field:
    """A field, a parameter or a header: what it is called, which values it has, what it means."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that goes well, or another that has a body of its own."""

    status: str
    says: str
    fields: Sequence[Field]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    id: str
    method: str
    path: str
    summary: str
    description: Sequence[str]
    parameters: Sequence[Field]
    fields: Sequence[Field]
    answers: Sequence[Answer]
    refusals: Sequence[str]
    body: str
    query: str
    example_path: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Code:
    """A refusal: its status, its code, and how it is put in words."""

    status: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tag:
    """Operations that belong together."""

    name: str
    description: str
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class Reference:
    """All that the pages show."""

    about: Sequence[str]
    tags: Mapping[str, Tag]
    codes: Sequence[Code]


def reference_of(document: Json) -> Reference:
    """Return what an OpenAPI document says, in the order of its tags."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                shown = _operation(document, path, method.upper(), operation)
                found[operation["tags"][0]].append(shown)
    tags = {
        tag["name"]: Tag(tag["name"], tag["description"], found[tag["name"]])
        for tag in document["tags"]
    }
    about = document["info"]["description"].split("\n\n")
    return Reference(about, tags, sorted(set(_codes(document)), key=lambda c: (c.status, c.code)))


def _operation(document: Json, path: str, method: str, operation: Json) -> Operation:
    parameters = [_resolved(document, one) for one in operation["parameters"]]
    parameters = [*document["paths"][path].get("parameters", ()), *parameters]
    body = operation.get("requestBody", {}).get("content", {}).get(_JSON)
    known = {one["name"]: one.get("example") for one in parameters}
    # The first page of a list, as one would ask for it: not all filters at once.
    asked = {"limit": known["limit"]} if "limit" in known else {}
    return Operation(
        operation["operationId"],
        method,
        path,
        operation["summary"],
        operation["description"].split("\n\n"),
        [_parameter(one) for one in parameters],
        _fields(document, body["schema"]) if body else [],
        list(_answers(document, operation)),
        [status for status in operation["responses"] if status >= "400"],
        json.dumps(body["example"], ensure_ascii=False) if body else "",
        "&".join(f"{name}={value}" for name, value in asked.items()),
        path.replace("{id}", str(known.get("id", ""))),
        bool(operation["security"]) and {} not in operation["security"],
    )


def _answers(document: Json, operation: Json) -> Iterator[Answer]:
    for status, response in sorted(operation["responses"].items()):
        said = _resolved(document, response)
        if "application/problem+json" in said.get("content", {}):
            continue
        for content in said.get("content", {}).values() or [{}]:
            example = content.get("example", "")
            text = example if isinstance(example, str) else _written(example)
            fields = _fields(document, content["schema"]) if "schema" in content else []
            yield Answer(status, said["description"], fields, text)


def _written(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _codes(document: Json) -> Iterator[Code]:
    for response in document["components"]["responses"].values():
        for content in response.get("content", {}).values():
            for example in content.get("examples", {}).values():
                value = example["value"]
                yield Code(str(value["status"]), value["code"], value["detail"])


def _parameter(said: Json) -> Field:
    kind = _kind(said["schema"])
    if said["in"] != "query":
        kind = f"{kind}, in the {said['in']}"
    return Field(said["name"], kind, said.get("required", False), said["description"])


def _fields(document: Json, schema: Json) -> list[Field]:
    """Return the fields of an object, those of what is in it after its own, by their path."""
    found = _resolved(document, schema)
    if found.get("type") == "array":
        return _fields(document, found["items"])
    fields = []
    for name, said in found.get("properties", {}).items():
        required = name in found.get("required", ())
        fields.append(Field(name, _kind(said), required, said.get("description", "")))
        inner = said.get("items", said)
        if "$ref" in inner and inner != schema:
            dots = f"{name}[]." if "items" in said else f"{name}."
            fields += [
                Field(dots + one.name, one.kind, one.required, one.description)
                for one in _fields(document, inner)
            ]
    return fields


def _kind(said: Json) -> str:
    if "enum" in said:
        return " | ".join(f"`{value}`" for value in said["enum"] if value is not None)
    kinds = said.get("type", "object")
    text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "format" in said:
        text += f" ({said['format']})"
    low = said.get("minimum", said.get("minLength"))
    high = said.get("maximum", said.get("maxLength"))
    if high is not None:
        text += f", {low or 0:,} to {high:,}"
        text += " characters" if "maxLength" in said else ""
    return text


def _resolved(document: Json, said: Json) -> Json:
    while "$ref" in said:
        steps = said["$ref"].removeprefix("#/").split("/")
        said = document
        for step in steps:
            said = said[step]
    return said
