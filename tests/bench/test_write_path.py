"""How long the way of a write through the files of the package is, for whoever reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.load.office import own_office
from bench.micro.write_path import ways
from ticketing.app import create_app

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"

# Files entered, and changes from one to another.
MOST = {"sale": (39, 88), "booking": (46, 119)}

LONGER = (
    "The way of a {} is longer than it was: `python -m bench.micro.write_path --changes` shows it "
    "step by step. Take the detour out; where it is needed, raise the bound and say why."
)


@pytest.fixture(scope="module")
def found():
    with own_office() as office:
        return ways(create_app(office.settings, office.client).test_client())


@pytest.mark.parametrize("write", MOST)
def test_a_write_passes_no_more_files_than_it_did(found, write):
    way, (files, changes) = found[write], MOST[write]

    assert len(way.files) <= files, LONGER.format(write)
    assert way.changes <= changes, LONGER.format(write)


def test_the_page_tells_the_same():
    files, changes = MOST["sale"]

    assert f"passes {files} files, and goes {changes} times" in ARCHITECTURE.read_text()
