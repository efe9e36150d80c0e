"""A schema is where the outside's spelling stops: past it everything is typed."""

from __future__ import annotations

import ast
import dataclasses

import pytest

from tests.conventions.sources import nodes
from tests.system.server import ROOT
from ticketing.api import schemas
from ticketing.api.legacy import aliases
from ticketing.api.schemas.inputs import Input

API = ROOT / "ticketing" / "api"
# The accounts have their own way in still.
VIEWS = [*(API / "views").glob("*.py"), API / "legacy" / "views.py"]
UNTYPED = {"NEW_USER", "USER_CHANGE", "OWN_PASSWORD"}


def taken():
    """The name of each schema that a view takes its input by."""
    for file in VIEWS:
        for node in nodes(file):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "arguments":
                yield node.args[0].attr


def test_finds_the_schemas_that_take_input():
    assert {"NEW_EVENT", "NEW_BOOKING", "AUDIT_QUERY", "INITIALIZE"} <= set(taken())


@pytest.mark.parametrize("name", sorted(set(taken()) - UNTYPED))
def test_every_schema_that_takes_input_loads_into_a_frozen_dataclass(name):
    schema = getattr(schemas, name, None) or getattr(aliases, name)

    assert isinstance(schema, Input)
    if schema._type in (str, str | None):  # one field, and so one value
        assert len(schema.fields) == 1
        return
    assert dataclasses.is_dataclass(schema._type)
    assert schema._type.__dataclass_params__.frozen


@pytest.mark.parametrize("file", VIEWS, ids=lambda file: file.name)
def test_no_view_makes_an_id_or_takes_a_dict(file):
    text = file.read_text()

    assert "new_id" not in text
    if file.name != "users.py":
        assert "(query: dict" not in text
        assert "(body: dict" not in text
