"""What is used of a library that no release of it has to keep: named, in one place, and pinned."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass

import gunicorn.http.message
import gunicorn.http.parser
import gunicorn.http.wsgi
import pytest
from flask_smorest import Api, Blueprint
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker
from pymongo import MongoClient
from webargs.flaskparser import FlaskParser

import ticketing
from tests.conventions.locks import wanted
from tests.conventions.sources import PACKAGE, files, nodes, text
from ticketing.server.worker import MOST_DRAINED_BYTES
from ticketing.storage.driver.stale_connections import pools


@dataclass(frozen=True)
class Part:
    """A private attribute, whose library it is, and the one file that uses it."""

    library: str
    name: str
    used_in: str


PARTS = [
    Part("pymongo", "_topology", "storage/driver/stale_connections.py"),
    Part("pymongo", "_servers", "storage/driver/stale_connections.py"),
    Part("pymongo", "reset_without_pause", "storage/driver/stale_connections.py"),
    Part("pymongo", "conns", "storage/driver/pool.py"),
    Part("pymongo", "active_sockets", "storage/driver/pool.py"),
    Part("gunicorn", "nr_conns", "server/sharing.py"),
    Part("gunicorn", "wait_for_and_dispatch_events", "server/sharing.py"),
    Part("gunicorn", "SERVER", "server/gunicorn_config.py"),
    Part("gunicorn", "_set_handler", "server/gunicorn_log.py"),
    Part("flask-smorest", "_apidoc", "api/http/blueprints.py"),
    Part("flask-smorest", "_register_responses", "api/http/blueprints.py"),
    Part("flask-smorest", "_register_pagination_header", "api/http/blueprints.py"),
    Part("flask-smorest", "_register_etag_headers", "api/http/blueprints.py"),
    Part("webargs", "_raw_load_json", "api/http/parsing.py"),
]

# marshmallow documents these as the way to make a field, werkzeug the last one for its proxies.
DOCUMENTED = {"_serialize", "_deserialize", "_get_current_object"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_private_part_is_used_in_one_place(part):
    using = [
        str(file.relative_to(PACKAGE))
        for file in files(PACKAGE)
        if re.search(rf"(?<!\w){part.name}\b", text(file))
    ]
    assert using == [part.used_in]


@pytest.mark.parametrize("library", sorted({part.library for part in PARTS}))
def test_its_library_is_held_to_a_minor_version(library):
    (found,) = (r for r in wanted("requirements.in") if r.name == library)
    bounds = {bound.operator: bound.version for bound in found.specifier}

    least, most = (bounds[operator].split(".") for operator in (">=", "<"))

    assert len(least) == len(most) == 2
    assert (most[0], int(most[1])) == (least[0], int(least[1]) + 1)


def test_pymongo_still_has_a_pool_for_each_server():
    with MongoClient("mongodb://127.0.0.1:1/", connect=False) as client:
        client._topology.open()
        (pool,) = pools(client)

        generation = pool.gen.get_overall()
        assert (len(pool.conns), pool.active_sockets) == (0, 0)
        pool.reset_without_pause()
        assert pool.gen.get_overall() == generation + 1


def test_gunicorn_still_counts_connections_and_waits_for_events():
    assert "nr_conns" in ThreadWorker.accept.__code__.co_names
    assert "wait_for_and_dispatch_events" in ThreadWorker.run.__code__.co_names
    assert list(inspect.signature(ThreadWorker.wait_for_and_dispatch_events).parameters) == [
        "self",
        "timeout",
    ]


def test_gunicorn_still_drains_as_much_as_we_count_on():
    assert gunicorn.http.parser._DRAIN_MAX_BYTES == MOST_DRAINED_BYTES
    assert "handle_request" in vars(ThreadWorker)
    assert "force_close" in vars(gunicorn.http.message.Message)


def test_gunicorn_still_names_itself_and_makes_its_handlers_there():
    assert isinstance(gunicorn.http.wsgi.SERVER, str)
    assert "SERVER" in gunicorn.http.wsgi.Response.__init__.__code__.co_names
    assert list(inspect.signature(Logger._set_handler).parameters) == [
        "self",
        "log",
        "output",
        "fmt",
        "stream",
    ]


def test_flask_smorest_still_documents_in_these_places():
    documented = Blueprint("b", __name__).response(200)(lambda: None)

    assert "response" in documented._apidoc
    for name in ("_register_responses", "_register_pagination_header", "_register_etag_headers"):
        assert callable(getattr(Api, name))


def test_webargs_still_loads_json_there():
    assert "_raw_load_json" in FlaskParser.load_json.__code__.co_names


def our_names():
    """Every private name that the package itself gives to something."""
    names = set()
    for file in files(PACKAGE):
        for node in nodes(file):
            if isinstance(node, ast.FunctionDef):
                names.add(node.name)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
    return names - {part.name for part in PARTS}


def test_no_other_private_attribute_of_anything_foreign_is_used():
    known, found = our_names() | DOCUMENTED | {part.name for part in PARTS}, set()
    for file in files(PACKAGE):
        for node in nodes(file):
            if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr):
                found.add(node.attr)

    assert "_topology" in found
    assert found - known == set()


def our_classes():
    for module in pkgutil.walk_packages(ticketing.__path__, "ticketing."):
        if not module.name.endswith(("__main__", "gunicorn_config")):
            for found in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(found) and found.__module__ == module.name:
                    yield found


def test_no_other_private_method_of_anything_foreign_is_overridden():
    overridden = {
        name
        for ours in our_classes()
        for foreign in ours.__mro__[1:]
        if foreign.__module__.partition(".")[0]
        in {"flask_smorest", "gunicorn", "webargs", "limits", "pymongo", "marshmallow"}
        for name in vars(ours).keys() & vars(foreign).keys()
        if re.match(r"_[a-z]", name) and name not in DOCUMENTED
        if inspect.isfunction(vars(ours)[name])
    }

    assert overridden == {
        "_set_handler",
        "_raw_load_json",
        "_register_responses",
        "_register_pagination_header",
        "_register_etag_headers",
    }
