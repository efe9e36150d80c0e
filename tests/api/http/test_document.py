"""The OpenAPI document: what it says of itself, and that an answer which does not fit is noticed.

That the service does what it says, tests/api/test_story.py and every other test of the API see to:
their clients hold each answer against it (`tests.api.documented`).
"""

from __future__ import annotations

import json
import re

import pytest
from flask import Response, request
from openapi_spec_validator import validate

from tests.api.documented import DocumentedClient, document_of
from ticketing.api.auth.origins import EXPOSED
from ticketing.api.document.complete import examples
from ticketing.api.http import problems
from ticketing.api.legacy.aliases import ALIASES


@pytest.fixture
def document(api):
    return document_of(api.application)


def test_is_a_valid_openapi_document(document):
    validate(document.said)
    assert document.said["openapi"] == "3.1.0"


def test_documents_its_errors_as_problems(document):
    for name, operation in document.operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400 and (name, status) != ("GET /readyz", "503"):
                kinds = document.resolved(response)["content"].keys()
                assert kinds == {problems.CONTENT_TYPE}, (name, status)


def test_says_when_to_try_again_wherever_that_is_the_answer(document):
    for name, operation in document.operations():
        for status in {"429", "503"} & operation["responses"].keys():
            said = document.resolved(operation["responses"][status])
            assert "Retry-After" in said["headers"], (name, status)


def test_documents_every_header_that_a_page_of_another_origin_may_read(document):
    assert set(EXPOSED) <= document.said["components"]["headers"].keys()


def test_documents_every_spelling_of_the_briefs(document):
    schemas = document.said["components"]["schemas"]

    for name in ("Initialize", "BookAction", "BookOrCancel"):
        for canonical, others in ALIASES.items():
            if canonical in schemas[name]["properties"]:
                assert set(others) <= schemas[name]["properties"].keys()
                assert canonical not in schemas[name].get("required", ())


def test_documents_what_each_field_takes(document):
    """A field of our own without a type would be documented as taking anything."""
    for name, schema in document.said["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            assert said.keys() & {"type", "$ref", "allOf", "anyOf"}, (name, field)


def test_says_no_more_of_a_header_than_it_insists_on(api, document):
    """A client may send what the document allows, and nothing else is accepted."""
    for name, operation in document.operations():
        for parameter in map(document.resolved, operation["parameters"]):
            if parameter["in"] == "header" and "pattern" in parameter["schema"]:
                method, path = name.split(" ")
                answer = api.open(path, method=method, headers={parameter["name"]: "a b"}, json={})
                assert answer.status_code == 400, (name, parameter["name"])


def test_lists_nothing_that_nothing_refers_to(document):
    components = document.said["components"]
    referred = set(re.findall(r'"#/components/(\w+/[^"]+)"', json.dumps(document.said)))
    listed = {f"{kind}/{name}" for kind, of_it in components.items() for name in of_it}

    assert listed - referred == {f"securitySchemes/{name}" for name in ("basic", "bearer")}


def test_every_operation_has_a_name_of_its_own(document):
    said = {name: operation.get("operationId") for name, operation in document.operations()}

    assert set(said.values()) == examples().keys()
    assert len(set(said.values())) == len(said)


def test_gives_a_client_that_is_generated_no_two_things_of_one_name(document):
    """Generators call the values of a field `status` of a schema `Event`: `EventStatus`."""
    schemas = document.said["components"]["schemas"]
    enums = {
        (name + field[0].upper() + field[1:]).lower()
        for name, schema in schemas.items()
        for field, said in schema.get("properties", {}).items()
        if "enum" in said
    }
    names = [name.lower() for name in schemas]

    assert enums
    assert enums & set(names) == set()
    assert len(names) == len(set(names))


# What does not fit is noticed: each of these is an office that says too much or too little.


@pytest.fixture
def answering(api):
    """Have `GET /livez` answer something else."""

    def answer(response, after=lambda response: response):
        app = api.application
        app.view_functions["health.livez"] = lambda: response
        app.after_request_funcs.setdefault(None, []).insert(0, after)
        return DocumentedClient(app, app.response_class).get("/livez")

    return answer


OK = b'{"status":"ok"}'


def an_answer(body=OK, status=200, content_type="application/json", **headers):
    return Response(body, status, headers, content_type=content_type)


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (an_answer(status=202), "202 is not declared"),
        (an_answer(content_type="text/plain"), "content type text/plain is not declared"),
        (an_answer(b'{"status":"ok","more":1}'), "'more' was unexpected"),
        (an_answer(b"{}"), "'status' is a required property"),
        (an_answer(b'{"status":1}'), "not of type 'string'"),
        (an_answer(Link="<x>"), "header Link is not declared"),
        (an_answer(**{"Cache-Control": "public"}), "'public' is not one of"),
    ],
)
def test_notices_an_answer_that_is_not_as_declared(answering, response, fault):
    with pytest.raises(AssertionError, match=re.escape(fault)):
        answering(response)


def test_notices_a_header_that_is_missing(answering):
    def forget(response):
        del response.headers["X-Request-ID"]
        return response

    with pytest.raises(AssertionError, match="no x-request-id"):
        answering(an_answer(), forget)


def test_notices_a_parameter_that_is_not_declared(api):
    with pytest.raises(AssertionError, match="takes parameters that are not declared"):
        api.get("/livez?page=2")


def test_notices_a_header_of_a_request_that_is_read_but_not_declared(api):
    def read(response):
        request.headers.get("X-Secret-Switch")
        return response

    api.application.after_request_funcs.setdefault(None, []).append(read)

    with pytest.raises(AssertionError, match="reads headers that are not declared"):
        api.get("/livez")


def test_answers_a_head_as_a_get_without_the_body(api, document):
    for name, _ in document.operations():
        if name.startswith("GET "):
            path = name.removeprefix("GET ").replace("{id}", "e1")
            get, head = api.get(path), api.head(path)
            assert (head.status_code, head.data) == (get.status_code, b""), name


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
def test_allows_what_the_resource_can_do_and_nothing_of_its_neighbours(api, document, method):
    """`/transactions/summary` fits `/transactions/{id}`, which can be deleted."""
    for path, said in document.said["paths"].items():
        declared = {name.upper() for name in said if name != "parameters"}
        heads = {"HEAD"} if "GET" in declared else set()
        allowed = api.open(path.replace("{id}", "x"), method=method).headers["Allow"].split(", ")
        assert set(allowed) == declared | heads | {"OPTIONS"}, path
