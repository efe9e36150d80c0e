"""`/api/v1/transactions`: sales over the counter."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute, execute_on_booking
from ticketing.api.http.headers import sent
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.transactions import SaleRequest
from ticketing.domain.bookings import Booking
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.sales import Return
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage import bookings
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint(
    "transactions",
    __name__,
    url_prefix="/api/v1/transactions",
    description="Sales over the counter",
)


def present_sale(sale: Booking) -> StoredResponse:
    """Return the response for a new sale."""
    headers = {"Location": f"/api/v1/transactions/{sale.id}"}
    return answer(201, sale, schemas.TRANSACTION, headers)


def present_returned_sale(held: BookingResult) -> StoredResponse:
    """Return the response for a sale that was given back, with who got the tickets."""
    return answer(200, held, schemas.RETURNED_TRANSACTION)


@blp.writes("POST", "", 404, 409, who=Role.STAFF)
@blp.arguments(schemas.NEW_TRANSACTION)
@blp.response(201, schemas.TRANSACTION, headers=sent("Location"))
def create(sale: SaleRequest) -> Response:
    """Sell tickets: all that are asked for, or none.

    409 `sold_out`, `not_enough_tickets` or `waiting_list_first`, with how many are `available`.
    """
    return execute(commands.sell(sale.tickets), on=sale.event, present=present_sale)


@blp.reads("/<id>", 404, who=Role.STAFF)
@blp.response(200, schemas.TRANSACTION)
def show(id: str) -> Response:
    """Show a sale."""
    return respond(answer(200, bookings.get_sale(app_context.db, id), schemas.TRANSACTION))


@blp.writes("DELETE", "/<id>", 404, who=Role.STAFF)
@blp.response(200, schemas.RETURNED_TRANSACTION)
def delete(id: str) -> Response:
    """Give a sale's tickets back; the second time changes nothing."""
    return execute_on_booking(Return(id), booking=id, present=present_returned_sale)
