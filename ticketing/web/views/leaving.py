"""What is kept about oneself, to take away; and being forgotten."""

from __future__ import annotations

import json

from flask import Blueprint, Response, g, make_response, render_template, request

from ticketing.api.auth.addresses import source
from ticketing.api.http.context import app_context
from ticketing.api.schemas import CUSTOMER_EXPORT
from ticketing.domain.errors import BookingsAhead, CustomerNotFound, LastAdmin, WrongPassword
from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import erasure
from ticketing.web import customers
from ticketing.web.http import session
from ticketing.web.http.access import caller, principal, shows, takes
from ticketing.web.views.public import this_day

blp = Blueprint("leaving", __name__, url_prefix="/account")


@shows(blp, "/export", who=Role.CUSTOMER)
def export() -> Response:
    """Send all that is kept about oneself, as the API has it."""
    found = erasure.export(app_context.db, _own().id)
    text = json.dumps(CUSTOMER_EXPORT.dump(found), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="everything-about-me.json"'}
    return Response(text, content_type="application/json", headers=headers)


@shows(blp, "/leave", who=Role.CUSTOMER)
def leaving() -> Response:
    """Show what being forgotten means."""
    return _page(_own())


@takes(blp, "/leave", rate="tokens")
def leave() -> Response:
    """Forget oneself, once the box is ticked and the password is right, and sign out."""
    own = _own()
    if request.form.get("sure") != "yes":
        return _page(own, fault=("sure", "Tick the box if you are sure."), status=400)
    now = app_context.clock()
    try:
        password = request.form.get("current", "")
        app_context.sign_in.require_password(source(), principal().id, password)
        erasure.erase(
            app_context.db, app_context.commands, own.id, caller(), now, ahead_from=this_day()
        )
    except WrongPassword:
        return _page(own, fault=("current", "That is not your password."), status=403)
    except BookingsAhead:
        return _page(own, ahead=True, status=409)
    except LastAdmin:
        fault = "The last administrator keeps the key. Make somebody else one first."
        return _page(own, fault=("sure", fault), status=409)
    session.end()
    g.principal = None
    return make_response(render_template("accounts/left.html"))


def _own() -> Customer:
    own = customers.oneself()
    if own is None:
        raise CustomerNotFound
    return own


def _page(
    own: Customer,
    *,
    fault: tuple[str, str] | None = None,
    ahead: bool = False,
    status: int = 200,
) -> Response:
    page = render_template(
        "accounts/leave.html", own=own, fault=fault, ahead=ahead, refused=status >= 400
    )
    return make_response(page, status)
