"""Keys by which a till, a door or a program signs in: made, shown once, revoked."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for

from ticketing.api.http.context import app_context
from ticketing.api.schemas import NEW_API_KEY
from ticketing.domain.errors import ApiKeyNotFound, KeyNameTaken
from ticketing.domain.identity.api_keys import KEY_ROLES, ApiKey
from ticketing.domain.identity.users import Role
from ticketing.domain.places import Place
from ticketing.services.accounts import api_keys as keys
from ticketing.storage.accounts import api_keys
from ticketing.web.forms import KeyForm
from ticketing.web.http.access import caller, shows, takes
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said, say

blp = Blueprint("keys", __name__, url_prefix="/office/keys")

PAGE = 50


@shows(blp, "", who=Role.ADMIN)
def index() -> Response:
    """List the keys in the order in which they were made, the revoked among them."""
    return _page(KeyForm(formdata=None))


@takes(blp, "", who=Role.ADMIN)
def make() -> Response:
    """Make a key and show it on this very answer.

    So it is in no cookie and in no database. Sent again, the form makes no second key: the first
    has its name.
    """
    form = KeyForm()
    wanted = form.read(NEW_API_KEY, {"name": "name", "role": "role"})
    if wanted is None:
        return _page(form, status=400)
    try:
        key = keys.make(app_context.db, wanted.name, wanted.role, caller(), app_context.clock())
    except KeyNameTaken:
        form.name.errors = [
            "There is a key with this name. If nobody has copied it, revoke it and make another."
        ]
        return _page(form, status=409)
    return _page(KeyForm(formdata=None), created=key, status=201)


@takes(blp, "/<id>/revoke", who=Role.ADMIN)
def revoke(id: str) -> Response:
    """Revoke a key: it lets nobody in from now on."""
    key = api_keys.find(app_context.db, id)
    if key is None:
        raise ApiKeyNotFound
    api_keys.revoke(app_context.db, id, caller().actor, app_context.clock())
    say("Revoked.", f"{key.name} lets nobody in any more.")
    return see_other(url_for("web.keys.index"))


def _page(form: KeyForm, *, created: ApiKey | None = None, status: int = 200) -> Response:
    last = api_keys.find(app_context.db, request.args.get("after", ""))
    place = Place(api_keys.row_of(last)) if last else Place()
    found = api_keys.page(app_context.db, place, PAGE + 1)
    page = render_template(
        "office/keys.html",
        found=found[:PAGE],
        further=found[PAGE - 1].id if len(found) > PAGE else None,
        form=form,
        roles=[role.word for role in reversed(KEY_ROLES)],
        created=created,
        notices=said(),
        refused=status >= 400,
    )
    return make_response(page, status)
