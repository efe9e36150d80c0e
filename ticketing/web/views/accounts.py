"""Signing in and out, registering, and one's own account."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from ticketing.api.auth.addresses import source
from ticketing.api.http.context import app_context
from ticketing.api.schemas import CHOSEN_PASSWORD, NEW_USER, OWN_CHANGE, WHO_FORGOT
from ticketing.domain.errors import (
    EmailTaken,
    SendsNoMail,
    TooManyRequests,
    UnusablePassword,
    UserNotFound,
    WrongPassword,
)
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Principal, Role, User
from ticketing.services.accounts import users as accounts
from ticketing.services.accounts.proofs import Proofs
from ticketing.storage import events
from ticketing.storage.accounts import users
from ticketing.web.forms import ForgotForm, PasswordForm, RegisterForm, ResetForm, SignInForm
from ticketing.web.http import session
from ticketing.web.http.access import caller, local_path, principal, shows, takes
from ticketing.web.http.redirects import see_other
from ticketing.web.notices import said, say

blp = Blueprint("accounts", __name__)


@shows(blp, "/sign-in")
def sign_in() -> Response:
    """Show the forms to sign in and to register; whoever has signed in goes on."""
    if g.principal is not None:
        return go_on(g.principal)
    return _forms(SignInForm(formdata=None), RegisterForm(formdata=None))


@takes(blp, "/sign-in", who=Role.ANYBODY, rate="tokens")
def enter() -> Response:
    """Sign somebody in, in a new session; where a code is needed too, ask for it."""
    form = SignInForm()
    email, password = form.email.data or "", form.password.data or ""
    user, standing = app_context.sign_in.by_password(source(), email, password)
    if standing is not None:
        g.rate = standing
    if user is None:
        form.email.errors = ["That address and password don’t belong together."]
        return _forms(form, RegisterForm(formdata=None), 403)
    if user.second_factor:
        session.begin_half(user)
        return see_other(url_for("web.second_factor.step", next=next_path()))
    session.begin(user)
    return go_on(user)


@shows(blp, "/register")
def registering() -> Response:
    """Show the same forms: there is one place to begin."""
    return see_other(url_for("web.accounts.sign_in", next=next_path()))


@takes(blp, "/register", who=Role.ANYBODY, rate="registration")
def register() -> Response:
    """Register a customer; where mail is sent, a known and an unknown address hear the same."""
    _count_registration()
    form = RegisterForm()
    wanted = form.read(NEW_USER, {"email": "email", "password": "password"})
    if wanted is None:
        return _forms(SignInForm(formdata=None), form, 400)
    now = app_context.clock()
    try:
        if app_context.proofs is not None:
            app_context.proofs.sign_up(wanted.email, wanted.password, _anybody(), now)
            return _mailed(wanted.email)
        user = accounts.register(
            app_context.db,
            app_context.passwords,
            wanted.email,
            wanted.password,
            now,
            verified=False,
        )
    except EmailTaken:
        form.email.errors = ["There is an account with this address. Sign in, beside this form."]
        return _forms(SignInForm(formdata=None), form, 409)
    except UnusablePassword as fault:
        form.blame(fault)
        return _forms(SignInForm(formdata=None), form, 400)
    session.begin(user)
    return see_other(url_for("web.accounts.account"))


@shows(blp, "/verify")
def verifying() -> Response:
    """Ask once more before an address counts: programs that look for viruses open every link."""
    return make_response(render_template("accounts/verify.html", code=request.args.get("code", "")))


@takes(blp, "/verify", who=Role.ANYBODY)
def verify() -> Response:
    """Show that an address is one's own, by the code that was sent to it."""
    _proofs().verify(request.form.get("code", "").strip(), _anybody(), app_context.clock())
    say("Yours.", "The address is known to be yours; now you can book.")
    return see_other(
        url_for("web.accounts.sign_in" if g.principal is None else "web.bookings.index")
    )


@shows(blp, "/reset")
def forgetting() -> Response:
    """Show the form for a new password: with a code to choose one, without to ask for the code."""
    return _reset(ResetForm(formdata=None), ForgotForm(formdata=None))


@takes(blp, "/reset", who=Role.ANYBODY, rate="registration")
def reset() -> Response:
    """Set a new password by the code that was sent; every session ends."""
    _count_registration()
    form = ResetForm()
    password = form.read(CHOSEN_PASSWORD, {"password": "password"})
    if password is None:
        return _reset(form, ForgotForm(formdata=None), 400)
    code = request.form.get("code", "").strip()
    try:
        _proofs().reset(code, password, _anybody(), app_context.clock())
    except UnusablePassword as fault:
        form.blame(fault)
        return _reset(form, ForgotForm(formdata=None), 400)
    say("Changed.", "Sign in with the new password.")
    return see_other(url_for("web.accounts.sign_in"))


@takes(blp, "/reset/mail", who=Role.ANYBODY, rate="registration")
def forget() -> Response:
    """Send a code for a new password, if the address has an account."""
    _count_registration()
    form = ForgotForm()
    email = form.read(WHO_FORGOT, {"email": "email"})
    if email is None:
        return _reset(ResetForm(formdata=None), form, 400)
    _proofs().request_reset(email, app_context.clock())
    return _mailed(email)


@takes(blp, "/sign-out", who=Role.ANYBODY, enrolling=True)
def sign_out() -> Response:
    """End the session, wherever its cookie is."""
    session.end()
    return see_other(url_for("web.public.index"))


@shows(blp, "/account", who=Role.CUSTOMER, verified=False)
def account() -> Response:
    """Show one's own account."""
    return _account(PasswordForm(formdata=None))


@takes(blp, "/account/password", rate="tokens", verified=False)
def change_password() -> Response:
    """Change one's own password: every other session ends, and this one begins anew."""
    form = PasswordForm()
    update = form.read(OWN_CHANGE, {"currentPassword": "current", "password": "password"})
    if update is None:
        return _account(form, 400)
    try:
        app_context.sign_in.require_password(source(), principal().id, update.current_password)
        user = accounts.change(
            app_context.db,
            app_context.commands,
            app_context.passwords,
            principal().id,
            update,
            caller(),
            app_context.clock(),
        )
    except WrongPassword:
        form.current.errors = ["That is not the password that you have now."]
        return _account(form, 403)
    except UnusablePassword as fault:
        form.blame(fault)
        return _account(form, 400)
    session.begin(user)
    say("Changed.", "The new password is good from now on; everywhere else you are signed out.")
    return see_other(url_for("web.accounts.account"))


def _account(form: PasswordForm, status: int = 200) -> Response:
    page = render_template(
        "accounts/account.html",
        user=_oneself(),
        form=form,
        notices=said(),
        sends_mail=app_context.proofs is not None,
        refused=status >= 400,
    )
    return make_response(page, status)


def _reset(form: ResetForm, asking: ForgotForm, status: int = 200) -> Response:
    page = render_template(
        "accounts/reset.html",
        form=form,
        asking=asking,
        code=request.values.get("code", ""),
        sends_mail=app_context.proofs is not None,
        refused=status >= 400,
    )
    return make_response(page, status)


def _mailed(email: str) -> Response:
    return make_response(render_template("accounts/mailed.html", email=email))


def _proofs() -> Proofs:
    found = app_context.proofs
    if found is None:
        raise SendsNoMail
    return found


def _anybody() -> Caller:
    return Caller("anybody", g.request_id)


def _count_registration() -> None:
    standing = app_context.rates.hit("registration", source())
    if standing is not None:
        g.rate = standing
        if not standing.granted:
            raise TooManyRequests(standing)


def _oneself() -> User | None:
    if not principal().proven:
        return None
    user = users.find(app_context.db, principal().id)
    if user is None:
        raise UserNotFound
    return user


def _forms(entering: SignInForm, registering: RegisterForm, status: int = 200) -> Response:
    page = render_template(
        "accounts/sign_in.html",
        entering=entering,
        registering=registering,
        next=next_path(),
        wanted=_wanted(next_path()),
        sends_mail=app_context.proofs is not None,
        notices=said(),
        refused=status >= 400,
    )
    return make_response(page, status)


def next_path() -> str | None:
    """Return where whoever signs in wanted to go, if that is a page of ours."""
    return local_path(request.values.get("next"))


def _wanted(path: str | None) -> str | None:
    """Return the name of the event that somebody was about to book, for a word about it."""
    segments = (path or "").partition("?")[0].split("/")
    if len(segments) != 4 or segments[1] != "events" or segments[3] != "book":
        return None
    found = events.find_many(app_context.db, [segments[2]])
    return found[segments[2]].name if segments[2] in found else None


def go_on(who: User | Principal) -> Response:
    """Send whoever has signed in to where they wanted to go, or where their work begins."""
    if who.role is Role.CUSTOMER and not who.verified:
        # Nothing else is open to them, and there it says what to do.
        return see_other(url_for("web.accounts.account"))
    wanted = next_path()
    if wanted is not None:
        return see_other(request.script_root + wanted)
    return see_other(
        url_for("web.calendar.index" if who.role >= Role.STAFF else "web.bookings.index")
    )
