"""What keeps the floors and their docs in order, so that nobody has to remember it."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import the_settings
from tests.conventions.sources import PACKAGE, TESTS, files, nodes
from tests.system.server import ROOT
from ticketing.app import create_app
from ticketing.config import NAMES, PREFIX, load
from ticketing.config.settings import DECLARATIONS
from ticketing.storage.driver.clients import connect

# Which floors each floor may use: inwards only.
ALLOWED = {
    "domain": {"domain"},
    "storage": {"storage", "domain"},
    "services": {"services", "storage", "domain", "metrics"},
    "api": {"api", "services", "storage", "domain", "config", "metrics"},
    # Which few things of the API: tests/conventions/test_pages.py.
    "web": {"web", "api", "services", "storage", "domain", "config"},
    "server": {"server", "api", "services", "storage", "config"},
    # The outermost: it reads and writes by the API's schemas.
    "command": {
        "command",
        "app",
        "server",
        "api",
        "web",
        "services",
        "storage",
        "domain",
        "config",
        "__version__",
    },
    "config": {"config"},
    "metrics": set(),
}

# The rooms of the API that have a module for each noun.
ROOMS = ("views", "schemas")

MOST_ENTRIES = 14

# Which libraries a floor has no business with.
FOREIGN = {
    "api": {"pymongo", "bson"},
    "command": {"flask", "bson"},
    "domain": {"flask", "pymongo", "bson", "marshmallow", "time", "random"},
    "services": {"flask", "marshmallow"},
    "storage": {"flask", "marshmallow"},
    "web": {"pymongo", "bson"},
}

# Past the schemas, and in the views, that get what a schema has made of a request.
TYPED = ("domain", "services", "command", "config", "api/views", "web/views", "metrics.py")

# A change of any field; a command of any result.
OF_ANY = {"domain/changes/change_set.py", "domain/commands/command.py", "domain/commands/events.py"}


def imports(file: Path) -> set[str]:
    found = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules() -> list[Path]:
    """All modules on a floor; `app` and `__main__` put the floors together."""
    together = {"__init__.py", "__main__.py", "app.py"}
    return sorted(f for f in files(PACKAGE) if f.parent != PACKAGE or f.name not in together)


def floor_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", modules(), ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_point_inwards(file):
    floor = floor_of(file)
    used = {name.split(".")[1] for name in imports(file) if name.startswith("ticketing.")}
    assert used <= ALLOWED[floor]
    assert not {name.split(".")[0] for name in imports(file)} & FOREIGN.get(floor, set())


def names(file: Path) -> set[str]:
    """Every name that is given in a file: of arguments, attributes and variables."""
    found = set()
    for node in nodes(file):
        found |= {getattr(node, kind, None) for kind in ("id", "attr", "arg")}
    return {name for name in found if isinstance(name, str)}


@pytest.mark.parametrize("floor", ["domain", "services"])
def test_the_inner_floors_speak_no_camel_case(floor):
    inner = [file for file in modules() if floor_of(file) == floor]
    spelled = {name for file in inner for name in names(file)}

    assert len(spelled) > 100
    assert not {name for name in spelled if re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)}


def typed():
    for name in TYPED:
        yield from [PACKAGE / name] if name.endswith(".py") else files(PACKAGE / name)


def says_any(file):
    """Whether `Any` stands in a file, be it as a type or in one: `dict[str, Any]`."""
    return any(isinstance(node, ast.Name) and node.id == "Any" for node in nodes(file))


def test_past_the_schemas_everything_has_a_type():
    of_any = {str(file.relative_to(PACKAGE)) for file in typed() if says_any(file)}

    assert len(list(typed())) > 120
    assert of_any == OF_ANY


def test_nothing_fetches_addresses():
    """But for the greeting of `run`, which asks itself whether it is ready."""
    fetchers = {"urllib.request", "http.client", "requests", "httpx", "aiohttp"}
    for file in modules():
        if file.name != "running.py":
            assert not {n for n in imports(file) for f in fetchers if n.startswith(f)}, file


def test_every_line_of_the_security_page_points_to_a_test():
    named = re.findall(r"`(tests/\S+?)::(\w+)`", (ROOT / "docs" / "security.md").read_text())
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), (file, test)


def test_every_test_that_the_docs_name_is_there():
    named = [
        found
        for file in ROOT.glob("docs/*.md")
        for found in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", file.read_text())
    ]
    assert len(named) > 30
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), (file, test)


def test_has_no_room_for_odds_and_ends():
    names = {file.stem for file in modules()}
    assert not names & {"utils", "helpers", "common", "manager", "base", "misc"}


def entries(folder: Path) -> set[str]:
    return {thing.name for thing in folder.iterdir()} - {"__pycache__", "__init__.py"}


def test_every_folder_holds_no_more_than_one_look_can():
    folders = {
        file.parent
        for root in (PACKAGE, TESTS, ROOT / "bench")
        for file in root.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    crowded = {
        str(folder.relative_to(ROOT)): len(entries(folder))
        for folder in folders
        if len(entries(folder)) > MOST_ENTRIES
    }

    assert len(folders) > 60
    assert crowded == {}
    assert len([thing for thing in (PACKAGE / "api").iterdir() if thing.is_dir()]) <= 8


def test_what_is_no_program_is_shipped_too():
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = known["tool"]["setuptools"]["package-data"]["ticketing"]
    shipped = {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    others = {file for file in PACKAGE.rglob("*.*") if file.suffix not in (".py", ".pyc")}
    assert len(others) > 30
    assert others <= shipped


def test_views_and_schemas_have_the_same_nouns():
    views, schemas = ({file.stem for file in files(PACKAGE / "api" / room)} for room in ROOMS)

    assert views - schemas == {"metrics"}, "Prometheus has a format of its own"
    assert schemas - views == {"fields", "inputs", "pages"}


def routed() -> list[ast.FunctionDef]:
    """The views of the API, each below its route."""
    return [
        node
        for room in ("views", "legacy")
        for file in files(PACKAGE / "api" / room)
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef)
        if any("blp." in ast.unparse(decorator) for decorator in node.decorator_list)
    ]


def test_a_view_presents_one_result_in_one_place():
    views = routed()
    several = [
        view.name
        for view in views
        if sum(isinstance(node, ast.Return) for node in ast.walk(view)) != 1
    ]

    assert len(views) > 40
    assert several == []


def test_no_test_takes_more_than_a_screen():
    for file in files(TESTS):
        for node in nodes(file):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 50, (file, node.name)


def test_every_package_says_what_it_is_for():
    for file in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(nodes(file)[0]), file


@pytest.fixture(scope="module")
def app():
    with connect("mongodb://127.0.0.1:1/", appname="tests") as client:
        yield create_app(the_settings(), client)


def routes(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("web."):
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def test_every_route_stands_in_the_docs(app):
    docs = (ROOT / "docs" / "api.md").read_text()
    for method, rule in routes(app):
        if rule.startswith("/docs/"):
            continue
        assert f"`{method} {rule.replace('<id>', '{id}')}`" in docs, (method, rule)


def test_every_route_stands_in_the_openapi_document(app):
    paths = app.test_client().get("/openapi.json").json["paths"]
    for method, rule in routes(app):
        if rule.startswith(("/docs", "/openapi")):
            continue
        assert method.lower() in paths[rule.replace("<id>", "{id}")], (method, rule)


def test_every_error_code_stands_in_the_docs():
    docs = (ROOT / "docs" / "api.md").read_text()
    codes = re.findall(r'code = "(\w+)"', (PACKAGE / "domain" / "errors.py").read_text())
    assert len(codes) > 20
    assert [code for code in codes if f"`{code}`" not in docs] == []


def settings() -> set[str]:
    """Every variable that is read."""
    return {PREFIX + variable for declared in DECLARATIONS.values() for variable in declared.reads}


class Recorded(dict):
    """An environment that knows which of our variables it was asked for."""

    def __init__(self) -> None:
        super().__init__({f"{PREFIX}AUTH": "open"})
        self.asked = set()

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)


def test_every_setting_that_is_read_is_known_and_the_other_way_round(monkeypatch):
    environment = Recorded()
    monkeypatch.setattr(os, "environ", environment)

    load(env_file=None)

    assert len(settings()) > 10
    assert environment.asked == settings() == {PREFIX + name for name in NAMES}


def test_every_setting_stands_in_the_docs_and_in_the_example():
    page = (ROOT / "docs" / "configuration.md").read_text()
    explained = re.findall(r"^\| `(TICKETING_[A-Z_]+)` \|", page, re.MULTILINE)
    example = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^#?(TICKETING_[A-Z_]+)=", example, re.MULTILINE)

    assert sorted(explained) == sorted(listed) == sorted(settings())


def test_the_example_is_good_as_it_is_and_shows_the_defaults(tmp_path, monkeypatch):
    """But for what has none: a secret of one's own, and a MongoDB."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"{PREFIX}SECRET_KEY", "Zq8vT2mXw5nLk9dRb3yHc7jF4sGp6aQe")
    defaults = load()

    example = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(re.sub(r"^#(TICKETING_)", r"\1", example, flags=re.MULTILINE))
    shown = load()

    assert replace(shown, mongodb_uri=None) == defaults


def test_the_docs_name_no_setting_that_is_not_there():
    named = set()
    delivered = [
        ROOT / name for name in ("README.md", ".env.example", "compose.yaml", "Dockerfile")
    ]
    for file in [*delivered, *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*")]:
        named |= set(re.findall(r"\bTICKETING_[A-Z_]+\b", file.read_text()))
    assert named - settings() == set()


def test_every_link_between_the_docs_leads_somewhere():
    for file in [*ROOT.glob("*.md"), *ROOT.rglob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
            assert (file.parent / target).exists(), (file, target)


def test_every_decision_has_its_number():
    numbers = [int(file.name[:4]) for file in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_makefile_explains_each_target():
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    assert targets == explained
