"""The command in this process, on the tests' MongoDB."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from ticketing.command.main import group
from ticketing.server import logs


@dataclass(frozen=True)
class Ran:
    """What a command ended with, printed, and said of itself."""

    code: int
    printed: str
    said: str


@pytest.fixture
def command(mongodb_uri, db, monkeypatch):
    """Run a command to its end; what it refuses is raised."""
    # What it sets for its own process would hold for all tests after it in this one.
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    settings = {"TICKETING_MONGODB_URI": mongodb_uri, "TICKETING_DATABASE": db.name}

    def run(*arguments, answers=None):
        done = CliRunner().invoke(
            group, [*map(str, arguments)], input=answers, env=settings, standalone_mode=False
        )
        if done.exception:
            raise done.exception
        return Ran(done.return_value or 0, done.stdout, done.stderr)

    return run
