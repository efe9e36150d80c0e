"""Who is asking, whether they may, and whether they may already again.

Every route says it in one place, its `reads` or `writes` line: the role that is needed, and the
rate policy that it counts for. A test walks the URL map for routes that don't.

    no policy       no credentials are looked at (`/livez`, `/readyz`)
    registration    counted by address, before anything is looked at
    who asks?       a token, or an API key as Bearer or as a password, costs a read a second at most
                    (`services/signing_in/callers.py`); a Basic password is checked, its failures
                    are counted (`services/signing_in/sign_in.py`), and is not enough where the
                    account has a second factor
    tokens          counted by address, but what succeeds is not
    role            401 where nobody has signed in, 403 where somebody else has, or a customer whose
                    address nobody has verified, or an administrator without the second factor
                    that is required
    reads, writes   counted by user, else by address
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from flask import g, request
from marshmallow import ValidationError
from werkzeug.datastructures import Authorization

from ticketing.api.auth.addresses import source
from ticketing.api.http.context import app_context
from ticketing.api.legacy import aliases
from ticketing.api.schemas.fields import CustomerName
from ticketing.domain.errors import (
    AddressUnverified,
    NotAllowed,
    NotSignedIn,
    SecondFactorMissing,
    SecondFactorNeeded,
    TooManyRequests,
)
from ticketing.domain.identity.customers import NamedCustomer
from ticketing.domain.identity.users import OPEN, Principal, Role, User, introduced
from ticketing.services.accounts import users
from ticketing.storage.accounts.users import note_seen

T = TypeVar("T")

REGISTRATION, TOKENS = "registration", "tokens"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, which rate policy it counts for, and what it needs of the database.

    A route without a policy looks at no credentials. `fitness` is "reads" or "writes" for what is
    done there; None asks nothing of it. `verified` is whether a customer's address has to be.
    `enrolling` lets in an administrator who lacks the second factor that is required. `scraped`
    lets in whoever has the key for that, and counts nothing of them.
    """

    role: Role
    rate: str | None
    fitness: Literal["reads", "writes"] | None = None
    verified: bool = True
    scraped: bool = False
    enrolling: bool = False


def guarded(view: Callable[..., Any], access: Access) -> Callable[..., Any]:
    """Return a view that only whom it is for can call."""

    @wraps(view)
    def guard(*args: Any, **kwargs: Any) -> Any:
        if access.rate is not None and not (access.scraped and _has_scrape_key()):
            _admit(access, access.rate)
        if access.fitness is not None:
            app_context.fitness.require(for_changes=access.fitness == "writes")
        return view(*args, **kwargs)

    guard.access = access  # type: ignore[attr-defined]
    return guard


def principal() -> Principal:
    """Return who makes this request; raises NotSignedIn where nobody has signed in."""
    found: Principal | None = g.get("principal")
    if found is None:
        raise NotSignedIn
    return found


def shown(kind: type[T]) -> T:
    """Return what the caller showed: a User's password or a token's Claims; raises NotSignedIn."""
    found = g.get("shown")
    if not isinstance(found, kind):
        raise NotSignedIn
    return found


def require_role(role: Role) -> None:
    """Raise NotAllowed where somebody asks who may less than this."""
    if principal().role < role:
        raise NotAllowed


def require_verified(asks: Principal) -> None:
    """Raise AddressUnverified where nobody has shown that somebody's address is theirs."""
    if not asks.verified:
        raise AddressUnverified


def is_staff() -> bool:
    """Return whether staff asks, or an administrator."""
    found: Principal | None = g.get("principal")
    return found is not None and found.role >= Role.STAFF


def _has_scrape_key() -> bool:
    key, shown = app_context.settings.metrics_key, _offered()
    if key is None or shown is None or shown.type != "bearer" or not shown.token:
        return False
    return hmac.compare_digest(shown.token.encode("utf-8", "replace"), key.encode())


def _admit(access: Access, rate: str) -> None:
    if rate == REGISTRATION:
        _count(rate, None)
    if rate == TOKENS and not _is_basic(_offered()):
        g.rate = app_context.sign_in.without_password(source())
    g.principal = _who_asks(rate)
    if app_context.has_to_enrol(g.principal) and not access.enrolling:
        raise SecondFactorMissing
    if access.role > Role.ANYBODY:
        _require_role(access)
    if rate not in (REGISTRATION, TOKENS):
        _count(rate, g.principal)


def _require_role(access: Access) -> None:
    require_role(access.role)
    asks = principal()
    # What staff does as such has nothing to do with their own address.
    if access.verified and asks.role is Role.CUSTOMER:
        require_verified(asks)


def _who_asks(rate: str) -> Principal | None:
    is_open = app_context.settings.auth == "open"
    if "Authorization" not in request.headers:
        return OPEN if is_open else None
    if is_open and aliases.PATHS.fullmatch(request.path):
        return _introduced()
    found = _signed_in(_offered())
    if found is None:
        raise NotSignedIn
    # Where a password is exchanged for a token, a code comes with it.
    if rate != TOKENS and isinstance(g.get("shown"), User) and g.shown.second_factor:
        raise SecondFactorNeeded
    if is_open:
        return Principal(found.id, Role.ADMIN, found.customer)
    return found


def _introduced() -> Principal:
    """Return who somebody says they are, on the briefs' routes, where no credentials are refused.

    A Basic user name is the caller's name, whatever the password. A token of ours names its user;
    anything else names nobody.
    """
    credentials = _offered()
    if credentials is not None and credentials.type == "basic":
        try:
            customer: NamedCustomer = CustomerName().deserialize(credentials.username)  # type: ignore[assignment]
            return introduced(customer)
        except ValidationError:
            return OPEN
    found = _signed_in(credentials)
    return Principal(found.id, Role.ADMIN, found.customer) if found else OPEN


def _signed_in(credentials: Authorization | None) -> Principal | None:
    if credentials is None:
        return None
    secret = credentials.token if credentials.type == "bearer" else credentials.password
    callers, now = app_context.callers, app_context.clock()
    if (key := callers.by_api_key(secret or "", now)) is not None:
        return key.principal
    if credentials.type == "bearer" and credentials.token:
        known = callers.by_token(credentials.token, now)
        g.shown = known.claims if known else None
        return known.principal if known else None
    if _is_basic(credentials):
        return _by_password(credentials.username or "", credentials.password or "")
    return None


def _offered() -> Authorization | None:
    """Read the credentials; werkzeug raises ValueError where a Basic is not even ASCII."""
    try:
        return request.authorization
    except ValueError:
        return None


def _is_basic(credentials: Authorization | None) -> bool:
    return credentials is not None and credentials.type == "basic"


def _by_password(email: str, password: str) -> Principal | None:
    user, standing = app_context.sign_in.by_password(source(), email, password)
    if standing is not None:
        g.rate = standing
    if user is None:
        return None
    g.shown = user
    note_seen(app_context.db, user, app_context.clock())
    return users.principal_of(user)


def _count(policy: str, asks: Principal | None) -> None:
    """Count this request by who makes it, or by where it comes from where nobody has shown that."""
    who = asks.id if asks is not None and asks.proven else source()
    standing = app_context.rates.hit(policy, who)
    if standing is not None:
        g.rate = standing
        if not standing.granted:
            raise TooManyRequests(standing)
