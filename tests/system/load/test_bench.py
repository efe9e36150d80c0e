"""`make bench-quick` fails where something is wrong, with a sentence that says what."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace

import pytest

from bench import rush
from bench.load import scenarios as real
from bench.load.wrk import Asked

pytestmark = pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")


def run(monkeypatch, file, only: str) -> int:
    monkeypatch.setattr(sys, "argv", ["rush", "--quick", "--only", only, "--json", str(file)])
    return rush.main()


def test_asks_and_keeps_what_is_measured(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, tmp_path / "bench.json", "cancelled") == 0

    kept = json.loads((tmp_path / "bench.json").read_text())
    booking, storm = kept["lines"]
    assert [booking["name"], storm["name"]] == ["booking", "cancelled, the next served"]
    assert storm["requests"] <= kept["arguments"]["cancellations"]
    assert sum(booking["groups"].values()) == booking["commits"] > 0
    assert booking["transactions"] >= booking["commits"]
    assert booking["group"] >= 1
    assert booking["python_ms"] > 0
    assert booking["mongod_ms"] > 0
    assert storm["ratio"] > 0
    assert kept["books"].endswith("verify agrees")
    assert "verify agrees" in capsys.readouterr().out


def test_fails_where_an_answer_is_not_the_expected_one(monkeypatch, tmp_path, capsys):
    def broken(*arguments):
        all_ = real.scenarios(*arguments)
        gone = Asked("GET", "/api/v1/events/nowhere/status")
        return [replace(s, asked=gone) if s.name == "status" else s for s in all_]

    monkeypatch.setattr(rush, "scenarios", broken)

    assert run(monkeypatch, tmp_path / "bench.json", "status, one token") == 1

    said = capsys.readouterr().err
    assert said.startswith("status (GET /api/v1/events/nowhere/status): ")
    assert "were not 200 as expected; the first was 404" in said
    assert not (tmp_path / "bench.json").exists()


def test_fails_where_the_books_do_not_agree(monkeypatch, tmp_path, capsys):
    ask = rush.Rounds.run

    def spoil(self, *arguments):
        lines = ask(self, *arguments)
        self._office.db.audit.delete_one({"event": real.HOT, "action": "sold"})
        return lines

    monkeypatch.setattr(rush.Rounds, "run", spoil)

    assert run(monkeypatch, tmp_path / "bench.json", "statistics") == 1
    assert "but bookings" in capsys.readouterr().err
