"""What is written out, and what it takes."""

from __future__ import annotations

import csv
import io
import json
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import click
import pytest
from pymongo.errors import OperationFailure

from tests.domain.builders import ADA, GRACE, a_new_event, book, sell
from ticketing.command.exchange import walks
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.errors import EventNotFound
from ticketing.domain.identity.caller import Caller

CALLER = Caller("ada", "r1")


@pytest.fixture
def e1(handler):
    commands = [
        a_new_event(capacity=5), sell(1, "s1"), book(ADA, 2, booking="b1"),
        book(GRACE, booking="b2"), Cancel("b1"),
    ]  # fmt: skip
    for command in commands:
        handler.execute(command, on="e1", caller=CALLER)
    handler.execute(a_new_event(day=date(2031, 1, 1)), on="e2", caller=CALLER)


def rows(text):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.usefixtures("e1")
@pytest.mark.parametrize(
    ("what", "ids"),
    [("events", ["e1", "e2"]), ("bookings", ["b1", "b2"]), ("transactions", ["s1"])],
)
def test_writes_what_the_api_shows(command, api, what, ids):
    shown = {row["id"]: row for row in api.get(f"/api/v1/{what}").json["items"]}

    as_csv = rows(command("export", what).printed)
    as_json = [
        json.loads(line)
        for line in command("export", what, "--format", "ndjson").printed.splitlines()
    ]

    assert [row["id"] for row in as_csv] == [row["id"] for row in as_json] == ids
    for cells, row in zip(as_csv, as_json, strict=True):
        assert row == {
            name: value for name, value in shown[row["id"]].items() if name != "position"
        }
        for name, value in row.items():
            assert cells[name] == ("" if value is None else str(value))


@pytest.mark.usefixtures("e1")
def test_writes_the_audit_of_all_events_or_of_one(command):
    entries = rows(command("export", "audit").printed)
    of_one = rows(command("export", "audit", "--event", "e2").printed)

    assert [(e["event"], e["action"]) for e in entries if e["event"] == "e2"] == [("e2", "created")]
    assert [e["sequence"] for e in entries if e["event"] == "e1"] == list("12345")
    assert json.loads(entries[0]["changes"])["capacity"] == [None, 5]
    assert of_one == [e for e in entries if e["event"] == "e2"]
    with pytest.raises(EventNotFound):
        command("export", "audit", "--event", "e3")


def test_guards_what_a_spreadsheet_would_calculate(command, handler):
    for number, name in enumerate(["=1+1", "'=1+1", "'round midnight"], start=1):
        new = a_new_event(name=name, day=date(2030, 1, number))
        handler.execute(new, on=f"e{number}", caller=CALLER)

    names = [row["name"] for row in rows(command("export", "events").printed)]

    assert names == ["'=1+1", "''=1+1", "'round midnight"]


@pytest.fixture
def breaks_off(mongo):
    """MongoDB fails all reads after so many."""

    def fail(after):
        data = {"failCommands": ["find"], "errorCode": 13}
        mongo.admin.command(
            {"configureFailPoint": "failCommand", "mode": {"skip": after}, "data": data}
        )

    yield fail
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


def test_leaves_nothing_half_written(command, handler, tmp_path, monkeypatch, breaks_off):
    handler.execute(a_new_event(capacity=100), on="e1", caller=CALLER)
    for number in range(40):
        handler.execute(sell(1, f"s{number}"), on="e1", caller=CALLER)
    monkeypatch.setattr(walks, "PAGE", 1)
    file = tmp_path / "sales.csv"
    command("export", "transactions", "--output", file)
    before = file.read_bytes()
    assert before.count(b"\n") == 41

    breaks_off(20)
    with pytest.raises(OperationFailure):
        command("export", "transactions", "--output", file)

    assert file.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["sales.csv"]


@pytest.mark.usefixtures("e1")
def test_leaves_a_pipe_what_it_is(command, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(pipe.read_text)
        command("export", "events", "--output", pipe)

        assert [row["id"] for row in rows(heard.result())] == ["e1", "e2"]
    assert pipe.is_fifo()


def test_says_in_a_sentence_where_it_can_not_write(command, tmp_path):
    with pytest.raises(click.ClickException, match="can't be written: No such file or directory"):
        command("export", "events", "--output", tmp_path / "nowhere" / "events.csv")


@pytest.mark.usefixtures("e1")
def test_gives_every_row_once_however_many_pages_there_are(command, handler, monkeypatch):
    monkeypatch.setattr(walks, "PAGE", 2)
    for number in range(7):
        event = "e1" if number % 2 else "e2"
        handler.execute(sell(1, f"more{number}"), on=event, caller=CALLER)

    of_e2 = {f"more{number}" for number in range(0, 7, 2)}
    of_all = {"s1", *(f"more{number}" for number in range(7))}
    for event, wanted in (((), of_all), (("--event", "e2"), of_e2)):
        found = [row["id"] for row in rows(command("export", "transactions", *event).printed)]
        assert (len(found), {*found}) == (len(wanted), wanted)


def many(db, number):
    """So many bookings of e1, as the service writes them: copies of one that it has written."""
    written = db.bookings.find_one({"_id": "b2"})
    customer = db.customers.find_one({"_id": written["customer"]})
    for first in range(0, number, 1000):
        numbers = range(first, min(first + 1000, number))
        db.customers.insert_many(
            [{**customer, "_id": f"c{n}", "key": f"c{n}@example.org"} for n in numbers]
        )
        db.bookings.insert_many(
            [
                {**written, "_id": f"more{n}", "customer": f"c{n}", "sequence": 100 + n}
                for n in numbers
            ]
        )


@pytest.mark.usefixtures("e1")
@pytest.mark.parametrize("event", [(), ("--event", "e1")], ids=["all", "one"])
def test_takes_no_more_memory_for_more_rows(command, db, tmp_path, monkeypatch, event):
    monkeypatch.setattr(walks, "PAGE", 100)
    peaks = []
    for number in (1_000, 4_000):
        db.bookings.delete_many({"_id": {"$regex": "^more"}})
        db.customers.delete_many({"_id": {"$regex": "^c[0-9]"}})
        many(db, number)
        file = tmp_path / "bookings.csv"
        command("export", "bookings", "--output", file, *event)  # what is made once is there
        tracemalloc.start()
        command("export", "bookings", "--output", file, *event)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert file.read_bytes().count(b"\n") == number + 3

    assert peaks[1] < 1.3 * peaks[0]
