"""The Postman collection is what the document makes of it, and what the third brief asks for.

That a run from top to bottom is green in both modes `make clients` tries, with newman.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.api.documented import document_of
from tests.system.clients import postman
from tests.system.clients.postman import COLLECTION


@pytest.fixture(scope="module")
def collection():
    return json.loads(COLLECTION.read_text())


def requests(collection):
    return [item for folder in collection["item"] for item in folder["item"]]


def test_is_fresh():
    assert COLLECTION.read_text() == postman.text(), "make postman writes it anew"


def test_asks_every_operation(api):
    asked = {step.operation for steps in postman.FOLDERS.values() for step in steps}
    there = {said["operationId"] for _, said in document_of(api.application).operations()}
    assert asked == there


def test_has_the_variables_that_the_third_brief_names(collection):
    variables = {one["key"]: one["value"] for one in collection["variable"]}

    assert variables["baseUrl"] == "http://127.0.0.1:8000"
    named = {"adminUser", "adminPass", "authHeader", "exampleEventId", "exampleUserEmail"}
    assert named <= variables.keys()
    assert variables["adminPass"] == "", "there is no password that everybody knows"


def test_uses_no_variable_that_nothing_sets(collection):
    variables = {one["key"] for one in collection["variable"]}
    used = set(re.findall(r"\{\{(\w+)\}\}", COLLECTION.read_text()))

    assert used <= variables


def test_has_the_routes_of_the_briefs_in_a_folder_of_their_own(collection):
    (folder,) = [one for one in collection["item"] if one["name"] == "The routes of the briefs"]
    paths = {"/".join(item["request"]["url"]["path"]) for item in folder["item"]}

    for place in ("", "api/events/"):
        assert {f"{place}{action}" for action in ("initialize", "book", "cancel")} <= paths
        assert f"{place}status/{{{{exampleEventId}}}}" in paths


def test_sends_bodies_as_json(collection):
    for item in requests(collection):
        if body := item["request"].get("body"):
            assert json.loads(body["raw"]) is not None
            headers = {one["key"]: one["value"] for one in item["request"]["header"]}
            assert headers["Content-Type"] == "application/json"


def test_looks_at_every_answer(collection):
    for item in requests(collection):
        scripts = ["\n".join(one["script"]["exec"]) for one in item["event"]]
        assert any("pm.response.code" in script for script in scripts), item["name"]
