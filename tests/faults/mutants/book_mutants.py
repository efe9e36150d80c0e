"""Builds whose books are wrong: what is stored is sound, and what a list or a sum shows is not."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.mutants.builds import Change

BOOKS: dict[str, Sequence[Change]] = {
    "the audit leaves an entry out": (
        Change(
            "storage/audit.py",
            'return db.audit.find(conditions).sort("sequence", ASCENDING)',
            'return db.audit.find({"$and": [conditions, {"sequence": {"$ne": 3}}]})'
            '.sort("sequence", ASCENDING)',
        ),
    ),
    "the audit shows what is new as what was before": (
        Change(
            "api/schemas/audit.py",
            "                for side in pair\n",
            "                for side in (pair[1], pair[1])\n",
        ),
    ),
    "the audit of a customer leaves out what they passed on": (
        Change(
            "storage/audit.py",
            "sides = of_customer(customer), of_giver(customer)",
            "sides = (of_customer(customer),)",
        ),
    ),
    "the statistics count what was called off": (
        Change(
            "storage/events.py",
            '                    "status": "scheduled",\n                    "day"',
            '                    "status": {"$ne": "deleted"},\n                    "day"',
        ),
    ),
    "the counter forgets what it sold once it is given back": (
        Change(
            "storage/lists/sales.py",
            'sold = {**OF_NOBODY, "status": {"$in": list(_STATUSES)}',
            'sold = {**OF_NOBODY, "status": "confirmed"',
        ),
    ),
    "a page of sales begins with the last of the page before": (
        Change(
            "storage/lists/sales.py",
            '{**_wanted(wanted), "sequence": {"$gt": after}}',
            '{**_wanted(wanted), "sequence": {"$gte": after}}',
        ),
    ),
    "a list of bookings leaves out the first": (
        Change(
            "storage/bookings.py",
            '{**wanted_by(wanted), "sequence": {"$gt": after}}',
            '{**wanted_by(wanted), "sequence": {"$gt": after + 9}}',
        ),
    ),
    "each page of the waiting list begins with place 1": (
        Change(
            "storage/bookings.py",
            "first = ahead + 1 - before.index(waiting[0].id)",
            "first = 1 - before.index(waiting[0].id)",
        ),
    ),
    "half of what is owed is shown": (
        Change(
            "api/views/cancellations.py",
            "owed_total=found.owed_total,",
            "owed_total=found.owed_total // 2,",
        ),
    ),
    "a calendar begins with the second event": (
        Change(
            "web/views/public.py",
            "listed, minis = found[:MOST_LISTED]",
            "listed, minis = found[1:MOST_LISTED]",
        ),
    ),
}
