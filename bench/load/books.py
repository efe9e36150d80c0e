"""Whether the books agree after a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from bench.load.office import PREPARING, Office

CHANGES = ("sold", "booked", "waitlisted", "cancelled")


class BooksDiffer(Exception):
    """What was kept is not what was acknowledged, or does not agree with itself."""


@dataclass(slots=True)
class Tally:
    """Changes that were acknowledged, and how many more at most may have come through."""

    acknowledged: int = 0
    unanswered: int = 0

    def add(self, acknowledged: int, connections: int) -> None:
        """Count what one wrk was told, which hangs up on its last requests."""
        self.acknowledged += acknowledged
        self.unanswered += connections


def check(office: Office, event: str, tally: Tally) -> str:
    """Return a sentence on what agrees; raises BooksDiffer.

    One event is compared figure by figure. Each acknowledged change has to be in the audit, which
    may have as many more as wrk did not wait for; and the service's own `verify` has to agree with
    the whole database. No server may be at work any more.
    """
    sold = _one_event(office, event)
    by_others = {"request_id": {"$ne": PREPARING.request_id}, "action": {"$in": CHANGES}}
    kept = office.db.audit.count_documents(by_others)
    if not tally.acknowledged <= kept <= tally.acknowledged + tally.unanswered:
        raise BooksDiffer(
            f"{tally.acknowledged} changes were acknowledged and at most {tally.unanswered} more "
            f"may have come through, but the audit has {kept}"
        )
    verify(office)
    return (
        f"{tally.acknowledged:,} changes acknowledged, {kept:,} in the audit; of the hot event "
        f"{sold:,} sold = bookings = audit; verify agrees"
    )


def _one_event(office: Office, id_: str) -> int:
    event = office.db.events.find_one({"_id": id_}) or {}
    own = {"event": id_}
    bookings = office.db.bookings.count_documents(own)
    audit = office.db.audit.count_documents({**own, "action": {"$in": ["sold", "booked"]}})
    if not event["sold"] == bookings == audit <= event["capacity"]:
        raise BooksDiffer(
            f"sold {event['sold']} of {event['capacity']}, but bookings {bookings}, audit {audit}"
        )
    return bookings


def verify(office: Office) -> None:
    """Let the service's own verification look at everything; raises BooksDiffer."""
    done = subprocess.run(
        [sys.executable, "-m", "ticketing", "verify"],
        env={**os.environ, "TICKETING_MONGODB_URI": office.mongod.uri, "TICKETING_AUTH": "open",
             "TICKETING_DATABASE": office.settings.database},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BooksDiffer(f"verify ended with {done.returncode}: {done.stdout}{done.stderr}")
