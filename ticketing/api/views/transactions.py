"""`/api/v1/transactions`: sales over the counter."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute, execute_on_booking
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged, paged_by_time
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.transactions import EveningRequest, SaleRequest, SalesRequest
from ticketing.domain import calendar
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.sales import Return
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage import bookings
from ticketing.storage.lists import sales
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint(
    "transactions",
    __name__,
    url_prefix="/api/v1/transactions",
    description="Sales over the counter",
)


def present_sale(sold: BookingResult) -> StoredResponse:
    """Return the response for a new sale."""
    headers = {"Location": f"/api/v1/transactions/{sold.booking.id}"}
    return answer(201, sold, schemas.TRANSACTION_RECEIPT, headers)


def present_returned_sale(held: BookingResult) -> StoredResponse:
    """Return the response for a sale that was given back, with who got the tickets."""
    return answer(200, held, schemas.RETURNED_TRANSACTION)


@blp.writes("POST", "", 404, 409, name="sellTickets", who=Role.STAFF)
@blp.arguments(schemas.NEW_TRANSACTION)
@blp.response(201, schemas.TRANSACTION_RECEIPT, headers=sent("Location"))
def create(sale: SaleRequest) -> Response:
    """Sell tickets: all that are asked for, or none.

    409 `sold_out`, `not_enough_tickets` or `waiting_list_first`, with how many are `available`.
    """
    return execute(commands.sell(sale.tickets), on=sale.event, present=present_sale)


@blp.reads("", name="listTransactions", who=Role.STAFF, coalesced=True)
@blp.arguments(schemas.TRANSACTION_QUERY, location="query")
@blp.response(200, schemas.TRANSACTION_PAGE, headers=sent("Link"))
def index(wanted: SalesRequest) -> Response:
    """List sales by time, the oldest first, of one event, actor, status or time.

    Those of one event are in the order of its sequence. `from` and `to` are days, both included, or
    date-times, of which the second is not.
    """
    filter_ = sales.Filter(wanted.event, wanted.actor, wanted.status, wanted.since, wanted.until)
    page = _page if wanted.event is None else _page_of_event
    return page(filter_, wanted)


@blp.reads("/summary", name="showTakings", who=Role.STAFF, coalesced=True)
@blp.arguments(schemas.EVENING_QUERY, location="query")
@blp.response(200, schemas.EVENING)
def summary(wanted: EveningRequest) -> Response:
    """Add up a day at the counter, by actor: what was sold, what was given back, and the money.

    The day is today unless one is named. A sale of another day that is given back on this one
    counts here as given back, by whoever took it.
    """
    zone = app_context.settings.timezone
    day = wanted.day or app_context.clock().astimezone(zone).date()
    since, until = calendar.start_of(day, zone), calendar.end_of(day, zone)
    evening = sales.evening(app_context.db, since, until, wanted.event)
    shown = {
        "day": day,
        "event": wanted.event,
        "items": evening.sellers,
        "totals": evening.totals,
    }
    return respond(answer(200, shown, schemas.EVENING))


@blp.reads("/<id>", 404, name="showTransaction", who=Role.STAFF)
@blp.response(200, schemas.TRANSACTION)
def show(id: str) -> Response:
    """Show a sale."""
    return respond(answer(200, bookings.get_sale(app_context.db, id), schemas.TRANSACTION))


@blp.writes("DELETE", "/<id>", 404, name="returnTransaction", who=Role.STAFF)
@blp.response(200, schemas.RETURNED_TRANSACTION)
def delete(id: str) -> Response:
    """Give a sale's tickets back; the second time changes nothing."""
    return execute_on_booking(Return(id), booking=id, present=present_returned_sale)


def _page(filter_: sales.Filter, wanted: SalesRequest) -> Response:
    place = cursors.place_in(wanted.cursor)
    found = sales.page(app_context.db, filter_, place, wanted.limit + 1)
    return paged_by_time(found, wanted.limit, schemas.TRANSACTION_PAGE, place, bookings.row_of)


def _page_of_event(filter_: sales.Filter, wanted: SalesRequest) -> Response:
    after = cursors.sequence_in(wanted.cursor)
    found = sales.page_of_event(app_context.db, filter_, after, wanted.limit + 1)
    return paged(found, wanted.limit, schemas.TRANSACTION_PAGE, lambda sale: (sale.sequence,))
