"""Who is asking, whether they may, and whether they may already again.

Every route says it in one place, its `reads` or `writes` line: the role that is needed, and the
rate policy that it counts for. A test walks the URL map for routes that don't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from flask import g, request
from marshmallow import ValidationError
from werkzeug.datastructures import Authorization

from ticketing.api import spellings
from ticketing.api.fields import CustomerName
from ticketing.api.parts import parts
from ticketing.domain.errors import NotAllowed, NotSignedIn, TooManyRequests
from ticketing.domain.users import OPEN, Principal, Role, introduced
from ticketing.services import users

T = TypeVar("T")

# Counted by address and before anything is looked at: guessing must not be cheap.
_BY_ADDRESS = {"tokens", "registration"}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, which rate policy it counts for, and what it needs of the database.

    `fitness` is "reads" or "writes" for what is done there; None asks nothing of it.
    """

    role: Role
    rate: str | None
    fitness: Literal["reads", "writes"] | None = None


def guarded(view: Callable[..., Any], access: Access) -> Callable[..., Any]:
    """Let a view be called only by whom it is for."""

    @wraps(view)
    def guard(*args: Any, **kwargs: Any) -> Any:
        _admit(access)
        if access.fitness is not None:
            parts().fitness.require(for_changes=access.fitness == "writes")
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


def _admit(access: Access) -> None:
    if access.rate in _BY_ADDRESS:
        _count(access.rate, _address())
    g.principal = _who_asks()
    if access.role > Role.ANYBODY:
        if g.principal is None:
            raise NotSignedIn
        if g.principal.role < access.role:
            raise NotAllowed
    if access.rate is not None and access.rate not in _BY_ADDRESS:
        _count(access.rate, g.principal.id if _has_name(g.principal) else _address())


def _has_name(found: Principal | None) -> bool:
    return found is not None and found.proven


def _who_asks() -> Principal | None:
    is_open = parts().settings.auth == "open"
    if "Authorization" not in request.headers:
        return OPEN if is_open else None
    if is_open and spellings.PATHS.fullmatch(request.path):
        return _introduced()
    found = _signed_in()
    if found is None:
        raise NotSignedIn
    if is_open:
        return Principal(found.id, Role.ADMIN, found.customer)
    return found


def _introduced() -> Principal:
    """Tell who somebody says they are, on the briefs' routes, where no credentials are refused.

    A Basic user name is the caller's name, whatever the password. A token of ours names its user;
    anything else names nobody.
    """
    credentials = _offered()
    if credentials is not None and credentials.type == "basic":
        try:
            return introduced(CustomerName().deserialize(credentials.username))
        except ValidationError:
            return OPEN
    found = _signed_in()
    return Principal(found.id, Role.ADMIN, found.customer) if found else OPEN


def _signed_in() -> Principal | None:
    credentials = _offered()
    if credentials is None:
        return None
    if credentials.type == "bearer" and credentials.token:
        g.shown = parts().tokens.read(credentials.token, parts().clock())
        return users.bearer_of(parts().db, g.shown)
    if credentials.type == "basic":
        return _by_password(credentials.username or "", credentials.password or "")
    return None


def _offered() -> Authorization | None:
    """Read the credentials; werkzeug raises ValueError where a Basic is not even ASCII."""
    try:
        return request.authorization
    except ValueError:
        return None


def _by_password(email: str, password: str) -> Principal | None:
    """Sign in with a password; failures count for the address, whatever the route."""
    counted = request.endpoint == "users.sign_in"
    standing = None if counted else parts().rates.look("tokens", _address())
    if standing is not None and not standing.granted:
        _refuse(standing)
    user = users.authenticate(parts().db, parts().passwords, email, password)
    if user is None:
        if not counted:
            parts().rates.hit("tokens", _address())
        return None
    g.shown = user
    return Principal(user.id, user.role, user.customer)


def _count(policy: str, who: str) -> None:
    standing = parts().rates.hit(policy, who)
    if standing is not None:
        g.rate = standing
        if not standing.granted:
            _refuse(standing)


def _refuse(standing: Any) -> None:
    g.rate = standing
    raise TooManyRequests


def _address() -> str:
    """Tell the caller's address, as far as trusted proxies tell it."""
    return request.remote_addr or "unknown"
