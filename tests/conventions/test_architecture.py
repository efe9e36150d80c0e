"""The drawing of the architecture names what is there."""

from __future__ import annotations

import re

import pytest

from tests.system.server import ROOT

PAGES = [ROOT / "docs" / "architecture.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
NAMED = re.compile(r"`((?:ticketing|tests|bench)/[\w/.]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page):
    missing = [name for name in NAMED.findall(page.read_text()) if not (ROOT / name).exists()]
    assert missing == []


def test_the_readme_leads_to_it_on_its_first_screen():
    first_screen = (ROOT / "README.md").read_text().splitlines()[:20]
    assert "docs/architecture.md" in "\n".join(first_screen)


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_every_decision_says_when_it_was_made_and_what_was_rejected(page):
    title, status, *_ = page.read_text().split("\n\n")

    assert re.match(rf"# {int(page.name[:4])}\. ", title)
    assert re.match(r"Status: (accepted|replaced by ADR \d+), \d{1,2} \w+ 20\d\d\.", status)
    assert re.findall("^## (.*)", page.read_text(), re.MULTILINE) == [
        "Context",
        "Rejected",
        "Decision",
        "Consequences",
    ]


def test_the_drawing_of_the_write_path_names_what_is_there():
    """Its lines begin with `module.name`, of the package or of another floor."""
    drawing = (ROOT / "ticketing" / "services" / "writes" / "__init__.py").read_text()
    named = re.findall(
        r"\b((?:storage|domain)\.[a-z_.]+|(?:handler|queue|host_lock|batch|recovery)\.[A-Z]\w+)",
        drawing,
    )

    assert len(named) > 9
    for dotted in named:
        *path, name = dotted.split(".")
        package = (
            ROOT / "ticketing" / ("" if path[0] in ("storage", "domain") else "services/writes")
        )
        module = package.joinpath(*path).with_suffix(".py")
        whole = package.joinpath(*path, name).with_suffix(".py")
        assert whole.exists() or re.search(rf"(def|class) {name}\b", module.read_text()), dotted
