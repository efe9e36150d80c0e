"""The docs show what was measured: tables and chart are made from the figures that are kept."""

from __future__ import annotations

import re
import sys

import pytest

from bench import document
from bench.document import KEPT, PAGES, written
from bench.report.figures import Run
from tests.bench.runs import a_run
from tests.system.server import ROOT

PERFORMANCE = (ROOT / "docs" / "performance.md").read_text()


def test_every_table_and_the_chart_are_what_the_kept_figures_give():
    """`make bench-docs` mends it."""
    stale = [str(path.relative_to(ROOT)) for path, text in written() if path.read_text() != text]

    assert stale == []


def test_each_benchmark_has_its_file():
    assert {Run.read(KEPT / f"{name}.json").benchmark for name in PAGES} == set(PAGES)


def test_the_page_shows_the_chart_and_says_what_it_is():
    (described,) = re.findall(r"!\[(.+)\]\(pictures/bench\.svg\)", PERFORMANCE)

    assert len(described) > 20


def test_the_page_lists_every_benchmark_that_make_has():
    targets = re.findall(r"^(bench[a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    listed = re.findall(r"^\| `make (bench[a-z-]*)", PERFORMANCE, re.MULTILINE)
    assert sorted(listed) == sorted(targets)


def test_the_page_lists_every_benchmark_that_is_a_module():
    """Those that `make` runs, by their target; the others by their name."""
    there = {
        str(file.relative_to(ROOT).with_suffix("")).replace("/", ".")
        for file in (ROOT / "bench").rglob("*.py")
        if '__name__ == "__main__"' in file.read_text()
    }
    made = re.findall(r"-m (bench[a-z_.]*)", (ROOT / "Makefile").read_text())
    named = re.findall(r"`python -m (bench[a-z_.]*)", PERFORMANCE)

    assert there - {*made, *named} == set()
    assert set(named) <= there


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Docs of another place, with a page that has a place for one benchmark."""
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    monkeypatch.setattr(document, "ROOT", tmp_path)
    monkeypatch.setattr(document, "KEPT", tmp_path / "docs" / "pictures")
    monkeypatch.setattr(document, "PAGES", {"bench": "docs/page.md"})
    return tmp_path


PLACE = "before\n<!-- bench: by make bench-docs -->\nold\n<!-- end of bench -->\nafter\n"


def run_document(monkeypatch, *files):
    monkeypatch.setattr(sys, "argv", ["document", *map(str, files)])
    return document.main()


def test_puts_new_figures_where_the_old_ones_were(house, monkeypatch):
    page, new = house / "docs" / "page.md", house / "new.json"
    page.write_text(PLACE)
    a_run().write(new)

    assert run_document(monkeypatch, new) == 0

    told = page.read_text()
    assert told.startswith("before\n<!--")
    assert told.endswith("-->\nafter\n")
    assert "| sale | 1,000 |" in told
    assert "old" not in told
    assert (house / "docs/pictures/bench.json").read_text() == new.read_text()
    assert (house / "docs/pictures/bench.svg").read_text().startswith("<svg ")


def test_says_where_a_page_has_no_place(house, monkeypatch, capsys):
    (house / "docs" / "page.md").write_text("nothing\n")
    a_run().write(house / "new.json")

    assert run_document(monkeypatch, house / "new.json") == 1
    assert "docs/page.md has no place for bench" in capsys.readouterr().err
