"""Who has signed in on the pages: a signed cookie that holds a token, which can be revoked.

The token is of the same make as those of the API, for another audience: neither is good for the
other. A new password, being deactivated and signing out end it, wherever the cookie has got to.

Behind TLS the cookie is called `__Host-…`: then browsers take it from no other host and path, and
send it over TLS alone. The API has no session: it takes no cookie and sets none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

from ticketing.api.http.context import app_context
from ticketing.domain.identity.users import OPEN, Principal, User
from ticketing.services.accounts import users as accounts
from ticketing.services.signing_in.tokens import Claims, Tokens
from ticketing.storage.accounts import users

_TOKEN = "token"  # noqa: S105 - the key, not a token

# Who has shown their password, and has so long to show a code as well.
_HALF = "half"
_HALF_LIFETIME_S = 300
_HALF_AUDIENCE = "ticketing-second-step"


class PageSessions(SecureCookieSessionInterface):
    """Sessions for the pages, told by the first part of their paths, and for nothing else."""

    def __init__(self, first_segments: Collection[str]) -> None:
        self._first_segments = frozenset(first_segments)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie of a page's request; anything else has no session."""
        if request.path.split("/", 2)[1] not in self._first_segments:
            return None
        signer = self.get_signing_serializer(app)
        signed = request.cookies.get(self.get_cookie_name(app))
        if signer is None or not signed:
            return self.session_class()
        try:
            # How long it is good is for the token in it to say. Flask would look at the time of
            # the signature as well, and refuse one of a host whose clock is a second ahead.
            return self.session_class(signer.loads(signed))
        except BadSignature:
            return self.session_class()

    def get_cookie_name(self, app: Flask) -> str:
        """Return the cookie's name."""
        return "__Host-office" if request.is_secure else "office"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie is for TLS alone: where the page came that way."""
        return request.is_secure

    def get_cookie_path(self, app: Flask) -> str:
        """Return `/`: `__Host-` asks for it."""
        return "/"


def begin(user: User) -> None:
    """Sign a user in, in a session of which nothing was known before."""
    session.clear()
    session[_TOKEN] = app_context.sessions.issue(user, app_context.clock())


def begin_half(user: User) -> None:
    """Note that a user has shown their password; a code is still to come."""
    session.clear()
    session[_HALF] = _halves().issue(user, app_context.clock())


def half() -> User | None:
    """Return who has shown their password a moment ago, if nothing has changed since."""
    token = _text(_HALF)
    claims = _halves().read(token, app_context.clock()) if token else None
    return accounts.subject_of(app_context.db, claims)


def end() -> None:
    """Sign out, here and wherever else the cookie is."""
    claims = _claims()
    session.clear()
    if claims is not None:
        now = app_context.clock()
        users.sign_out(app_context.db, claims.user, claims.token, claims.expires_at, now)


def who() -> Principal | None:
    """Return who has signed in; in open mode anybody at all, as an administrator."""
    if app_context.settings.auth == "open":
        return OPEN
    token = _text(_TOKEN)
    known = app_context.visitors.by_token(token, app_context.clock()) if token else None
    return known.principal if known else None


def _halves() -> Tokens:
    return replace(app_context.sessions, lifetime_s=_HALF_LIFETIME_S, audience=_HALF_AUDIENCE)


def _claims() -> Claims | None:
    token = _text(_TOKEN)
    return app_context.sessions.read(token, app_context.clock()) if token else None


def _text(name: str) -> str | None:
    found = session.get(name)
    return found if isinstance(found, str) else None
