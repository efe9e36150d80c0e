"""API keys: made once, shown once, good until they are revoked."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from bson import ObjectId

from ticketing.domain.identity.api_keys import ApiKey
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Principal, Role
from ticketing.storage.accounts import api_keys
from ticketing.storage.driver.clients import Database

# Told from a token and from a password by how it begins, by people and by programs that look for
# secrets in places where none should be.
_BEGINNING = "tk_"
_PATTERN = re.compile(r"tk_[A-Za-z0-9_-]{43}")
_PREFIX_LENGTH = len(_BEGINNING) + 6


def make(db: Database, name: str, role: Role, caller: Caller, now: datetime) -> ApiKey:
    """Make a key; return it with its secret, which nobody can see again. Raises KeyNameTaken."""
    secret = _BEGINNING + secrets.token_urlsafe(32)
    prefix = secret[:_PREFIX_LENGTH]
    key = ApiKey(str(ObjectId()), name, role, prefix, now, caller.actor, secret=secret)
    api_keys.insert(db, key, secret)
    return key


def is_key(secret: str) -> bool:
    """Return whether a secret looks like a key: whatever does not is not even looked for."""
    return _PATTERN.fullmatch(secret) is not None


def bearer_of(db: Database, secret: str, now: datetime) -> Principal | None:
    """Find whom a key is for, if it is good."""
    key = api_keys.find_good(db, secret)
    if key is None:
        return None
    api_keys.note_use(db, key, now)
    return key.principal
