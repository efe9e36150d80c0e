"""The service with one more route, which validates a sale and touches no database."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.transactions import SaleRequest
from ticketing.app import create_app
from ticketing.domain.bookings import Booking
from ticketing.domain.identity.users import Role
from ticketing.storage.driver.units_of_work import utc_now

blp = Blueprint("bench", __name__, url_prefix="/bench")


@blp.writes("POST", "/validated", name="sellNothing", who=Role.STAFF)
@blp.arguments(schemas.NEW_TRANSACTION)
@blp.response(201, schemas.TRANSACTION)
def validated(wanted: SaleRequest) -> Response:
    """Do all that a sale does for HTTP, and nothing else."""
    tickets = wanted.tickets
    sale = Booking("0" * 24, wanted.event, None, tickets, "confirmed", 1, 500 * tickets, utc_now())
    return respond(answer(201, sale, schemas.TRANSACTION, {"Location": "/bench/none"}))


app = create_app()
app.register_blueprint(blp)
