"""What keeps the pages in order: what they may use, and that each is told and guarded."""

from __future__ import annotations

import re

import pytest

from tests.conftest import the_settings
from tests.conventions.test_layering import PACKAGE, imports
from tests.system.server import ROOT
from ticketing.app import create_app
from ticketing.storage.driver.clients import connect

# What pages take from the floor beside theirs: what is about HTTP and not about JSON, and what an
# account or a key has to be like, which stands in a schema, as does what somebody may take away.
OF_API = (
    "ticketing.api.auth.addresses",
    "ticketing.api.auth.rate_limits",
    "ticketing.api.http.context",
    "ticketing.api.http.problems",
    "ticketing.api.schemas.CHOSEN_PASSWORD",
    "ticketing.api.schemas.CUSTOMER_EXPORT",
    "ticketing.api.schemas.ENROLMENT",
    "ticketing.api.schemas.FIRST_CODE",
    "ticketing.api.schemas.NEW_API_KEY",
    "ticketing.api.schemas.NEW_USER",
    "ticketing.api.schemas.OWN_CHANGE",
    "ticketing.api.schemas.WHO_FORGOT",
)

# What they read in storage; `users` also ends a session, `api_keys` revokes a key.
OF_STORAGE = (
    "accounts.api_keys",
    "accounts.users",
    "audit",
    "bookings",
    "customers",
    "driver.exhaustion",
    "events",
    "ids",
    "lists",
    "writes.idempotency",
)

PAGES = sorted((PACKAGE / "web").rglob("*.py"))


@pytest.fixture(scope="module")
def app():
    with connect("mongodb://127.0.0.1:1/", appname="tests") as client:
        yield create_app(the_settings(), client)


def pages(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("web."):
            yield rule


def qualified(file, below):
    """Every name below a package that a file imports, with the module that it is in."""
    found = {name for name in imports(file) if name.startswith(below)}
    return {name.removeprefix(below) for name in found}


@pytest.mark.parametrize("file", PAGES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_takes_of_the_api_only_what_is_not_json(file):
    used = qualified(file, "ticketing.api.")
    allowed = tuple(name.removeprefix("ticketing.api.") for name in OF_API)
    assert {name for name in used if not name.startswith(allowed)} == set()


@pytest.mark.parametrize("file", PAGES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_changes_nothing_in_storage_by_itself(file):
    """What pages change goes through the command handler and the services of accounts."""
    used = qualified(file, "ticketing.storage.")
    assert {name for name in used if not name.startswith(OF_STORAGE)} == set()
    text = file.read_text()
    calls = re.findall(r"\b(\w+)\.(insert\w*|change\w*|link|claim|rehash|write)\(", text)
    assert {owner for owner, _ in calls} <= {"accounts", "sign_in"}


def test_the_api_knows_no_page():
    for file in (PACKAGE / "api").rglob("*.py"):
        assert not {name for name in imports(file) if name.startswith("ticketing.web")}, file


def test_every_page_stands_in_the_docs(app):
    docs = (ROOT / "docs" / "pages.md").read_text()
    for rule in pages(app):
        shown = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"`{method} {shown}`" in docs, (method, shown)


def test_every_page_says_who_may_ask_for_it(app):
    guarded = [rule for rule in pages(app) if rule.endpoint != "web.static"]
    assert len(guarded) > 30
    for rule in guarded:
        access = app.view_functions[rule.endpoint].access
        assert access.rate, rule
        # whatever changes something says so, and so is looked at for its token
        assert (access.rate == "reads") == (rule.methods == {"GET", "HEAD", "OPTIONS"}), rule
