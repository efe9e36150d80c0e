"""Builds that are wrong at the edges: about what is gone, at the briefs' routes, and on pages."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.mutants.builds import Change

EDGES: dict[str, Sequence[Change]] = {
    "a deleted event is listed on": (
        Change(
            "storage/events.py",
            "conditions: list[Document] = [LISTED]",
            'conditions: list[Document] = [{"status": {"$exists": True}}]',
        ),
    ),
    "a deleted event is sold on": (
        Change(
            "domain/changes/change_set.py",
            'if self.event is None or self.event.status == "deleted":',
            "if self.event is None:",
        ),
    ),
    "what was booked can be deleted": (
        Change(
            "domain/commands/events.py", "        if event.ever_booked:\n", "        if False:\n"
        ),
    ),
    "what was booked can be made anew": (
        Change(
            "domain/commands/events.py",
            'return event.status == "scheduled" and not event.ever_booked',
            'return event.status == "scheduled"',
        ),
    ),
    "the erased keep their name": (
        Change(
            "storage/accounts/erasure.py",
            '"$set": {"name": None, "active": False,',
            '"$set": {"active": False,',
        ),
    ),
    "the erased wait on": (
        Change(
            "services/accounts/erasure.py",
            "        for waiting in bookings.waiting_of(db, customer_id):\n",
            "        for waiting in ():\n",
        ),
        Change(
            "services/accounts/erasure.py",
            "    if bookings.waiting_within(marked.db, customer.id, session):\n",
            "    if False:\n",
        ),
    ),
    "an export leaves out how it began": (
        Change(
            "services/accounts/erasure.py",
            "    audit.of_customer_whole(db, customer_id),\n",
            "    audit.of_customer_whole(db, customer_id)[1:],\n",
        ),
    ),
    "nobody can be erased": (
        Change(
            "api/views/customers.py",
            "    _require_own(id)\n    own = principal().customer\n",
            "    from ticketing.domain.errors import Busy\n    raise Busy\n",
        ),
    ),
    "a brief's status counts a booking too many": (
        Change(
            "api/legacy/views.py",
            '"bookings_count": event.bookings,',
            '"bookings_count": event.bookings + 1,',
        ),
    ),
    "a brief never tells who was served": (
        Change("api/legacy/views.py", "    if not held.assigned:\n", "    if True:\n"),
    ),
    "a brief says booked to who waits": (
        Change(
            "api/legacy/views.py",
            '    if held.booking.status == "confirmed":\n',
            "    if True:\n",
        ),
    ),
    "a brief books one ticket, whatever was asked": (
        Change(
            "api/legacy/views.py",
            "commands.book(holder, wanted.tickets,",
            "commands.book(holder, 1,",
        ),
    ),
    "a page shows a ticket too many": (
        Change(
            "web/presenters/standing.py",
            "    remaining = event.available\n",
            "    remaining = event.available + 1\n",
        ),
    ),
    "the office's page counts those who wait as bookings": (
        Change(
            "web/templates/office/event.html",
            '{{ event.bookings | counted("booking") }}',
            '{{ event.waiting | counted("booking") }}',
        ),
    ),
    "a booking's page shows half of what was paid": (
        Change(
            "web/templates/public/booking.html",
            '<dd class="num">{{ b.total | price }}</dd>',
            '<dd class="num">{{ (b.total // 2) | price }}</dd>',
        ),
    ),
    "a form books a ticket more": (
        Change(
            "web/views/bookings.py",
            "commands.book(holder, number, waits,",
            "commands.book(holder, number + 1, waits,",
        ),
    ),
    "no form is taken": (
        Change(
            "web/views/bookings.py",
            "    event = events.get(app_context.db, id)\n    most",
            "    from ticketing.domain.errors import Busy\n    raise Busy\n    most",
        ),
    ),
}
