"""`verify --head` compares what somebody has noted down; and so can anybody without the service."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import click
import pytest

from tests.domain.builders import ADA, GRACE, a_new_event, book, named, sell
from tests.services.writes.chained import as_before, chain_anew, heads_of
from tests.system.server import ROOT
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.commands.events import Change
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.identity.caller import Caller

CALLER = Caller("ada", "r1")
ZEROS = "0" * 64


@pytest.fixture
def heads(db, handler):
    """What somebody has noted of two events."""
    for id_ in ("e1", "e2"):
        for command in (a_new_event(day=None, price=1250), sell(1), sell(2)):
            handler.execute(command, on=id_, caller=CALLER)
    return [f"{id_}:{head}" for id_ in ("e1", "e2") for head in heads_of(db, id_).values()]


def verify(command, heads, *more):
    return command("verify", *more, *(part for head in heads for part in ("--head", head)))


def test_says_that_all_is_as_it_was_noted(command, heads):
    done = verify(command, heads)

    assert done.code == 0
    assert done.printed == (
        "Heads that were noted: 6, not as noted: 0.\n"
        "Read 2 events and 6 audit entries: all agree.\n"
    )


def test_names_event_sequence_noted_and_stored(command, heads, db):
    stored = heads_of(db, "e1")[2].partition(":")[2]

    done = verify(command, [*heads, f"e1:2:{ZEROS}", f"e1:9:{ZEROS}", f"e3:1:{ZEROS}"])

    assert done.code == 1
    assert done.printed == (
        f"event e1: head 2 was noted as {ZEROS}, and is stored as {stored}\n"
        f"event e1: head 9 was noted as {ZEROS}, and there is no entry 9 any more\n"
        f"event e3: head 1 was noted as {ZEROS}, and there is no entry 1 any more\n"
        "Heads that were noted: 9, not as noted: 3.\n"
        "Read 2 events and 6 audit entries: differences: 3.\n"
    )


def test_reads_the_heads_of_a_file(command, heads, tmp_path):
    file = tmp_path / "heads"
    file.write_text("\ufeff" + "\r\n\n".join([*heads, f"e2:3:{ZEROS}"]))

    done = command("verify", "--heads", file)

    assert done.code == 1
    assert "Heads that were noted: 7, not as noted: 1." in done.printed
    assert verify(command, heads[:1], "--heads", file).printed.startswith("event e2: head 3 was")


def test_looks_at_one_event_alone_with_its_heads(command, heads):
    done = verify(command, heads[:3], "--event", "e1")

    assert (done.code, done.printed.splitlines()[-1]) == (
        0,
        "Read 1 event and 3 audit entries: all agree.",
    )
    with pytest.raises(click.UsageError, match="another event"):
        verify(command, heads, "--event", "e1")


def test_a_head_of_an_event_that_is_gone_is_a_difference_and_not_nothing(command, db):
    done = verify(command, [f"e1:1:{ZEROS}"], "--event", "e1")

    assert done.code == 1
    assert "there is no entry 1 any more" in done.printed
    assert verify(command, [f"e1:1:{ZEROS}"]).code == 1


@pytest.mark.parametrize("text", ["", "e1", f"1:{ZEROS}", f"e1:{ZEROS}", f"e1:1:{ZEROS}0", "a:b:c"])
def test_says_what_is_no_head(command, text, tmp_path):
    file = tmp_path / "heads"
    file.write_text(f"e1:1:{ZEROS}\n{text or '-'}\n")

    with pytest.raises(click.UsageError, match=r"--head: .* is no"):
        verify(command, [text])
    with pytest.raises(click.UsageError, match=r"heads, line 2: .* is no"):
        command("verify", "--heads", file)


def test_says_how_many_entries_no_hash_protects(command, heads, db, handler):
    as_before(db, handler, "e2", Change({"name": "Ball"}), CALLER)

    done = verify(command, heads)

    assert done.code == 0
    assert "Read 2 events and 7 audit entries, 1 of them without a hash: all agree." in done.printed


def test_goes_on_with_what_was_noted_after_an_interruption(command, heads, tmp_path, db):
    """The heads are compared at the end, however often it began."""
    file = tmp_path / "state"
    as_it_was = verify(command, heads, "--resume", file)
    assert (as_it_was.code, file.exists()) == (0, False)

    chain_anew(db, "e1")
    done = verify(command, [f"e1:3:{ZEROS}"], "--resume", file)

    assert (done.code, file.exists()) == (1, False)


def test_a_sale_of_the_command_says_what_proves_it(command, heads, db):
    done = command("sell", "e1", "2")

    assert done.printed.startswith("Sold 2 for 25: transaction ")
    assert done.said == f"Proof: e1:{heads_of(db, 'e1')[4]}\n"


def the_program():
    """What docs/operations.md says to whoever wants to compute the hashes without the service."""
    page = (ROOT / "docs" / "operations.md").read_text()
    (text,) = re.findall(r"```python\n(import hashlib.*?)```", page, re.S)
    return text


def recomputed(tmp_path, rows):
    file = tmp_path / "audit.ndjson"
    file.write_text("".join(rows))
    done = subprocess.run(
        [sys.executable, "-c", the_program(), str(file)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.fixture
def exported(command, heads, db, handler):
    """Of all kinds: prices with cents, old and new values, somebody else's writing in between."""
    book_ada = book(named("Ada Ümläut"), 2, booking="b1")
    for asked in (book_ada, Transfer("b1", named("grace")), Change({"price": 1999, "venue": ""})):
        handler.execute(asked, on="e1", caller=Caller("zoë\u2028", "r\u00e9"))
    as_before(db, handler, "e1", book(ADA, booking="b2"), CALLER)
    for asked in (Change({"day": None, "name": "Ball"}), Cancel("b1"), book(GRACE, booking="b3")):
        handler.execute(asked, on="e1", caller=CALLER)
    return re.findall(r".*\n", command("export", "audit", "--format", "ndjson").printed)


def test_anybody_can_compute_the_hashes_from_the_export(tmp_path, exported, db):
    hashes = [json.loads(row)["hash"] for row in exported]
    assert (len(hashes), hashes.count(None)) == (13, 1)

    heads = [f"{id_}:{head}" for id_ in ("e1", "e2") for head in heads_of_chained(db, id_)]
    assert recomputed(tmp_path, exported) == [heads[-4], heads[-1]]


def heads_of_chained(db, id_):
    found = db.audit.find({"event": id_, "hash": {"$exists": True}}).sort("sequence")
    return [f"{entry['sequence']}:{entry['hash']}" for entry in found]


@pytest.mark.parametrize(
    ("field", "value"),
    [("actor", "nobody"), ("total", 12.51), ("customerId", "c"), ("at", "2024-10-01T00:00:00.000Z"),
     ("changes", {})],
)  # fmt: skip
def test_and_sees_what_was_changed_in_it(tmp_path, exported, field, value):
    row = {**json.loads(exported[4]), field: value}
    exported[4] = json.dumps(row, ensure_ascii=False) + "\n"

    assert recomputed(tmp_path, exported)[0] == f"e1: entry {row['sequence']} has another hash"
