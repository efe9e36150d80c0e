"""`/api/v1/transactions`: sales over the counter."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask import Response

from ticketing.api import schemas
from ticketing.api.answers import answer, respond
from ticketing.api.asking import asker, told
from ticketing.api.blueprints import Blueprint
from ticketing.api.headers import sent
from ticketing.api.parts import parts
from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Return, Sell
from ticketing.domain.keeping import Answer
from ticketing.domain.outcomes import Held
from ticketing.domain.users import Role
from ticketing.services.bookings import submit
from ticketing.storage import bookings

blp = Blueprint(
    "transactions",
    __name__,
    url_prefix="/api/v1/transactions",
    description="Sales over the counter",
)


def sold(sale: Booking) -> Answer:
    """Write a new sale down."""
    headers = {"Location": f"/api/v1/transactions/{sale.id}"}
    return answer(201, sale, schemas.TRANSACTION, headers)


def returned(held: Held) -> Answer:
    """Write down a sale that was given back, and who got the tickets."""
    return answer(200, held, schemas.RETURNED_TRANSACTION)


@blp.writes("POST", "", 404, 409, who=Role.STAFF)
@blp.arguments(schemas.NEW_TRANSACTION)
@blp.response(201, schemas.TRANSACTION, headers=sent("Location"))
def create(body: dict[str, Any]) -> Response:
    """Sell tickets: all that are asked for, or none.

    409 `sold_out`, `not_enough_tickets` or `waiting_list_first`, with how many are `available`.
    """
    command = Sell(str(ObjectId()), body["tickets"])
    return told(parts().office.submit(body["event"], command, asker(sold)), sold)


@blp.reads("/<id>", 404, who=Role.STAFF)
@blp.response(200, schemas.TRANSACTION)
def show(id: str) -> Response:
    """Show a sale."""
    return respond(answer(200, bookings.get_sale(parts().db, id), schemas.TRANSACTION))


@blp.writes("DELETE", "/<id>", 404, who=Role.STAFF)
@blp.response(200, schemas.RETURNED_TRANSACTION)
def delete(id: str) -> Response:
    """Give a sale's tickets back; the second time changes nothing."""
    return told(submit(parts().db, parts().office, id, Return(id), asker(returned)), returned)
