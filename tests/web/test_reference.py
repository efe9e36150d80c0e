"""`/docs/`: the API as a page, and what a reader does first."""

from __future__ import annotations

import html
import re

import pytest

from tests.conftest import the_settings
from tests.system.runs import Run, shell
from tests.web.conftest import Reader
from ticketing.app import create_app
from ticketing.server.mongod import free_port
from ticketing.storage.driver.clients import connect
from ticketing.web.presenters.reference import reference_of


@pytest.fixture(scope="module")
def app():
    with connect("mongodb://127.0.0.1:1/", appname="tests") as client:
        yield create_app(the_settings(auth="required"), client)


@pytest.fixture(scope="module")
def reference(app):
    return reference_of(app.test_client().get("/openapi.json").json)


def pages(app, reference):
    client = app.test_client()
    for path in ("/docs/", *(f"/docs/{tag}" for tag in reference.tags)):
        answer = client.get(path)
        assert answer.status_code == 200, path
        yield answer.text


def test_every_operation_has_its_place_and_is_linked_to(app, reference):
    index, *others = pages(app, reference)
    shown = [operation for tag in reference.tags.values() for operation in tag.operations]

    assert len(shown) > 50
    for operation in shown:
        assert f"#{operation.id}" in index
        assert sum(f'id="{operation.id}"' in other for other in others) == 1


def test_every_page_is_in_order_and_loads_nothing_from_elsewhere(app, reference):
    for page in pages(app, reference):
        Reader(page)
        assert not re.search(r'(src|href)="(https?:)?//', page)
        assert "<style" not in page
        assert " style=" not in page


def test_shows_each_code_with_its_words(app, reference):
    index, *_ = pages(app, reference)

    for code in reference.codes:
        assert f"<code>{code.code}</code>" in index
    assert {"sold_out", "busy", "unauthorized"} <= {code.code for code in reference.codes}


def test_tells_where_users_sign_in_how_they_do(app):
    page = app.test_client().get("/docs/").text

    assert "/api/v1/tokens" in page
    assert "Bearer $TOKEN" in page


def test_works_under_a_path(app):
    page = app.test_client().get("/docs/", base_url="http://x.example/tickets").text

    links = re.findall(r'(?:href|src)="(/[^"]*)"', page)
    assert links
    assert [link for link in links if not link.startswith("/tickets/")] == []
    assert "http://x.example/tickets/api/v1/events" in page


def test_knows_no_other_page(app):
    assert app.test_client().get("/docs/nothing").status_code == 404


@pytest.mark.system
def test_what_it_shows_first_works_as_it_is_copied(tmp_path):
    port = free_port()
    with Run(tmp_path, port) as run:
        page = shell(f"curl -s http://127.0.0.1:{port}/docs/")
        shown = [
            html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code>", page, re.S)
        ]
        _, first, sale = shown
        assert '"items"' in shell(first)
        assert '"nTickets":2' in shell(sale)
        assert run.process.poll() is None
