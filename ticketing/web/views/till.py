"""The till: number, Enter, next; and the evening's sum."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from flask import (
    Blueprint,
    Response,
    make_response,
    render_template,
    request,
    session,
    url_for,
)

from ticketing.api.http.context import app_context
from ticketing.domain import calendar
from ticketing.domain.bookings import Booking
from ticketing.domain.commands.sales import Return
from ticketing.domain.errors import KeyReused, TransactionNotFound
from ticketing.domain.events import MAX_CAPACITY, Event
from ticketing.domain.identity.users import Role
from ticketing.domain.sales import Evening
from ticketing.services import commands
from ticketing.storage import audit, bookings, events
from ticketing.storage.accounts import users
from ticketing.storage.lists import sales
from ticketing.web.downloads import download
from ticketing.web.forms import whole_number
from ticketing.web.http.access import principal, shows, takes
from ticketing.web.http.live import if_changed, is_asking_again, tag_of, tagged
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said, say
from ticketing.web.presenters.outcomes import Facts, return_facts, sale_facts
from ticketing.web.presenters.standing import standing_of
from ticketing.web.presenters.story import proof_of
from ticketing.web.presenters.tables import amount
from ticketing.web.presenters.words import called, tickets
from ticketing.web.views.public import day_or, the_words, this_day
from ticketing.web.writes import Done, execute, execute_on_booking, first_facts, new_key

blp = Blueprint("till", __name__, url_prefix="/office/till")

# So many events stand beside the till, and so many of its last sales.
EVENTS = 12
LAST = 8

_CHOSEN = "till"


@shows(blp, "", who=Role.STAFF)
def index() -> Response:
    """Show the till on the event that is asked for, else the one it had today, else the next."""
    coming = _coming()
    event = _chosen(coming)
    if event is None:
        return make_response(render_template("office/till_empty.html"))
    return _page(event, coming)


@takes(blp, "", who=Role.STAFF)
def sell() -> Response:
    """Sell tickets, once for each form; the receipt is the next page."""
    event = events.get(app_context.db, request.form.get("event", ""))
    number = whole_number(request.form.get("n"), 1, MAX_CAPACITY)
    if number is None:
        return _page(event, _coming(), fault="Write how many tickets.", status=400)
    try:
        done = execute(commands.sell(number), on=event.id, present=sale_facts)
    except KeyReused:
        return _page(event, _coming(), reused=first_facts(request.form.get("key", "")), status=422)
    if done.refusal:
        event = events.get(app_context.db, event.id)
        return _page(event, _coming(), refusal=done, asked=number, status=409)
    again = 1 if done.again else None
    return see_other(
        url_for("web.till.index", event=event.id, sale=done.facts["sale"], again=again)
    )


@takes(blp, "/<id>/give-back", who=Role.STAFF)
def give_back(id: str) -> Response:
    """Take a sale's tickets back; where somebody waits for them, only once that is confirmed."""
    sale = bookings.get_sale(app_context.db, id)
    event = events.get(app_context.db, sale.event)
    if event.waiting and request.form.get("sure") != "yes" and sale.active:
        return _page(event, _coming(), asks=sale)
    done = execute_on_booking(Return(id), booking=id, present=return_facts)
    if done.refusal:
        raise TransactionNotFound
    say(*_given_back(done.facts, sale))
    return see_other(url_for("web.till.index", event=event.id))


@shows(blp, "/evening", who=Role.STAFF)
def evening() -> Response:
    """Add up a day: who sold, who took back, and what has to be in the drawer."""
    day, found, names = _evening()
    page = render_template(
        "office/evening.html",
        day=day,
        today=this_day(),
        evening=found,
        called=lambda actor: called(actor, names),
    )
    return make_response(page)


@shows(blp, "/evening.csv", who=Role.STAFF)
def evening_table() -> Response:
    """Send the same sums as a table."""
    _, found, names = _evening()
    head = ["who", "sales", "tickets sold", "sold", "tickets given back", "given back", "taken"]
    rows = [
        [
            called(row.actor, names),
            row.takings.sold.sales,
            row.takings.sold.tickets,
            amount(row.takings.sold.total),
            row.takings.returned.tickets,
            amount(row.takings.returned.total),
            amount(row.takings.net),
        ]
        for row in found.sellers
    ]
    return download("evening.csv", head, rows)


def _page(
    event: Event,
    coming: list[Event],
    *,
    fault: str | None = None,
    refusal: Done | None = None,
    reused: Facts | None = None,
    asked: int | None = None,
    asks: Booking | None = None,
    status: int = 200,
) -> Response:
    today = this_day()
    tag = tag_of(event.id, event.sequence, [(e.id, e.sequence) for e in coming], day=today)
    unchanged = if_changed(tag) if is_asking_again() else None
    if unchanged is not None:
        return unchanged
    db, actor = app_context.db, principal().id
    since = calendar.start_of(today, app_context.settings.timezone)
    until = calendar.end_of(today, app_context.settings.timezone)
    own = sales.Filter(event=event.id, actor=actor, since=since, until=until)
    mine = next((s for s in sales.evening(db, since, until).sellers if s.actor == actor), None)
    receipt = _receipt(event)
    page = render_template(
        "office/till.html",
        event=event,
        standing=standing_of(event, today),
        today=today,
        coming=coming,
        receipt=receipt,
        again="again" in request.args,
        last=sales.latest(db, own, LAST),
        takings=mine.takings if mine else None,
        number=whole_number(request.args.get("n"), 1, MAX_CAPACITY),
        fault=fault,
        refusal=refusal,
        reused=reused,
        asked=asked,
        asks=asks,
        clerk=_clerk(receipt),
        proof=_proof(receipt),
        notices=said(),
        key=new_key(),
        new_key=new_key,
        refused=status >= 400,
        tag=tag,
    )
    return tagged(make_response(page, status), tag)


def _coming() -> list[Event]:
    """Return what can be sold from today on, the events without a day last."""
    on_sale = events.Filter(first=this_day(), status="scheduled")
    found = events.page_by_day(app_context.db, on_sale, None, EVENTS).found
    return [*found, *events.undated(app_context.db, EVENTS, "scheduled")]


def _chosen(coming: list[Event]) -> Event | None:
    """Return the event that is asked for; it is remembered until midnight."""
    today = this_day().isoformat()
    asked = request.args.get("event")
    if asked is not None:
        event = events.get(app_context.db, asked)
        if not is_asking_again() and session.get(_CHOSEN) != [event.id, today]:
            session[_CHOSEN] = [event.id, today]
        return event
    remembered = session.get(_CHOSEN)
    if isinstance(remembered, list) and remembered[1:] == [today]:
        found = next((event for event in coming if event.id == remembered[0]), None)
        if found is not None:
            return found
    return coming[0] if coming else None


def _receipt(event: Event) -> Booking | None:
    asked = request.args.get("sale")
    if asked is None:
        return None
    sale = bookings.get_sale(app_context.db, asked)
    return sale if sale.event == event.id else None


def _clerk(sale: Booking | None) -> str:
    """Return who sold it, as the receipt names them."""
    actor = sale.sold_by if sale is not None else None
    return called(actor, _names({actor} if actor else set()))


def _proof(sale: Booking | None) -> str | None:
    """Return what proves how the sale stands now, as the receipt names it."""
    return proof_of(audit.of_booking(app_context.db, sale.event, sale.id)) if sale else None


def _given_back(facts: Facts, sale: Booking) -> tuple[str, str]:
    at = f" at {the_words().time(datetime.fromisoformat(facts['at']))}" if facts["at"] else ""
    money = f", {the_words().money(facts['total'])} to give back" if facts["total"] else ""
    served = "; ".join(
        f"{name} got {tickets(number)} from the list" for name, number in facts["to"]
    )
    return (
        f"Given back{at}.",
        f"{tickets(facts['tickets'])}{money}. {served + '.' if served else ''}",
    )


def _evening() -> tuple[date, Evening, Mapping[str, str]]:
    day = day_or(request.args.get("day"), this_day())
    zone = app_context.settings.timezone
    since, until = calendar.start_of(day, zone), calendar.end_of(day, zone)
    found = sales.evening(app_context.db, since, until)
    names = _names({row.actor for row in found.sellers if row.actor})
    return day, found, names


def _names(actors: set[str]) -> Mapping[str, str]:
    return {user.id: user.email for user in users.find_many(app_context.db, actors)}
