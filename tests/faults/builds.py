"""Builds of the service with something changed, to see whether the harness notices.

Each is a copy of the code in which pieces of text are replaced, each exactly once.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.system.server import ROOT


class Change(NamedTuple):
    """In a file below `ticketing/`, what stands there, and what is to stand there instead."""

    file: str
    old: str
    new: str


# Workers that are a day behind, right, and a day ahead, in turn.
CLOCKS: Sequence[Change] = (
    Change("storage/driver/units_of_work.py", "def utc_now()", "DAYS = 0\n\n\ndef utc_now()"),
    Change(
        "storage/driver/units_of_work.py",
        "    time_ = datetime.now(UTC)\n",
        "    from datetime import timedelta\n    time_ = datetime.now(UTC) + timedelta(DAYS)\n",
    ),
    Change(
        "server/gunicorn_config.py",
        "    running = background.start",
        "    __import__('ticketing.storage.driver.units_of_work', fromlist=['']).DAYS = "
        "worker.age % 3 - 1\n    running = background.start",
    ),
)

MUTANTS: dict[str, Sequence[Change]] = {
    "no transaction": (
        Change(
            "storage/driver/units_of_work.py",
            "            session.start_transaction(_SNAPSHOT, _MAJORITY, ReadPreference.PRIMARY)\n",
            "            return work(session)\n",
        ),
    ),
    "answers before the commit": (
        Change(
            "storage/driver/units_of_work.py",
            "        with deadline(seconds), client.start_session() as session:\n",
            "        session = client.start_session()\n        with deadline(seconds):\n",
        ),
        Change(
            "storage/driver/units_of_work.py",
            "            _commit(session, client)\n            return",
            "            __import__('threading').Timer(0.03, _commit, [session, client]).start()\n"
            "            return",
        ),
    ),
    "w:1": (
        Change(
            "storage/driver/units_of_work.py",
            'WriteConcern("majority", j=True)',
            "WriteConcern(1)",
        ),
    ),
    # The sequence in the filter, the snapshot, and the status of a booking that is cancelled: any
    # of the three alone would do, so all of them are out, and the locks that keep workers apart.
    "no fence": (
        Change("storage/writes/change_sets.py", '            "sequence": before.sequence,\n', ""),
        Change(
            "storage/writes/change_sets.py",
            "        session=session,\n    )\n    if updated is None",
            "    )\n    if updated is None",
        ),
        Change(
            "storage/writes/read_sets.py",
            "events.find(db, event_id, session)",
            "events.find(db, event_id)",
        ),
        Change(
            "storage/writes/change_sets.py",
            ', "status": before.status, "tickets": before.tickets}',
            "}",
        ),
        Change("services/writes/host_lock.py", "self._take(zlib", "_ = (zlib"),
    ),
    "the last who came is served first": (
        Change(
            "domain/changes/change_set.py",
            "in read_set.queue)\n",
            "in read_set.queue[::-1])\n",
        ),
    ),
    "newcomers jump the queue": (
        Change(
            "domain/commands/bookings.py",
            "        if event.waiting or event.available == 0:\n",
            "        if event.available == 0:\n",
        ),
    ),
    "one ticket more than there are": (
        Change("domain/events.py", " self.capacity - self.sold", " self.capacity + 1 - self.sold"),
        Change("storage/writes/change_sets.py", 'values.get("capacity", "$capacity")', "10**9"),
        Change("storage/migrations/schema.py", '{"$lte": ["$sold", "$capacity"]}', "True"),
    ),
    "no audit": (
        Change(
            "storage/writes/change_sets.py",
            "    append_audit(db, decision.entries, session)\n",
            "",
        ),
    ),
    "no idempotency": (
        Change(
            "services/writes/transaction.py",
            "idempotency.insert_many(self.db, batch.records, session)",
            "pass",
        ),
    ),
}  # fmt: skip


def build(folder: Path, changes: Sequence[Change]) -> Path:
    """Copy the service into a folder and change it; raises LookupError for what is not there."""
    root = folder / "build"
    shutil.copytree(
        ROOT / "ticketing",
        root / "ticketing",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for change in changes:
        file = root / "ticketing" / change.file
        text = file.read_text()
        if text.count(change.old) != 1:
            raise LookupError(f"{change.file}: {text.count(change.old)} times: {change.old}")
        file.write_text(text.replace(change.old, change.new))
    return root
