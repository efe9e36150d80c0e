"""Tokens: JWTs (RFC 7519) signed with HMAC-SHA-256."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import jwt

from ticketing.domain.identity.users import User

ISSUER = "ticketing"
AUDIENCE = "ticketing-api"
PAGES_AUDIENCE = "ticketing-pages"
_ALGORITHM = "HS256"
_NEEDED = ["sub", "role", "iat", "exp", "iss", "aud", "jti", "gen"]

# By so much may the clock of the host that issued a token be ahead (RFC 7519, section 4.1.5).
CLOCKS_APART_S = 30

# 9999-12-31: the last moment that a date can name. PyJWT takes any number.
_LAST_MOMENT = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was found good says."""

    user: str
    token: str
    generation: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues tokens with the first key and takes those of all keys, for a change of keys.

    Those for one audience are worthless to another.
    """

    keys: Sequence[str]
    lifetime_s: int
    audience: str = AUDIENCE

    def issue(self, user: User, now: datetime, id_: str | None = None) -> str:
        """Write a token for a user, with an id of one's choice or one that nobody else has."""
        moment = int(now.timestamp())
        claims = {
            "sub": user.id,
            "role": user.role.word,
            "iat": moment,
            "nbf": moment,
            "exp": moment + self.lifetime_s,
            "iss": ISSUER,
            "aud": self.audience,
            "jti": id_ or uuid4().hex,
            "gen": user.generation,
        }
        return jwt.encode(claims, self.keys[0], _ALGORITHM)

    def read(self, token: str, now: datetime) -> Claims | None:
        """Read a token; None where anything at all is wrong with it."""
        for key in self.keys:
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[_ALGORITHM],
                    audience=self.audience,
                    issuer=ISSUER,
                    options={
                        "require": _NEEDED,
                        "enforce_minimum_key_length": True,
                        # Times are compared below, with the clock that was passed in.
                        "verify_exp": False,
                        "verify_nbf": False,
                        "verify_iat": False,
                    },
                )
            except (jwt.InvalidTokenError, ValueError, RecursionError):
                continue
            return _checked(claims, now.timestamp())
        return None


def _checked(claims: Mapping[str, object], moment: float) -> Claims | None:
    """Take claims of the right shape and time only: PyJWT lets an empty `sub` pass, for one."""
    user, token = _text(claims["sub"]), _text(claims["jti"])
    generation, ends = _whole(claims["gen"]), _whole(claims["exp"])
    begins = _whole(claims.get("nbf", claims["iat"]))
    if not user or not token or generation is None or begins is None or ends is None:
        return None
    if not begins - CLOCKS_APART_S <= moment < ends <= _LAST_MOMENT:
        return None
    return Claims(user, token, generation, datetime.fromtimestamp(ends, UTC))


def _text(claim: object) -> str:
    return claim if isinstance(claim, str) else ""


def _whole(claim: object) -> int | None:
    """Return a whole number; JSON's true is one to Python only."""
    return claim if type(claim) is int else None
