"""Who can sign in, and what they may do."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for

from ticketing.api.http.context import app_context
from ticketing.domain.errors import LastAdmin, OwnSecondFactor
from ticketing.domain.identity.users import ROLES, Role, role_of
from ticketing.domain.places import Place
from ticketing.services.accounts import users as accounts
from ticketing.services.accounts.users import AccountUpdate
from ticketing.services.signing_in import second_factor
from ticketing.storage.accounts import users
from ticketing.web.http.access import caller, principal, shows, takes
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said, say

blp = Blueprint("people", __name__, url_prefix="/office/people")

PAGE = 50


@shows(blp, "", who=Role.ADMIN)
def index() -> Response:
    """List the accounts; one whose address is asked for comes alone."""
    asked = request.args.get("email", "").strip()
    if asked:
        user = users.find_by_email(app_context.db, asked)
        found = [user] if user else []
    else:
        last = users.find(app_context.db, request.args.get("after", ""))
        place = Place(users.row_of(last)) if last else Place()
        found = users.page(app_context.db, place, PAGE + 1)
    page = render_template(
        "office/people.html",
        found=found[:PAGE],
        further=found[PAGE - 1].id if len(found) > PAGE else None,
        asked=asked,
        roles=ROLES,
        notices=said(),
    )
    return make_response(page)


@takes(blp, "/<id>", who=Role.STAFF)
def change(id: str) -> Response:
    """Give an account another role, put it out of use and back, or say that its address is shown.

    The last is what staff may do too.
    """
    role, active = request.form.get("role"), request.form.get("active")
    update = AccountUpdate(
        role=role_of(role) if role in ROLES else None,
        active=active == "yes" if active in ("yes", "no") else None,
        verified=True if request.form.get("verified") == "yes" else None,
    )
    accounts.require_may_change(principal(), id, update)
    try:
        user = accounts.change(
            app_context.db,
            app_context.commands,
            app_context.passwords,
            id,
            update,
            caller(),
            app_context.clock(),
        )
    except LastAdmin:
        say("Nothing has changed.", "The last administrator keeps the key.", "off")
    else:
        what = user.role.word if user.active else "out of use"
        shown = ", and the address is theirs" if update.verified else ""
        say("Changed.", f"{user.email} is {what} from now on{shown}.")
    return see_other(url_for("web.people.index"))


@takes(blp, "/<id>/second-factor", who=Role.ADMIN)
def reset_second_factor(id: str) -> Response:
    """Take the second factor of somebody else away, who has lost it."""
    try:
        user = second_factor.reset(app_context.db, id, caller(), app_context.clock())
    except OwnSecondFactor:
        say("Nothing has changed.", "Your own is replaced in your account.", "off")
    else:
        say("Changed.", f"{user.email} signs in with a password alone, and is signed out now.")
    return see_other(url_for("web.people.index"))
