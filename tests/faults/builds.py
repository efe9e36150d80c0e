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
    Change("app.py", "VIEWS = (", "DAYS = 0\nVIEWS = ("),
    Change(
        "app.py",
        "    time = datetime.now(UTC)\n",
        "    from datetime import timedelta\n    time = datetime.now(UTC) + timedelta(DAYS)\n",
    ),
    Change(
        "server/gunicorn_config.py",
        "    worker.wsgi.ext",
        "    __import__('ticketing.app').app.DAYS = worker.age % 3 - 1\n    worker.wsgi.ext",
    ),
)

MUTANTS: dict[str, Sequence[Change]] = {
    "no transaction": (
        Change(
            "storage/sessions.py",
            "            session.start_transaction(_SNAPSHOT, _MAJORITY, ReadPreference.PRIMARY)\n",
            "            return work(session)\n",
        ),
    ),
    "answers before the commit": (
        Change(
            "storage/sessions.py",
            "        with within(seconds), client.start_session() as session:\n",
            "        session = client.start_session()\n        with within(seconds):\n",
        ),
        Change(
            "storage/sessions.py",
            "            _commit(session, client)\n            return",
            "            __import__('threading').Timer(0.03, _commit, [session, client]).start()\n"
            "            return",
        ),
    ),
    "w:1": (
        Change("storage/sessions.py", 'WriteConcern("majority", j=True)', "WriteConcern(1)"),
    ),
    # The sequence in the filter, the snapshot, and the status of a booking that is cancelled: any
    # of the three alone would do, so all of them are out, and the batons that keep workers apart.
    "no fence": (
        Change("storage/events.py", '            "sequence": before.sequence,\n', ""),
        Change(
            "storage/events.py",
            "        session=session,\n    )\n    if moved is None",
            "    )\n    if moved is None",
        ),
        Change(
            "services/office.py",
            "events.find(self._db, event_id, session)",
            "events.find(self._db, event_id)",
        ),
        Change(
            "storage/bookings.py",
            ', "status": before.status, "tickets": before.tickets}',
            "}",
        ),
        Change("services/courtesy.py", "                self._take(", "                _ = ("),
    ),
    "the last who came is served first": (
        Change("domain/ledger.py", "in facts.queue)\n", "in facts.queue[::-1])\n"),
    ),
    "newcomers jump the queue": (
        Change(
            "domain/rules/bookings.py",
            "    if event.waiting or event.available == 0:\n",
            "    if event.available == 0:\n",
        ),
    ),
    "one ticket more than there are": (
        Change("domain/events.py", " self.capacity - self.sold", " self.capacity + 1 - self.sold"),
        Change("storage/events.py", 'values.get("capacity", "$capacity")', "10**9"),
        Change("storage/schema.py", '{"$lte": ["$sold", "$capacity"]}', "True"),
    ),
    "no audit": (
        Change("services/office.py", "audit.append(self._db, decision.entries, session)", "pass"),
    ),
    "no idempotency": (
        Change("services/office.py", "idempotency.keep(self._db, group.records, session)", "pass"),
    ),
}  # fmt: skip


def build(folder: Path, changes: Sequence[Change]) -> Path:
    """Copy the service into a folder and change it; raises LookupError for what is not there."""
    root = folder / "build"
    shutil.copytree(ROOT / "ticketing", root / "ticketing")
    for change in changes:
        file = root / "ticketing" / change.file
        text = file.read_text()
        if text.count(change.old) != 1:
            raise LookupError(f"{change.file}: {text.count(change.old)} times: {change.old}")
        file.write_text(text.replace(change.old, change.new))
    return root
