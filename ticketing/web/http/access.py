"""Who may see a page, how often, and who may send a form.

Every page says it in one place, its `shows` or `takes` line, as the API's routes do.

    who?          the session's cookie; no page looks at `Authorization`
    enough?       an administrator without the second factor that is required sets one up first
    role          whoever has not signed in is sent to do so; a customer finds no office (404),
                  staff hears what is for administrators (403)
    how often     the rates of the API: `reads` for pages, `writes` for forms
    from here?    a form comes from a page of ours (Origin, Sec-Fetch-Site) and has its token (CSRF)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, request, url_for
from flask_wtf.csrf import CSRFProtect

from ticketing.api.auth.addresses import source
from ticketing.api.http.context import app_context
from ticketing.domain.errors import AddressUnverified, NotAllowed, NotSignedIn, TooManyRequests
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Principal, Role
from ticketing.web.http import session
from ticketing.web.http.errors import NoSuchPage, SentFromElsewhere
from ticketing.web.http.redirects import see_other

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


@dataclass(frozen=True, slots=True)
class PageAccess:
    """Who may ask for a page, and whether caches may keep it while nobody has signed in."""

    role: Role
    rate: str
    public: bool = False
    verified: bool = True
    enrolling: bool = False


def shows(
    blp: Blueprint,
    rule: str,
    *,
    who: Role = Role.ANYBODY,
    public: bool = False,
    verified: bool = True,
    enrolling: bool = False,
) -> Callable[[View], View]:
    """Register a page; where `verified` a customer's address has to be.

    `enrolling` is for an administrator who lacks the second factor that is required.
    """
    return _register(blp, rule, "GET", PageAccess(who, "reads", public, verified, enrolling))


def takes(
    blp: Blueprint,
    rule: str,
    *,
    who: Role = Role.CUSTOMER,
    rate: str = "writes",
    verified: bool = True,
    enrolling: bool = False,
) -> Callable[[View], View]:
    """Register what takes a form."""
    access = PageAccess(who, rate, verified=verified, enrolling=enrolling)
    return _register(blp, rule, "POST", access)


def principal() -> Principal:
    """Return who asks for this page; raises NotSignedIn."""
    found: Principal | None = g.get("principal")
    if found is None:
        raise NotSignedIn
    return found


def has_role(role: Role) -> bool:
    """Return whether whoever asks has at least this role."""
    found: Principal | None = g.get("principal")
    return found is not None and found.role >= role


def caller() -> Caller:
    """Return who asks, as the audit names them; raises NotSignedIn."""
    asks = principal()
    return Caller(asks.id, g.request_id, asks.customer.id if asks.customer else None)


def local_path(text: str | None) -> str | None:
    """Return a path of this service that somebody may be sent to; None for anything else."""
    # Browsers take a backslash for a slash, and two of either lead to another host.
    if not text or not text.startswith("/") or text[1:2] in ("/", "\\") or "\\" in text:
        return None
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    if url.scheme or url.netloc or not text.isprintable() or " " in text:
        return None
    return text


def _register(blp: Blueprint, rule: str, method: str, access: PageAccess) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guard(*args: Any, **kwargs: Any) -> Any:
            g.page = access
            refused = _admit(access, method)
            if refused is not None:
                return refused
            app_context.fitness.require(for_changes=method == "POST")
            return view(*args, **kwargs)

        guard.access = access  # type: ignore[attr-defined]
        blp.add_url_rule(rule, view.__name__, guard, methods=[method])
        return view

    return decorate


def _admit(access: PageAccess, method: str) -> Response | None:
    # Before anybody is looked up: what another site has sent costs MongoDB nothing.
    if method == "POST":
        _require_from_here()
        csrf.protect()
    g.principal = session.who()
    if app_context.has_to_enrol(g.principal) and not access.enrolling:
        return see_other(url_for("web.second_factor.show"))
    if access.role > Role.ANYBODY and g.principal is None:
        return _to_sign_in(method)
    if access.role > Role.ANYBODY and g.principal.role < access.role:
        raise NotAllowed if g.principal.role >= Role.STAFF else NoSuchPage
    if access.role is Role.CUSTOMER and access.verified and g.principal.role is Role.CUSTOMER:
        _require_verified(g.principal)
    if access.rate in ("reads", "writes"):
        _count(access.rate)
    return None


def _require_verified(asks: Principal) -> None:
    if not asks.verified:
        raise AddressUnverified


def _to_sign_in(method: str) -> Response:
    back = request.full_path.rstrip("?") if method == "GET" else None
    return see_other(url_for("web.accounts.sign_in", next=back))


def _count(policy: str) -> None:
    who = g.principal.id if g.principal is not None and g.principal.proven else source()
    standing = app_context.rates.hit(policy, who)
    if standing is not None:
        g.rate = standing
        if not standing.granted:
            raise TooManyRequests(standing)


def _require_from_here() -> None:
    """Refuse what another site's page has sent, before its token is looked at.

    Browsers say where a form comes from; a program that says nothing still needs the token.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    if site not in ("same-origin", "none"):
        raise SentFromElsewhere
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise SentFromElsewhere
