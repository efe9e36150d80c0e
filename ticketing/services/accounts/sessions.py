"""Where a user is signed in, and ending it from elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from bson import ObjectId

from ticketing.domain.errors import SessionNotFound, UserNotFound
from ticketing.domain.identity.users import User
from ticketing.domain.places import Place
from ticketing.services.signing_in.tokens import Tokens
from ticketing.storage.accounts import sessions, users
from ticketing.storage.accounts.sessions import Session
from ticketing.storage.driver.clients import Database

# What a browser says of itself is rarely longer, and nobody has to keep more.
_LONGEST_AGENT = 200


def begin(
    db: Database, tokens: Tokens, user: User, now: datetime, *, address: str, agent: str
) -> str:
    """Return a token for a user, and note where it was asked for."""
    id_ = str(ObjectId())
    until = now + timedelta(seconds=tokens.lifetime_s)
    session = Session(id_, user.id, user.generation, now, until, address, agent[:_LONGEST_AGENT])
    sessions.insert(db, session)
    return tokens.issue(user, now, id_)


def page(db: Database, user_id: str, now: datetime, after: Place, limit: int) -> list[Session]:
    """List where a user is signed in, oldest first; raises UserNotFound."""
    return sessions.page(db, _user(db, user_id), now, after, limit)


def end(db: Database, user_id: str, session_id: str, now: datetime) -> None:
    """Make the token of one of a user's sessions worthless; raises SessionNotFound."""
    session = sessions.find(db, _user(db, user_id), session_id, now)
    if session is None:
        raise SessionNotFound
    users.sign_out(db, user_id, session.id, session.expires_at, now)


def _user(db: Database, user_id: str) -> User:
    user = users.find(db, user_id)
    if user is None:
        raise UserNotFound
    return user
