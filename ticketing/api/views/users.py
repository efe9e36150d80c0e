"""`/api/v1/users` and `/api/v1/tokens`: who can sign in, and signing in and out."""

from __future__ import annotations

from flask import Response, g, request

from ticketing.api import schemas
from ticketing.api.auth.access import principal, require_role, shown
from ticketing.api.auth.addresses import source
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import anonymous, caller
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged, paged_by_time
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.accounts.users import Registration, UserPageRequest
from ticketing.api.schemas.pages import PageRequest
from ticketing.domain.errors import SendsNoMail, UserNotFound
from ticketing.domain.identity.users import Role, User
from ticketing.services.accounts import sessions
from ticketing.services.accounts import users as people
from ticketing.services.accounts.proofs import Proofs, Sent
from ticketing.services.accounts.users import AccountUpdate
from ticketing.services.signing_in.tokens import Claims
from ticketing.storage.accounts import users
from ticketing.storage.accounts.sessions import row_of
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("users", __name__, url_prefix="/api/v1", description="Who can sign in")


def present_user(user: User) -> StoredResponse:
    """Return the response for an account as it is now."""
    return answer(200, user, schemas.USER)


def present_sent(sent: Sent) -> StoredResponse:
    """Return the response for a code that is on its way, whether or not there is an account."""
    body = {"email": sent.email, "message": "A message is on its way to this address."}
    return answer(202, body, schemas.SENT)


def present_registration(registered: User | Sent) -> StoredResponse:
    """Return the response for a new account, or for the code that makes it one."""
    if isinstance(registered, Sent):
        return present_sent(registered)
    return answer(201, registered, schemas.USER)


def present_own_change(changed: User | Sent) -> StoredResponse:
    """Return the response for one's account as it is now, or for the code of a new address."""
    return present_sent(changed) if isinstance(changed, Sent) else present_user(changed)


@blp.writes(
    "POST", "/users", 409, name="registerUser", who=Role.ANYBODY, rate="registration", keyed=False
)
@blp.arguments(schemas.NEW_USER)
@blp.response(201, schemas.USER)
@blp.alt_response(202, schema=schemas.SENT, success=True)
def register(body: Registration) -> Response:
    """Register as a customer.

    Until the address is verified the account can sign in, and nothing else. Where mail is sent the
    answer is 202, whether or not the address is known already, and a code goes to it.
    """
    return respond(present_registration(_register(body)))


@blp.writes(
    "POST", "/verifications/<id>", 404, 409, name="verifyAddress", who=Role.ANYBODY, keyed=False
)
@blp.response(200, schemas.USER)
def verify(id: str) -> Response:
    """Show that an address is one's own, by the code that was sent to it."""
    user = proofs().verify(id, anonymous(), app_context.clock())
    return respond(present_user(user))


@blp.writes(
    "POST",
    "/password-resets",
    409,
    name="forgetPassword",
    who=Role.ANYBODY,
    rate="registration",
    keyed=False,
)
@blp.arguments(schemas.WHO_FORGOT)
@blp.response(202, schemas.SENT)
def forget_password(email: str) -> Response:
    """Have a code sent for a new password, if the address has an account."""
    sent = proofs().request_reset(email, app_context.clock())
    return respond(present_sent(sent))


@blp.writes(
    "POST", "/password-resets/<id>", 404, 409, name="resetPassword", who=Role.ANYBODY, keyed=False
)
@blp.arguments(schemas.CHOSEN_PASSWORD)
@blp.response(200, schemas.USER)
def reset_password(password: str, id: str) -> Response:
    """Set a new password by the code that was sent; every token becomes worthless."""
    user = proofs().reset(id, password, anonymous(), app_context.clock())
    return respond(present_user(user))


@blp.reads("/users", name="listUsers", who=Role.STAFF)
@blp.arguments(schemas.USER_QUERY, location="query")
@blp.response(200, schemas.USER_PAGE, headers=sent("Link"))
def index(page: UserPageRequest) -> Response:
    """List users in the order in which they registered, all of them for an administrator.

    Staff may ask whether an address has one.
    """
    limit, after = page.limit, cursors.place_in(page.cursor)
    if page.email is None:
        require_role(Role.ADMIN)
    found = users.page(app_context.db, after, limit + 1, page.email)
    return paged_by_time(found, limit, schemas.USER_PAGE, after, users.row_of)


@blp.writes("PATCH", "/users/<id>", 404, 409, name="changeUser", who=Role.STAFF, keyed=False)
@blp.arguments(schemas.USER_CHANGE)
@blp.response(200, schemas.USER)
def change(body: AccountUpdate, id: str) -> Response:
    """Change a user's role or activity, say that their address is verified, set a new password.

    Whoever is deactivated leaves the waiting lists for good. Staff may say `"verified": true`, and
    nothing else.
    """
    people.require_may_change(principal(), id, body)
    return respond(present_user(_change(id, body)))


@blp.reads("/users/<id>/audit", 404, name="listUserAudit", who=Role.ADMIN)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.USER_AUDIT_PAGE, headers=sent("Link"))
def audit(page: PageRequest, id: str) -> Response:
    """List what has been done to an account, in order."""
    limit, after = page.limit, cursors.sequence_in(page.cursor)
    found = people.audit(app_context.db, id, after, limit + 1)
    return paged(found, limit, schemas.USER_AUDIT_PAGE, lambda entry: (entry.sequence,))


@blp.reads("/users/me", 404, name="showMe", who=Role.CUSTOMER, verified=False, enrolling=True)
@blp.response(200, schemas.USER)
def show_me() -> Response:
    """Show who has signed in."""
    user = users.find(app_context.db, principal().id)
    if user is None:
        raise UserNotFound
    return respond(present_user(user))


@blp.writes(
    "PATCH",
    "/users/me",
    404,
    409,
    name="changeMyPassword",
    who=Role.CUSTOMER,
    keyed=False,
    verified=False,
)
@blp.arguments(schemas.OWN_CHANGE)
@blp.response(200, schemas.USER)
@blp.alt_response(202, schema=schemas.SENT, success=True)
def change_me(body: AccountUpdate) -> Response:
    """Change one's own password, which makes every token worthless, or one's address.

    An address counts once it is shown to be one's own: a code goes to it, and the answer is 202.
    """
    return respond(present_own_change(_change_own(body)))


@blp.reads("/users/me/sessions", 404, name="listMySessions", who=Role.CUSTOMER, verified=False)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.SESSION_PAGE, headers=sent("Link"))
def list_sessions(page: PageRequest) -> Response:
    """List where one is signed in by a token, oldest first."""
    after, now = cursors.place_in(page.cursor), app_context.clock()
    found = sessions.page(app_context.db, principal().id, now, after, page.limit + 1)
    return paged_by_time(found, page.limit, schemas.SESSION_PAGE, after, row_of)


@blp.writes(
    "DELETE",
    "/users/me/sessions/<id>",
    404,
    name="endMySession",
    who=Role.CUSTOMER,
    keyed=False,
    verified=False,
)
@blp.response(204)
def end_session(id: str) -> Response:
    """Sign out elsewhere: the token of that session is worthless."""
    sessions.end(app_context.db, principal().id, id, app_context.clock())
    return Response(status=204)


def proofs() -> Proofs:
    """Return what sends codes; raises SendsNoMail where there is no mail."""
    found = app_context.proofs
    if found is None:
        raise SendsNoMail
    return found


def _register(wanted: Registration) -> User | Sent:
    now = app_context.clock()
    if app_context.proofs is not None:
        return app_context.proofs.sign_up(wanted.email, wanted.password, anonymous(), now)
    return people.register(
        app_context.db,
        app_context.passwords,
        wanted.email,
        wanted.password,
        now,
        verified=app_context.settings.auth == "open",
    )


def _change_own(update: AccountUpdate) -> User | Sent:
    own = principal().id
    if update.email is None:
        return _change(own, update)
    # Before anything is changed: where no mail is sent, nothing is.
    sends = proofs()
    _change(own, update)
    return sends.request_address(own, update.email, app_context.clock())


def _change(id_: str, update: AccountUpdate) -> User:
    if id_ == principal().id and update.current_password is not None:
        app_context.sign_in.require_password(source(), id_, update.current_password)
    return people.change(
        app_context.db,
        app_context.commands,
        app_context.passwords,
        id_,
        update,
        caller(),
        app_context.clock(),
    )


@blp.writes(
    "POST",
    "/tokens",
    name="createToken",
    who=Role.ANYBODY,
    rate="tokens",
    keyed=False,
    enrolling=True,
)
@blp.arguments(schemas.SIGN_IN)
@blp.response(201, schemas.TOKEN)
def sign_in(code: str | None) -> Response:
    """Exchange an e-mail address and a password (Basic) for a token (Bearer).

    Where the account has a second factor, its code or a recovery code comes in the body; 403
    `second_factor_wrong` counts as a wrong password does.
    """
    user = shown(User)
    standing = app_context.second_factors.check(source(), user, code, app_context.clock())
    if standing is not None:
        g.rate = standing
    token = sessions.begin(
        app_context.db,
        app_context.tokens,
        user,
        app_context.clock(),
        address=source(),
        agent=request.headers.get("User-Agent", ""),
    )
    body = {"token": token, "token_type": "Bearer", "expires_in": app_context.tokens.lifetime_s}
    return respond(answer(201, body, schemas.TOKEN))


@blp.writes(
    "DELETE",
    "/tokens/current",
    name="deleteToken",
    who=Role.CUSTOMER,
    keyed=False,
    verified=False,
    enrolling=True,
)
@blp.response(204)
def sign_out() -> Response:
    """Make the token that is shown worthless."""
    claims = shown(Claims)
    users.sign_out(
        app_context.db, claims.user, claims.token, claims.expires_at, app_context.clock()
    )
    return Response(status=204)
