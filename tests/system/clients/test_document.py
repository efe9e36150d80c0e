"""The OpenAPI document as others read it: nothing unexplained, and true examples of everything."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.api.documented import document_of
from tests.system.clients import evening
from ticketing.api.document import patterns
from ticketing.api.document.fields import FIELDS, PARAMETERS, PATHS
from ticketing.api.document.links import LINKS
from ticketing.domain import errors
from ticketing.domain.audit import ACTIONS
from ticketing.domain.calendar import parse_day


@pytest.fixture
def document(api):
    return document_of(api.application)


def operations(document):
    return {operation["operationId"]: operation for _, operation in document.operations()}


def contents(document):
    """Every body that the document declares: where, and what it says of it."""
    for id_, operation in operations(document).items():
        asked = operation.get("requestBody", {}).get("content", {})
        yield from ((f"{id_}, request", said) for said in asked.values())
        for status, response in operation["responses"].items():
            answered = document.resolved(response).get("content", {})
            yield from ((f"{id_}, {status}", said) for said in answered.values())


def examples_of(said):
    if "example" in said:
        return [said["example"]]
    return [example["value"] for example in said.get("examples", {}).values()]


# Explained.


def test_explains_every_schema_field_parameter_operation_and_tag(document):
    said = document.said
    schemas = said["components"]["schemas"]
    silent = [name for name, schema in schemas.items() if not schema.get("description")]
    silent += [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    for id_, operation in operations(document).items():
        texts = [operation["summary"], operation["description"]]
        texts += [document.resolved(p).get("description") for p in operation["parameters"]]
        texts += [document.resolved(r).get("description") for r in operation["responses"].values()]
        silent += [id_] if not all(texts) else []
    for path, found in said["paths"].items():
        silent += [path for p in found.get("parameters", ()) if not p.get("description")]
    silent += [tag["name"] for tag in said["tags"] if not tag["description"]]
    assert silent == []


def test_explains_nothing_that_is_not_there(document):
    schemas = document.said["components"]["schemas"]
    there = {
        name
        for schema, described in schemas.items()
        for field in described.get("properties", ())
        for name in (field, f"{schema}.{field}")
    }
    queries = {name for op, _ in document.operations() for name in document.parameters(op, "query")}
    assert FIELDS.keys() - there == set()
    assert queries ^ PARAMETERS.keys() == set()
    assert [p for p in PATHS if not any(q.startswith(p) for q in document.said["paths"])] == []


def test_says_of_every_operation_who_may_ask(document):
    for id_, operation in operations(document).items():
        assert re.search(
            r"\n\n(Anybody may ask|For .*administrators|No credentials are looked at)\.$",
            operation["description"],
        ), id_


def codes():
    return set(re.findall(r'code = "(\w+)"', Path(errors.__file__).read_text()))


def test_lists_every_code_and_action_that_there_is(document):
    schemas = document.said["components"]["schemas"]
    listed = schemas["Problem"]["properties"]["code"]["enum"]

    assert codes() <= set(listed)
    assert {"not_found", "method_not_allowed", "internal_server_error"} <= set(listed)
    assert schemas["AuditEntry"]["properties"]["action"]["enum"] == list(ACTIONS)


def test_shows_every_code_as_an_answer(document):
    shown = {
        example["code"]
        for response in document.said["components"]["responses"].values()
        for said in response.get("content", {}).values()
        for example in examples_of(said)
    }
    assert codes() - shown == set()


def test_says_where_its_operations_are(api):
    def server(**known):
        return api.get("/openapi.json", **known).json["servers"][0]["url"]

    assert server() == "/"
    assert server(base_url="http://127.0.0.1/tickets") == "/tickets"


def test_signs_in_by_a_password_and_out_by_the_token(document):
    known = operations(document)
    assert known["createToken"]["security"] == [{"basic": []}]
    assert known["deleteToken"]["security"] == [{"bearer": []}]
    assert known["createEvent"]["security"] == [{"basic": []}, {"bearer": []}]


def test_leads_on_from_what_is_made(document):
    known = operations(document)
    for (id_, status), links in LINKS.items():
        assert known[id_]["responses"][str(status)]["links"] == links
        for link in links.values():
            target = known[link["operationId"]]
            taken = {document.resolved(p)["name"] for p in target["parameters"]} | {"id"}
            assert link.get("parameters", {}).keys() <= taken
            assert ("requestBody" in link) <= ("requestBody" in target)


# True.


def test_has_an_example_of_every_request_and_every_answer(document):
    assert [where for where, said in contents(document) if not examples_of(said)] == []


def test_has_an_example_of_every_parameter(document):
    without = [
        (id_, parameter["name"])
        for id_, operation in operations(document).items()
        for parameter in map(document.resolved, operation["parameters"])
        if "example" not in parameter
    ]
    assert without == []


def test_every_example_fits_its_schema(document):
    for where, said in contents(document):
        whole = {**document.said, **said["schema"]}
        for example in examples_of(said):
            faults = list(Draft202012Validator(whole).iter_errors(example))
            assert faults == [], where


def test_every_request_that_is_shown_is_taken(api, document):
    """On an empty office most of them find nothing, but none is malformed."""
    for name, operation in document.operations():
        method, path = name.split(" ")
        asked = operation.get("requestBody", {}).get("content", {})
        body = next((said["example"] for said in asked.values()), None)
        query = {
            parameter["name"]: parameter["example"]
            for parameter in map(document.resolved, operation["parameters"])
            if parameter["in"] == "query" and parameter["name"] not in ("cursor", "name")
        }
        answer = api.open(
            path.replace("{id}", "674712a0c41d5e9b7f0a0001"), method=method, json=body,
            query_string=query,
        )  # fmt: skip
        assert answer.status_code not in (400, 415, 422, 500), (name, answer.json)


def test_the_examples_are_from_a_story_that_goes_on_as_told(mongo, mongodb_uri, fresh_db):
    told = evening.told(mongo, mongodb_uri, fresh_db)
    kept = evening.EXAMPLES.read_text()

    assert json.loads(told) == json.loads(kept), (
        "python -m tests.system.clients.evening writes it anew"
    )
    assert told == kept


@given(st.from_regex(patterns.DAY))
def test_every_day_that_the_pattern_allows_is_one(text):
    assert parse_day(text.rstrip("\n"))


def test_the_pattern_allows_every_day_that_there_is():
    day, last = datetime(1900, 1, 1), datetime(2104, 12, 31)  # noqa: DTZ001 - days, no moments
    allowed = re.compile(patterns.DAY)
    while day <= last:
        for text in (f"{day:%d/%m/%Y}", f"{day:%Y-%m-%d}"):
            assert allowed.fullmatch(text), text
        day += timedelta(days=1)
    assert not allowed.fullmatch("29/02/2100")
