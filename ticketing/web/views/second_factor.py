"""The second step of signing in, and an administrator's second factor."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, url_for

from ticketing.api.auth.addresses import source
from ticketing.api.http.context import app_context
from ticketing.api.schemas import ENROLMENT, FIRST_CODE
from ticketing.domain.errors import (
    NoEnrolment,
    SecondFactorNeeded,
    UserNotFound,
    WrongPassword,
    WrongSecondFactor,
)
from ticketing.domain.identity.users import Role, User
from ticketing.services.signing_in.second_factor import Proposal
from ticketing.storage.accounts import users
from ticketing.web.forms import CodeForm, SecondFactorForm
from ticketing.web.http import session
from ticketing.web.http.access import caller, principal, shows, takes
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said
from ticketing.web.views.accounts import go_on, next_path

blp = Blueprint("second_factor", __name__)

_WRONG = "That code is not right, or not any more. Wait for the next one."


@shows(blp, "/sign-in/code")
def step() -> Response:
    """Ask whoever has shown their password for a code."""
    if session.half() is None:
        return see_other(url_for("web.accounts.sign_in", next=next_path()))
    return _step(CodeForm(formdata=None))


@takes(blp, "/sign-in/code", who=Role.ANYBODY, rate="tokens")
def enter() -> Response:
    """Sign in whoever has shown their password and shows a code."""
    user, form = session.half(), CodeForm()
    if user is None:
        return see_other(url_for("web.accounts.sign_in", next=next_path()))
    code = form.read(FIRST_CODE, {"code": "code"})
    if code is None:
        return _step(form, 400)
    try:
        g.rate = app_context.second_factors.check(source(), user, code, app_context.clock())
    except WrongSecondFactor:
        form.code.errors = [_WRONG]
        return _step(form, 403)
    session.begin(user)
    return go_on(user)


@shows(blp, "/account/second-factor", who=Role.ADMIN, enrolling=True)
def show() -> Response:
    """Show whether there is a second factor, and the form to set one up."""
    return _page(form=SecondFactorForm(formdata=None))


@takes(blp, "/account/second-factor", who=Role.ADMIN, rate="tokens", enrolling=True)
def propose() -> Response:
    """Make a secret and show it this once, with the form for its first code."""
    form, user = SecondFactorForm(), _oneself()
    names = {"currentPassword": "current", **({"code": "code"} if user.second_factor else {})}
    wanted = form.read(ENROLMENT, names)
    if wanted is None:
        return _page(400, form=form)
    try:
        proposal = app_context.second_factors.propose(
            source(), user.id, wanted.current_password, wanted.code, app_context.clock()
        )
    except WrongPassword:
        form.current.errors = ["That is not the password that you have now."]
        return _page(403, form=form)
    except (WrongSecondFactor, SecondFactorNeeded):
        form.code.errors = [_WRONG]
        return _page(403, form=form)
    return _page(proposal=proposal, first=CodeForm(formdata=None))


@takes(blp, "/account/second-factor/confirmation", who=Role.ADMIN, rate="tokens", enrolling=True)
def confirm() -> Response:
    """Confirm it by its first code, and show the recovery codes this once."""
    form, user = CodeForm(), _oneself()
    code = form.read(FIRST_CODE, {"code": "code"})
    if code is None:
        return _page(400, first=form)
    now = app_context.clock()
    try:
        codes = app_context.second_factors.confirm(source(), user.id, code, caller(), now)
    except WrongSecondFactor:
        form.code.errors = [_WRONG]
        return _page(403, first=form)
    except NoEnrolment:
        return see_other(url_for("web.second_factor.show"))
    # Everywhere else they are signed out.
    session.begin(_oneself())
    return _page(codes=codes)


def _step(form: CodeForm, status: int = 200) -> Response:
    page = render_template("accounts/code.html", form=form, next=next_path(), refused=status >= 400)
    return make_response(page, status)


def _page(
    status: int = 200,
    *,
    form: SecondFactorForm | None = None,
    first: CodeForm | None = None,
    proposal: Proposal | None = None,
    codes: list[str] | None = None,
) -> Response:
    page = render_template(
        "accounts/second_factor.html",
        user=_oneself() if principal().proven else None,
        form=form,
        first=first,
        proposal=proposal,
        codes=codes,
        required=app_context.settings.admin_second_factor == "required",
        notices=said(),
        refused=status >= 400,
    )
    return make_response(page, status)


def _oneself() -> User:
    user = users.find(app_context.db, principal().id)
    if user is None:
        raise UserNotFound
    return user
