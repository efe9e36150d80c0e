"""Customers' bookings: book or wait, see where one stands, keep fewer, pass on, cancel."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, make_response, render_template, request, url_for

from ticketing.api.http.context import app_context
from ticketing.domain.bookings import Booking, digest_of
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.commands.transfers import Accept, Transfer, Withdraw
from ticketing.domain.errors import NotAllowed, TooManyTickets
from ticketing.domain.events import MAX_CAPACITY, Event
from ticketing.domain.identity.customers import Customer, CustomerRef
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage import audit, bookings, events
from ticketing.web import customers
from ticketing.web.forms import whole_number
from ticketing.web.http.access import has_role, shows, takes
from ticketing.web.http.live import if_changed, is_asking_again, tag_of, tagged
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said, say
from ticketing.web.presenters.outcomes import Facts, booking_facts, offer_facts
from ticketing.web.presenters.story import Telling, proof_of, story_of
from ticketing.web.presenters.words import ordinal, tickets
from ticketing.web.views.public import event_page, the_words, this_day
from ticketing.web.views.stories import accounts_of
from ticketing.web.writes import Done, execute, execute_on_booking, new_key

blp = Blueprint("bookings", __name__)

# As many of one's bookings as the page shows, the newest first.
MOST_SHOWN = 200
# A booking's own story is short; a longer one stands in its event's.
MOST_ENTRIES = 100


@shows(blp, "/events/<id>/book", who=Role.CUSTOMER)
def booking(id: str) -> Response:
    """Show an event with the number that was chosen before signing in."""
    return event_page(app_context.reads.event(id), wanted=_asked_for())


@takes(blp, "/events/<id>/book")
def book(id: str) -> Response:
    """Book tickets, or join the line where the form said so."""
    event = events.get(app_context.db, id)
    most = customers.purchase_limit().per_booking or MAX_CAPACITY
    number = whole_number(request.form.get("n"), 1, most)
    if number is None:
        return event_page(event, fault=("n", f"Choose a number from 1 to {most:,}."), status=400)
    named = request.form.get("customer", "").strip()
    holder: CustomerRef | None = (
        customers.receiver(named) if named and has_role(Role.STAFF) else customers.oneself()
    )
    if holder is None:
        return event_page(
            event,
            wanted=number,
            fault=("customer", "Say for whom: a name or an address."),
            status=400,
        )
    waits = request.form.get("wait") == "1"
    command = commands.book(holder, number, waits, limit=customers.purchase_limit())
    done = execute(command, on=id, present=booking_facts)
    if done.refusal:
        return event_page(
            events.get(app_context.db, id), wanted=number, refusal=done, named=named, status=409
        )
    _say_booked(done.facts, event, named)
    own = customers.oneself()
    if own is not None and not named:
        return see_other(url_for("web.bookings.index"))
    return see_other(url_for("web.bookings.show", id=done.facts["booking"]))


@shows(blp, "/bookings", who=Role.CUSTOMER)
def index() -> Response:
    """Show what is one's own, and where one stands."""
    own = customers.oneself()
    tag = _tag_of_all(own)
    unchanged = if_changed(tag) if is_asking_again() else None
    if unchanged is not None:
        return unchanged
    found, known = _newest(own) if own else ([], {})
    today = this_day()
    rows = [held for held in found if held.booking.event in known]
    ahead = [r for r in rows if _is_ahead(known[r.booking.event], today)]
    over = [r for r in rows if r not in ahead]
    page = render_template(
        "public/bookings.html",
        ahead=sorted(ahead, key=lambda r: _order(r.booking, known[r.booking.event])),
        over=over,
        events=known,
        today=today,
        notices=said(),
        new_key=new_key,
        nobody=own is None,
        tag=tag,
    )
    return tagged(make_response(page), tag)


@shows(blp, "/bookings/<id>", who=Role.CUSTOMER)
def show(id: str) -> Response:
    """Show a booking, its place in the line and its own story."""
    return _page(id)


@takes(blp, "/bookings/<id>/cancel")
def cancel(id: str) -> Response:
    """Cancel a booking, or leave the line."""
    before = bookings.get_with_position(app_context.db, id, customers.own_scope()).booking
    done = execute_on_booking(Cancel(id, customers.own_scope()), booking=id, present=booking_facts)
    if done.refusal:
        return _page(id, refusal=done)
    if before.status == "waiting":
        say("You have left the line." if customers.is_own(before) else "Taken off the line.")
    else:
        freed = _freed(done.facts["tickets"], done.facts["passed"])
        say("Cancelled.", freed + _to_give_back(before, done.facts["total"]))
    return _back(before)


@takes(blp, "/bookings/<id>/size")
def resize(id: str) -> Response:
    """Keep or want fewer tickets, or add to a confirmed booking."""
    number = whole_number(request.form.get("n"), 1, MAX_CAPACITY)
    if number is None:
        return _page(id, fault="Write a whole number, of at least 1.")
    before = bookings.get_with_position(app_context.db, id, customers.own_scope()).booking
    limit = customers.purchase_limit()
    try:
        command = commands.resize(id, number, customers.own_scope(), limit=limit)
    except TooManyTickets as fault:
        return _page(id, fault=fault.fault)
    done = execute_on_booking(command, booking=id, present=booking_facts)
    if done.refusal:
        return _page(id, refusal=done)
    if before.status == "waiting":
        say("Changed.", f"Now waiting for {tickets(number)}; the place in line stays.")
    elif number > before.tickets:
        say("Changed.", f"{tickets(number - before.tickets)} more, {tickets(number)} in all.")
    else:
        freed = before.tickets - number
        back = _to_give_back(before, (before.total or 0) - (done.facts["total"] or 0))
        say("Changed.", f"{tickets(number)} kept. {_freed(freed, done.facts['passed'])}{back}")
    return _back(before)


@takes(blp, "/bookings/<id>/pass-on", who=Role.STAFF)
def transfer(id: str) -> Response:
    """Pass a booking on to a customer whom staff names."""
    to = customers.receiver(request.form.get("to", ""))
    if to is None:
        return _page(id, fault="Say to whom: a name or an address.")
    done = execute_on_booking(
        Transfer(id, to, customers.own_scope()), booking=id, present=booking_facts
    )
    if done.refusal:
        return _page(id, refusal=done)
    number = done.facts["tickets"]
    verb = "belongs" if number == 1 else "belong"
    say("Passed on.", f"{tickets(number)} now {verb} to {to.given}.")
    return see_other(url_for("web.bookings.show", id=id))


@takes(blp, "/bookings/<id>/offer")
def offer(id: str) -> Response:
    """Offer a booking: its holder gets a code to hand on, and keeps it until that is used.

    The code stands on this very answer, so it is in no cookie.
    """
    lifetime = timedelta(hours=app_context.settings.transfer_hours)
    command = commands.offer(id, customers.own_scope(), app_context.clock(), lifetime)
    done = execute_on_booking(command, booking=id, present=offer_facts)
    if done.refusal:
        return _page(id, refusal=done)
    return _page(id, offered=done.facts["code"])


@takes(blp, "/bookings/<id>/withdraw")
def withdraw(id: str) -> Response:
    """Take an offer back: its code is worth nothing from then on."""
    command = Withdraw(id, customers.own_scope())
    done = execute_on_booking(command, booking=id, present=booking_facts)
    if done.refusal:
        return _page(id, refusal=done)
    say("Taken back.", "The code is worth nothing any more.")
    return see_other(url_for("web.bookings.show", id=id))


@takes(blp, "/bookings/code")
def accept() -> Response:
    """Take over the booking that is offered under a code."""
    code = request.form.get("code", "").strip()
    own = customers.oneself()
    if own is None:
        raise NotAllowed
    offered = bookings.find_offered(app_context.db, digest_of(code)) or ""
    done = execute_on_booking(Accept(offered, code, own), booking=offered, present=booking_facts)
    if done.refusal in ("already_booked", "already_waiting"):
        say("Nothing has changed.", "You have tickets or a place in line for that event.", "off")
    elif done.refusal:
        say("Nothing has changed.", "That code is used, taken back or expired.", "off")
    else:
        say("Yours.", f"{tickets(done.facts['tickets'])} passed on to you.")
    return see_other(url_for("web.bookings.index"))


def _page(
    id: str,
    *,
    refusal: Done | None = None,
    fault: str | None = None,
    offered: str | None = None,
) -> Response:
    held, event = bookings.get_with_event(app_context.db, id, customers.own_scope())
    # By a form that is sent once more the code may be of an offer that is over.
    is_offered = offered is not None and held.booking.offer == digest_of(offered)
    entries = audit.page(app_context.db, event.id, id, None, 0, MOST_ENTRIES)
    telling = Telling(
        the_words(),
        event,
        accounts_of(entries) if has_role(Role.STAFF) else {},
        {id: held.booking.created_at},
    )
    page = render_template(
        "public/booking.html",
        held=held,
        event=event,
        today=this_day(),
        story=story_of(entries, telling, newest_first=False),
        proof=proof_of(entries),
        own=customers.is_own(held.booking),
        notices=said(),
        refusal=refusal,
        fault=fault,
        offered=offered if is_offered else None,
        refused=bool(refusal or fault),
        new_key=new_key,
    )
    return make_response(page, 409 if refusal else 400 if fault else 200)


def _newest(own: Customer) -> tuple[list[BookingResult], dict[str, Event]]:
    """Return what somebody holds or waits for, and what ended with its event: newest first.

    With the events, by id.
    """
    active, known = bookings.active_of(app_context.db, own.id, MOST_SHOWN)
    called_off = bookings.called_off_of(app_context.db, own.id, MOST_SHOWN)
    # What is called off between the two reads is in both, and shown as it is now.
    known |= events.find_many(app_context.db, {booking.event for booking in called_off})
    found = {held.booking.id: held for held in active}
    found |= {booking.id: BookingResult(booking) for booking in called_off}
    newest = sorted(found.values(), key=lambda held: held.booking.created_at, reverse=True)
    return newest[:MOST_SHOWN], known


def _tag_of_all(own: Customer | None) -> str:
    """Return the tag of somebody's bookings, before any of them is read.

    Whatever happens to a booking is a change of its event; what ends is among the marks no more.
    """
    versions = bookings.versions_of(app_context.db, own.id, MOST_SHOWN) if own else []
    changes = events.sequences_of(app_context.db, {event for event, _, _ in versions})
    return tag_of(versions, sorted(changes.items()), day=this_day())


def _is_ahead(event: Event, today: date) -> bool:
    return event.day is None or event.day >= today


def _order(booking: Booking, event: Event) -> tuple[bool, str]:
    return not booking.active, event.day.isoformat() if event.day else ""


def _asked_for() -> int | None:
    return whole_number(request.args.get("n"), 1, app_context.settings.max_tickets_per_booking)


def _say_booked(facts: Facts, event: Event, named: str) -> None:
    number = tickets(facts["tickets"])
    if facts["status"] == "waiting":
        say(f"{ordinal(facts['position'])} in line", f"for {number} for {event.name}.", "wait")
        return
    total = f", {the_words().money(facts['total'])}" if facts["total"] else ""
    verb = "is" if facts["tickets"] == 1 else "are"
    owner = f"{named}’s" if named else "yours"
    say("Booked.", f"{number} for {event.name} {verb} {owner}{total}.")


def _to_give_back(before: Booking, minor: int | None) -> str:
    """Return what staff is told to pay out for somebody's booking."""
    if not minor or customers.is_own(before):
        return ""
    return f" {the_words().money(minor)} to give back."


def _freed(freed: int, passed: int) -> str:
    if passed >= freed:
        return f"{tickets(freed)} went to whoever waited longest."
    if passed:
        return (
            f"{tickets(passed)} of {freed:,} went to whoever waited longest, the rest is on sale."
        )
    return f"{tickets(freed)} came free."


def _back(before: Booking) -> Response:
    if customers.is_own(before):
        return see_other(url_for("web.bookings.index"))
    return see_other(url_for("web.bookings.show", id=before.id))
