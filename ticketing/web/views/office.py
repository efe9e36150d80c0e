"""An event, for staff: figures, bookings, the line, the story; putting on and changing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, make_response, render_template, request, url_for

from ticketing.api.http.context import app_context
from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.commands.events import CallOff, Change, Create, Delete
from ticketing.domain.errors import EventCancelled
from ticketing.domain.events import Event
from ticketing.domain.identity.users import Role
from ticketing.services.commands import event_id
from ticketing.storage import audit, bookings, events
from ticketing.storage.lists import audit_by_name, bookings_by_name, cancellations
from ticketing.web import customers
from ticketing.web.downloads import download
from ticketing.web.forms import EventForm, whole_number
from ticketing.web.http.access import shows, takes
from ticketing.web.http.live import if_changed, tag_of, tagged
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said, say
from ticketing.web.presenters.outcomes import (
    Facts,
    called_off_facts,
    event_facts,
    new_event_facts,
)
from ticketing.web.presenters.standing import standing_of
from ticketing.web.presenters.story import plainly, sentence_of, story_of
from ticketing.web.presenters.tables import amount
from ticketing.web.presenters.words import day as day_in_words
from ticketing.web.presenters.words import name_of, plain_money, tickets
from ticketing.web.views.public import months_from, scheduled_within, the_words, this_day
from ticketing.web.views.stories import telling_of
from ticketing.web.writes import Done, execute, new_key

blp = Blueprint("office", __name__, url_prefix="/office/events")

PAGE = 25
STORY_PAGE = 40
# A list on paper, or as a table, is whole: so long it may be.
WHOLE = 20_000

_LARGEST = 2**62


@shows(blp, "/<id>", who=Role.STAFF)
def show(id: str) -> Response:
    """Show everything about one evening."""
    event = events.get(app_context.db, id)
    today = this_day()
    tag = tag_of(event.id, event.sequence, day=today)
    unchanged = if_changed(tag)
    if unchanged is not None:
        return unchanged
    asked = request.args.get("customer", "").strip()
    found, further = _bookings(event, asked, _after("after"))
    waiting = bookings.waiting_page(app_context.db, id, _after("line"), PAGE + 1)
    who = request.args.get("who", "").strip()
    listed, older = _entries(id, who, _before())
    entries = sorted(listed, key=lambda entry: entry.sequence)
    page = render_template(
        "office/event.html",
        event=event,
        today=today,
        standing=standing_of(event, today),
        counts=bookings.ticket_counts(app_context.db, id),
        found=found,
        further=further,
        asked=asked,
        waiting=waiting[:PAGE],
        further_waiting=waiting[PAGE - 1].booking.sequence if len(waiting) > PAGE else None,
        who=who,
        story=story_of(entries, telling_of(entries, event), newest_first=True),
        older=older,
        notices=said(),
        tag=tag,
    )
    return tagged(make_response(page), tag)


@shows(blp, "/<id>/list", who=Role.STAFF)
def on_paper(id: str) -> Response:
    """Show who comes, all of them by name, for the door."""
    event = events.get(app_context.db, id)
    found = _confirmed(id)
    found.sort(key=lambda booking: name_of(booking.customer).casefold())
    counts = bookings.ticket_counts(app_context.db, id)
    return make_response(
        render_template(
            "office/list.html", event=event, found=found, counts=counts, today=this_day()
        )
    )


@shows(blp, "/<id>/bookings.csv", who=Role.STAFF)
def bookings_table(id: str) -> Response:
    """Send who comes as a table."""
    events.get(app_context.db, id)
    head = ["customer", "tickets", "paid", "since"]
    rows = [
        [
            name_of(b.customer),
            b.tickets,
            amount(b.total or 0),
            the_words().machine(b.created_at),
        ]
        for b in _confirmed(id)
    ]
    return download("bookings.csv", head, rows)


@shows(blp, "/<id>/story.csv", who=Role.STAFF)
def story_table(id: str) -> Response:
    """Send the whole story as a table."""
    event = events.get(app_context.db, id)
    entries = audit.page(app_context.db, id, None, None, 0, WHOLE)
    telling = telling_of(entries, event)
    head = [
        "number",
        "at",
        "what",
        "sentence",
        "customer",
        "tickets",
        "total",
        "sold",
        "waiting",
        "actor",
    ]
    rows = [
        [
            entry.sequence,
            the_words().machine(entry.at),
            entry.action,
            plainly(sentence_of(entry, telling)),
            name_of(entry.customer),
            entry.tickets,
            amount(entry.total) if entry.total is not None else None,
            entry.sold,
            entry.waiting,
            telling.accounts.get(entry.actor, entry.actor),
        ]
        for entry in entries
    ]
    return download("story.csv", head, rows)


@shows(blp, "/new", who=Role.ADMIN)
def new() -> Response:
    """Show the form for a new event, its day perhaps filled in."""
    form = EventForm(formdata=None)
    form.date.data = request.args.get("day", "")
    return _form(form)


@takes(blp, "/new", who=Role.ADMIN)
def create() -> Response:
    """Make an event."""
    form = _sent()
    details = form.details()
    if details is None:
        return _form(form, status=400)
    done = execute(Create(**details), on=event_id(), present=new_event_facts)
    if done.refusal:
        return _form(form, taken=_refused(form, done), status=409)
    say("Put on.", f"{details['name']} is on the calendar and on the public pages.")
    return see_other(url_for("web.office.show", id=done.facts["event"]))


@shows(blp, "/<id>/change", who=Role.ADMIN)
def changing(id: str) -> Response:
    """Show the form with an event's details."""
    event = _scheduled(id)
    form = EventForm(formdata=None)
    form.name.data, form.venue.data = event.name, event.venue
    form.date.data = event.day.isoformat() if event.day else ""
    form.capacity.data = str(event.capacity)
    form.costPerTicket.data = plain_money(event.price)
    return _form(form, event=event)


@takes(blp, "/<id>/change", who=Role.ADMIN)
def change(id: str) -> Response:
    """Give an event new details, unless somebody else has been faster."""
    form, event = _sent(), _scheduled(id)
    details = form.details(needs_day=event.day is not None)
    if details is None:
        return _form(form, event=event, seen=_seen(), status=400)
    if details["day"] is None:
        del details["day"]
    done = execute(Change(details, _expected()), on=id, present=event_facts)
    if done.refusal == "stale":
        return _form(form, event=_scheduled(id), stale=_last_change(id), status=412)
    if done.refusal:
        taken = _refused(form, done)
        return _form(form, event=_scheduled(id), taken=taken, seen=_seen(), status=409)
    served = done.facts["passed"]
    say("Changed.", f"{tickets(served)} went to whoever waited longest." if served else "")
    return see_other(url_for("web.office.show", id=id))


@shows(blp, "/<id>/call-off", who=Role.ADMIN)
def calling_off(id: str) -> Response:
    """Show what calling an event off would do, in numbers."""
    return _call_off_page(id)


@takes(blp, "/<id>/call-off", who=Role.ADMIN)
def call_off(id: str) -> Response:
    """Call an event off, once the box is ticked."""
    if request.form.get("sure") != "yes":
        return _call_off_page(id, fault="Tick the box if you are sure.", status=400)
    done = execute(CallOff(_expected()), on=id, present=called_off_facts)
    if done.refusal == "stale":
        return _call_off_page(id, stale=_last_change(id), status=412)
    return see_other(url_for("web.office.owed", id=id))


@takes(blp, "/<id>/take-off", who=Role.ADMIN)
def take_off(id: str) -> Response:
    """Take an event off the calendar that was never booked."""
    event = events.get(app_context.db, id)
    done = execute(Delete(_expected()), on=id, present=new_event_facts)
    if done.refusal:
        return _call_off_page(
            id, fault="Somebody has booked by now: it can only be called off.", status=409
        )
    say("Taken off.", f"{event.name} is gone, and its day is free.")
    return see_other(url_for("web.calendar.index"))


@shows(blp, "/<id>/owed", who=Role.STAFF)
def owed(id: str) -> Response:
    """List who is owed what, all of it on paper."""
    event = events.get(app_context.db, id)
    found = cancellations.page(app_context.db, id, 0, WHOLE)
    page = render_template(
        "office/owed.html",
        event=event,
        today=this_day(),
        found=found,
        counter=sum(1 for booking in found.owed if booking.customer is None),
        at=_called_off_at(id, found.owed),
        notices=said(),
    )
    return make_response(page)


@shows(blp, "/<id>/owed.csv", who=Role.STAFF)
def owed_table(id: str) -> Response:
    """Send who is owed what as a table."""
    found = cancellations.page(app_context.db, id, 0, WHOLE)
    head = ["to", "receipt", "tickets", "owed"]
    rows = [
        [name_of(b.customer) or "counter sale", b.id, b.tickets, amount(b.total or 0)]
        for b in found.owed
    ]
    return download("owed.csv", head, rows)


def _sent() -> EventForm:
    """Return the form, with another day where one of the free days nearby was taken."""
    form = EventForm()
    form.date.data = request.form.get("take") or form.date.data
    return form


def _bookings(event: Event, part: str, after: int) -> tuple[Sequence[Booking], int | None]:
    """Return a page of the bookings, of those whose names have a part, and where it goes on."""
    wanted = bookings.Filter(event=event.id, status="confirmed")
    if part:
        seen = bookings_by_name.page_of_event(app_context.db, wanted, part, after, PAGE + 1)
        found, rest = seen.found, seen.rest
    else:
        found, rest = bookings.page_of_event(app_context.db, wanted, after, PAGE + 1), None
    if len(found) > PAGE:
        return found[:PAGE], found[PAGE - 1].sequence
    return found, rest.sequence if rest is not None else None


def _confirmed(id: str) -> list[Booking]:
    wanted = bookings.Filter(event=id, status="confirmed")
    return bookings.page_of_event(app_context.db, wanted, 0, WHOLE)


def _entries(id: str, who: str, before: int | None) -> tuple[Sequence[AuditEntry], int | None]:
    """Return the newest of the story, or of what names somebody, and before which it goes on.

    A whole address or id is looked up; of anything else entries are gone through for a part of it.
    """
    db, rest = app_context.db, None
    whole = customers.id_of(who) if who else None
    if who and whole is None:
        seen = audit_by_name.newest(db, id, who, before, STORY_PAGE + 1)
        found, rest = seen.found, seen.rest
    else:
        found = audit.newest(db, id, None, whole, before, STORY_PAGE + 1)
    if len(found) > STORY_PAGE:
        return found[:STORY_PAGE], found[STORY_PAGE - 1].sequence
    return found, rest.sequence if rest is not None else None


def _after(name: str) -> int:
    return whole_number(request.args.get(name), 0, 999_999_999) or 0


def _before() -> int | None:
    return whole_number(request.args.get("before"), 1, 999_999_999)


def _scheduled(id: str) -> Event:
    event = events.get(app_context.db, id)
    if event.status != "scheduled":
        raise EventCancelled
    return event


def _seen() -> str:
    return request.form.get("seen", "")


def _expected() -> frozenset[int] | None:
    number = whole_number(_seen(), 1, 999_999_999)
    return frozenset({number}) if number is not None else None


def _form(
    form: EventForm,
    *,
    event: Event | None = None,
    taken: list[date] | None = None,
    stale: str | None = None,
    seen: str = "",
    status: int = 200,
) -> Response:
    around = max(form.day or this_day(), this_day())
    minis = months_from(around)
    found = [event for month in minis for event in month.events]
    page = render_template(
        "office/event_form.html",
        form=form,
        event=event,
        taken=taken or [],
        stale=stale,
        seen=seen or (event.sequence if event else ""),
        today=this_day(),
        minis=minis,
        standing={e.id: standing_of(e, this_day()) for e in found},
        rooms=sorted({e.venue for e in found if e.venue}),
        key=new_key(),
        refused=status >= 400,
    )
    return make_response(page, status)


def _refused(form: EventForm, done: Done) -> list[date]:
    """Show a refusal at its field; return the free days next to one that is taken."""
    if done.refusal == "date_taken" and form.day is not None:
        free = free_days_next_to(form.day)
        near = " and ".join(day_in_words(day, "middle") for day in free)
        by = _on(form.day)
        who = f" by {by.name}" if by else ""
        form.date.errors = [
            f"{day_in_words(form.day, 'plain')} is taken{who}."
            + (f" Free next to it: {near}." if near else "")
        ]
        return free
    field, sentence = _sentence(done.refusal or "", done.facts)
    form[field].errors = [sentence]
    return []


def _sentence(refusal: str, facts: Facts) -> tuple[str, str]:
    if refusal == "capacity_below_sold":
        return "capacity", f"{facts['sold']:,} are sold already."
    if refusal == "capacity_below_waiting":
        return (
            "capacity",
            f"Somebody waits for {facts['tickets']:,}; at least that many must exist.",
        )
    if refusal == "event_cancelled":
        return "name", "This event was called off meanwhile."
    return "name", "A rule stands against it; nothing has changed."


def free_days_next_to(day: date) -> list[date]:
    """Return the free days before and after a day that is taken, within two weeks."""
    first, last = day - timedelta(days=14), day + timedelta(days=14)
    taken = {event.day for event in scheduled_within(first, last)}
    around = [(-n, n) for n in range(1, 15)]
    free = [day + timedelta(days=n) for pair in around for n in pair]
    usable = [d for d in free if d not in taken and d >= this_day()]
    before = next((d for d in usable if d < day), None)
    after = next((d for d in usable if d > day), None)
    return [d for d in (before, after) if d is not None]


def _on(day: date) -> Event | None:
    return next(iter(scheduled_within(day, day)), None)


def _last_change(id: str) -> str:
    """Return what somebody else did last."""
    found = audit.newest(app_context.db, id, None, None, None, 1)
    if not found:
        return ""
    telling = telling_of(found, events.get(app_context.db, id))
    entry = found[0]
    who = telling.accounts.get(entry.actor, "somebody in the office")
    return f"{plainly(sentence_of(entry, telling))} At {the_words().time(entry.at)}, by {who}."


def _called_off_at(id: str, owed: Sequence[Booking]) -> datetime | None:
    """Return when an event was called off: then the first of its bookings ended."""
    ended = [booking.cancelled_at for booking in owed if booking.cancelled_at is not None]
    if ended:
        return min(ended)
    newest = audit.newest(app_context.db, id, None, None, None, 1)
    return newest[0].at if newest else None


def _call_off_page(
    id: str, *, fault: str | None = None, stale: str | None = None, status: int = 200
) -> Response:
    event = events.get(app_context.db, id)
    if event.status != "scheduled":
        return see_other(url_for("web.office.owed", id=id))
    page = render_template(
        "office/call_off.html",
        event=event,
        today=this_day(),
        counts=bookings.ticket_counts(app_context.db, id),
        fault=fault,
        stale=stale,
        refused=status >= 400,
        key=new_key(),
        other_key=new_key(),
    )
    return make_response(page, status)
