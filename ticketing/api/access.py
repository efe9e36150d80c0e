"""Who is asking, whether they may, and whether they may already again.

Every route says it in one place, its `reads` or `writes` line: the role that is needed, and the
rate policy that it counts for. A test walks the URL map for routes that don't.

    no policy       no credentials are looked at (`/livez`, `/readyz`)
    registration    counted by address, before anything is looked at
    who asks?       a Basic password is checked, its failures are counted (`services/sign_in.py`)
    tokens          counted by address, but what succeeds is not
    role            401 where nobody has signed in, 403 where somebody else has
    reads, writes   counted by user, else by address
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import g, request
from werkzeug.datastructures import Authorization

from ticketing.api.addresses import source
from ticketing.api.parts import parts
from ticketing.domain.errors import NotAllowed, NotSignedIn, TooManyRequests
from ticketing.domain.users import OPEN, Principal, Role
from ticketing.services import users

T = TypeVar("T")

REGISTRATION, TOKENS = "registration", "tokens"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, and which rate policy it counts for; None looks at no credentials."""

    role: Role
    rate: str | None


def guarded(view: Callable[..., Any], access: Access) -> Callable[..., Any]:
    """Let a view be called only by whom it is for."""

    @wraps(view)
    def guard(*args: Any, **kwargs: Any) -> Any:
        if access.rate is not None:
            _admit(access.role, access.rate)
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


def is_staff() -> bool:
    """Tell whether staff asks, or an administrator."""
    found: Principal | None = g.get("principal")
    return found is not None and found.role >= Role.STAFF


def _admit(role: Role, rate: str) -> None:
    if rate == REGISTRATION:
        _count(rate, source())
    if rate == TOKENS and not _is_basic(request.authorization):
        g.rate = parts().sign_in.without_password(source())
    g.principal = _who_asks()
    if role > Role.ANYBODY:
        if g.principal is None:
            raise NotSignedIn
        if g.principal.role < role:
            raise NotAllowed
    if rate not in (REGISTRATION, TOKENS):
        _count(rate, g.principal.id if _has_name(g.principal) else source())


def _has_name(found: Principal | None) -> bool:
    return found is not None and found is not OPEN


def _who_asks() -> Principal | None:
    is_open = parts().settings.auth == "open"
    if "Authorization" not in request.headers:
        return OPEN if is_open else None
    found = _signed_in(request.authorization)
    if found is None:
        raise NotSignedIn
    if is_open:
        return Principal(found.id, Role.ADMIN, found.customer)
    return found


def _signed_in(credentials: Authorization | None) -> Principal | None:
    if credentials is None:
        return None
    if credentials.type == "bearer" and credentials.token:
        g.shown = parts().tokens.read(credentials.token, parts().clock())
        return users.bearer_of(parts().db, g.shown)
    if _is_basic(credentials):
        return _by_password(credentials.username or "", credentials.password or "")
    return None


def _is_basic(credentials: Authorization | None) -> bool:
    return credentials is not None and credentials.type == "basic"


def _by_password(email: str, password: str) -> Principal | None:
    user, standing = parts().sign_in.by_password(source(), email, password)
    if standing is not None:
        g.rate = standing
    if user is None:
        return None
    g.shown = user
    return Principal(user.id, user.role, user.customer)


def _count(policy: str, who: str) -> None:
    standing = parts().rates.hit(policy, who)
    if standing is not None:
        g.rate = standing
        if not standing.granted:
            raise TooManyRequests(standing)
