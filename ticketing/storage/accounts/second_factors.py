"""Second factors in MongoDB: a document each, of which a user names the one that counts.

What is proposed has a time at which MongoDB removes it; what is confirmed has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pymongo import DESCENDING
from pymongo.client_session import ClientSession

from ticketing.domain.errors import NoEnrolment
from ticketing.domain.identity.users import User
from ticketing.storage.documents import Fields, read
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.reads import reading, writing

_NAME = "second_factors"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What codes are made of, sealed: the database alone makes none.

    `step` is the time step of the last code that was good: no code of it or of before is.
    """

    id: str
    user: str
    secret: str
    step: int


@writing
def propose(db: Database, factor: SecondFactor, until: datetime) -> None:
    """Add one whose first code is still to come."""
    db.second_factors.insert_one(
        {
            "_id": factor.id,
            "user": factor.user,
            "secret": factor.secret,
            "step": factor.step,
            "recovery": [],
            "expires_at": until,
        }
    )


@reading
def find_proposed(db: Database, user: str, now: datetime) -> SecondFactor | None:
    """Find what was proposed last and not too long ago."""
    conditions = {"user": user, "expires_at": {"$gt": now}}
    document = db.second_factors.find_one(conditions, sort=[("expires_at", DESCENDING)])
    return read(_NAME, document, _factor) if document else None


@reading
def find(db: Database, user: str, id_: str) -> SecondFactor | None:
    """Find a user's."""
    document = db.second_factors.find_one({"_id": id_, "user": user})
    return read(_NAME, document, _factor) if document else None


def confirm(
    db: Database, factor: SecondFactor, step: int, recovery: list[str], session: ClientSession
) -> None:
    """Confirm a proposed one and remove all others; raises NoEnrolment where it is none."""
    done = db.second_factors.update_one(
        {"_id": factor.id, "expires_at": {"$exists": True}},
        {"$set": {"step": step, "recovery": recovery}, "$unset": {"expires_at": True}},
        session=session,
    )
    if not done.matched_count:
        raise NoEnrolment
    others = {"user": factor.user, "_id": {"$ne": factor.id}}
    db.second_factors.delete_many(others, session=session)


@writing
def use_step(db: Database, id_: str, step: int, sealed: str) -> bool:
    """Note that a code was good, and keep the secret as it is sealed now.

    Returns False where one of this step or a later one has been: whoever comes second with a code,
    from whatever server, finds the document changed.
    """
    unused = {"_id": id_, "step": {"$lt": step}}
    done = db.second_factors.update_one(unused, {"$set": {"step": step, "secret": sealed}})
    return done.matched_count == 1


@writing
def use_recovery(db: Database, id_: str, digest: str) -> bool:
    """Remove a recovery code; return whether it was good."""
    there = {"_id": id_, "recovery": digest}
    done = db.second_factors.update_one(there, {"$pull": {"recovery": digest}})
    return done.matched_count == 1


def is_missing(db: Database, user: User, session: ClientSession) -> bool:
    """Return whether a user names a second factor that is not there, or was never confirmed."""
    wanted = {"_id": user.second_factor, "user": user.id, "expires_at": None}
    return db.second_factors.find_one(wanted, {"_id": True}, session=session) is None


def forget(db: Database, user: str, session: ClientSession) -> None:
    """Remove all of a user's."""
    db.second_factors.delete_many({"user": user}, session=session)


def _factor(fields: Fields) -> SecondFactor:
    return SecondFactor(
        id=fields.text("_id"),
        user=fields.text("user"),
        secret=fields.text("secret"),
        step=fields.whole("step"),
    )
