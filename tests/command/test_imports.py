"""What is brought in: all of a file, or nothing."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.domain.builders import a_new_event
from ticketing.command.exchange import formats
from ticketing.domain.identity.caller import Caller
from ticketing.services import imports
from ticketing.services.verification import verify

CALLER = Caller("ada", "r1")
HEAD = "name,date,capacity,costPerTicket,venue\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="events.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return write


def names(db):
    return [event["name"] for event in db.events.find().sort("day")]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["bare", "marked"])
def test_adds_the_events_of_a_table(command, file, db, mark):
    text = (
        mark + HEAD + 'Gala,31/10/2024,100,12.50,"The ""Hall"", left"\r\nBall,2024-11-01,5,0,\r\n'
    )

    done = command("import", file(text))

    assert (done.code, done.printed, done.said) == (0, "2 events added.\n", "")
    gala, ball = db.events.find().sort("day")
    assert (gala["name"], gala["day"], gala["capacity"]) == ("Gala", "2024-10-31", 100)
    assert (gala["price"], gala["venue"]) == (1250, 'The "Hall", left')
    assert (ball["price"], ball["venue"]) == (0, None)
    assert {entry["actor"] for entry in db.audit.find()} == {"command line"}
    assert list(verify(db)) == []


def test_adds_the_events_of_json_lines(command, file, db):
    rows = [
        {"name": "Gala", "date": "2024-10-31", "capacity": 100, "costPerTicket": 12.5},
        {"name": "Ball", "date": "2024-11-01", "capacity": 5, "costPerTicket": 0, "venue": "Hall"},
    ]

    done = command("import", file("\n".join(map(json.dumps, rows)), "events.ndjson"))

    assert done.code == 0
    assert names(db) == ["Gala", "Ball"]


@pytest.mark.parametrize("format_", formats.FORMATS)
def test_takes_in_what_an_export_has_written(command, handler, db, tmp_path, format_):
    for number, name in enumerate(["Gala", "=1+1", "'=1+1", 'a,"b"'], start=1):
        new = a_new_event(name=name, day=date(2030, 1, number), venue=None if number > 2 else "=V")
        handler.execute(new, on=f"e{number}", caller=CALLER)
    command("export", "events", "--format", format_, "--output", tmp_path / f"all.{format_}")
    before = list(db.events.find({}, {"_id": 0, "name": 1, "venue": 1, "day": 1, "price": 1}))
    db.events.delete_many({})
    db.audit.delete_many({})

    assert command("import", tmp_path / f"all.{format_}").code == 0

    fields = {"_id": 0, "name": 1, "venue": 1, "day": 1, "price": 1}
    assert list(db.events.find({}, fields).sort("day")) == before


# What is wrong with a file, and what is said of it.
BAD = {
    "a field": ("Gala,2024-10-31,0,5,\n", "line 2: capacity: Must be"),
    "a number": ("Gala,2024-10-31,ten,5,\n", "line 2: capacity: Not a whole number."),
    "a day": ("Gala,31.10.2024,5,5,\n", "line 2: date: "),
    "a missing field": (",2024-10-31,5,5,\n", "line 2: name: Missing data"),
    "a day twice": (
        "Gala,2024-10-31,5,5,\nBall,31/10/2024,5,5,\n", "line 3: date: the day is taken by line 2."
    ),
    "too few cells": ("Gala,2024-10-31\n", "line 2: There are 2 cells under 5 columns."),
    "broken quotes": ('Gala,2024-10-31,5,5,"a"b\n', "line 2: This is not CSV"),
    "a quote without end": ('Gala,2024-10-31,5,5,"a\n', "This is not CSV"),
    "another alphabet": (b"Gala\xff,2024-10-31,5,5,\n", "line 2: The line is not UTF-8."),
    "a long line": ("G" * 70_000 + ",2024-10-31,5,5,\n", "line 2: The line is longer than"),
    "nothing": ("", "There is no event in the file."),
}  # fmt: skip


@pytest.mark.parametrize("flags", [(), ("--dry-run",)], ids=["really", "dry"])
@pytest.mark.parametrize(("lines", "said"), BAD.values(), ids=BAD.keys())
def test_names_every_bad_line_and_changes_nothing(command, file, db, lines, said, flags):
    good = HEAD.encode() + (lines if isinstance(lines, bytes) else lines.encode())
    good += b"Fair,2024-12-24,5,5,\n" if said != BAD["nothing"][1] else b""

    done = command("import", file(good), *flags)

    assert done.code == 1
    assert said in done.said
    assert done.said.endswith("Nothing was added.\n")
    assert names(db) == []


def test_names_all_of_them_at_once(command, file):
    lines = "".join(
        f"Gala,2024-10-{day},{capacity},5,\n" for day, capacity in ((1, 5), (2, 5), (10, 0))
    )

    said = command("import", file(HEAD + lines), "--dry-run").said.splitlines()

    assert [line.partition(":")[0] for line in said] == ["line 2", "line 3", "line 4", "Bad lines"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]\n", "line 1: The line is not a JSON object."),
        ('{"name": 1}\n', "line 1: name: Not a string."),
        ('{"name": "a", "name": "b"}\n', "line 1: A key occurs twice"),
        ('{"colour": "red"}\n', "colour: Unknown field."),
        ('{"status": "cancelled"}\n', "line 1: status: an event that was called off"),
    ],
)
def test_takes_json_as_strictly_as_the_api(command, file, db, text, said):
    done = command("import", file(text, "events.ndjson"))

    assert done.code == 1
    assert said in done.said
    assert names(db) == []


@pytest.mark.parametrize("flags", [(), ("--dry-run",)], ids=["really", "dry"])
def test_changes_nothing_where_one_day_is_taken(command, file, db, handler, flags):
    handler.execute(a_new_event(day=date(2024, 11, 1)), on="e1", caller=CALLER)
    entries = db.audit.count_documents({})

    done = command("import", file(HEAD + "Gala,2024-10-31,5,5,\nBall,2024-11-01,5,5,\n"), *flags)

    assert done.code == 1
    assert done.said.startswith("line 3: ")
    assert names(db) == ["Charity Auction"]
    assert db.audit.count_documents({}) == entries


def test_a_dry_run_changes_nothing_where_all_is_well(command, file, db):
    done = command("import", file(HEAD + "Gala,2024-10-31,5,5,\n"), "--dry-run")

    assert (done.code, done.printed) == (0, "1 event could be added; nothing was.\n")
    assert names(db) == []


def test_a_commit_that_breaks_in_the_middle_changes_nothing(command, file, db, mongo):
    """The third of three audit entries is refused by MongoDB."""
    lines = "".join(f"Gala,2024-10-0{day},5,5,\n" for day in (1, 2, 3))
    data = {"failCommands": ["insert"], "errorCode": 13}
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": {"skip": 5}, "data": data})
    try:
        with pytest.raises(Exception, match="failCommand"):
            command("import", file(HEAD + lines))
    finally:
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

    assert names(db) == []
    assert db.audit.count_documents({}) == 0


def test_takes_no_more_than_goes_into_one_commit(command, file, db, monkeypatch):
    first = date(2030, 1, 1).toordinal()
    days = [date.fromordinal(first + number).isoformat() for number in range(imports.MOST + 1)]

    def table(days):
        return file(HEAD + "".join(f"Gala,{day},5,5,\n" for day in days))

    assert "At most 366 events" in command("import", table(days)).said
    assert names(db) == []
    assert command("import", table(days[:-1])).printed == "366 events added.\n"
    assert db.events.count_documents({}) == db.audit.count_documents({}) == imports.MOST
