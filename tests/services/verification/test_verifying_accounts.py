"""`verify` is silent where accounts are what their audit says, and names each spoilt thing."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import QUICK
from tests.services.conftest import a_handler
from ticketing.domain.identity.account_changes import AccountChange
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.services.accounts.changes import change_account
from ticketing.services.accounts.erasure import erase
from ticketing.services.verification import Part, Position, Reading, accounts, verify
from ticketing.storage.accounts import users

NOW = datetime(2026, 11, 29, tzinfo=UTC)
BY = Caller("boss", "r1")
AT = {"at": NOW}


@pytest.fixture
def boss(db):
    return people.register(db, QUICK, "boss@example.org", "a good long password", NOW, Role.ADMIN)


@pytest.fixture
def ada(db, boss):
    """An account after four changes: one of each kind."""
    user = people.register(db, QUICK, "ada@example.org", "a good long password", NOW)
    for change in (
        AccountChange(role=Role.STAFF),
        AccountChange(password_hash="another"),
        AccountChange(email="ada@example.com", key="address:ada@example.com"),
        AccountChange(role=Role.CUSTOMER, verified=False),
    ):
        change_account(db, user.id, change, BY, NOW + timedelta(minutes=1))
    return users.find(db, user.id)


@pytest.fixture
def spoil(db):
    """Write to the database by hand what its validators would refuse."""

    def write(collection, which, change):
        db.command("collMod", collection, validationLevel="off")
        try:
            assert db[collection].update_one(which, change).modified_count == 1
        finally:
            db.command("collMod", collection, validationLevel="strict")

    return write


def told(db):
    return [sentence for _, sentence in verify(db)]


def test_is_silent_where_accounts_are_what_their_audit_says(db, ada):
    assert told(db) == []


def test_is_silent_about_accounts_of_before_there_was_an_audit(db, ada):
    db.user_audit.delete_many({"user": ada.id})
    db.users.update_one({"_id": ada.id}, {"$set": {"sequence": 0}})
    change_account(db, ada.id, AccountChange(role=Role.STAFF), BY, NOW)

    assert told(db) == []


def test_is_silent_about_who_was_erased(mongo, db, ada):
    erase(db, a_handler(mongo, db), ada.customer_id, BY, NOW + timedelta(hours=1))

    assert told(db) == []


OF_THE_ACCOUNT = [
    ({"role": "admin"}, "role is 'admin', the audit says 'customer'"),
    ({"active": False}, "active is False, the audit says True"),
    ({"verified": True}, "verified is True, the audit says False"),
    ({"email": "eve@example.org"}, "email is 'eve@example.org', the audit says 'ada@example.com'"),
    ({"sequence": 4}, "sequence is 4, the last entry is number 5"),
    ({"second_factor": "x"}, "there is no such second factor"),
    ({"created_at": NOW - timedelta(1)}, "registered at 2026-11-29 00:00:00+00:00, the account"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "sentence"), OF_THE_ACCOUNT)
def test_names_what_is_spoilt_of_an_account(db, ada, spoil, values, sentence):
    spoil("users", {"_id": ada.id}, {"$set": values})

    assert [f"user {ada.id}: {sentence}" in line for line in told(db)] == [True]


OF_AN_ENTRY = [
    (2, {"changes.role": ["customer", "admin"]}, "5 changes role from 'staff', it was 'admin'"),
    (5, {"changes.role": ["admin", "customer"]}, "5 changes role from 'admin', it was 'staff'"),
    (2, {"action": "registered"}, "entry 2 is called registered, and tells something else"),
    (1, {"action": "changed"}, "entry 1 is called changed, and tells something else"),
    (3, {"changes": {}}, "entry 3 changes nothing"),
    (3, {"changes": {"shoes": ["old", "new"]}}, "entry 3 changes shoes, which no account has"),
    (2, {"changes.verified": [True, True]}, "entry 2 changes verified from True to the same"),
    (5, {"sequence": 6}, "entry 6 comes after number 4"),
    (1, {"at": NOW + timedelta(days=1)}, "entry 2 is from before the one that it follows"),
    (3, {"at": "noon"}, "of user_audit can't be read"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "values", "sentence"), OF_AN_ENTRY)
def test_names_what_is_spoilt_of_an_entry(db, ada, spoil, number, values, sentence):
    spoil("user_audit", {"user": ada.id, "sequence": number}, {"$set": values})

    assert any(sentence in line for line in told(db)), told(db)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_names_an_entry_that_is_missing(db, ada, number):
    db.user_audit.delete_one({"user": ada.id, "sequence": number})

    assert any(ada.id in line for line in told(db))


def test_names_an_account_that_is_missing(db, ada):
    db.users.delete_one({"_id": ada.id})

    found = told(db)

    assert (
        f"user {ada.id}: there is no such account, and no entry says that it was given up" in found
    )
    assert f"user {ada.id}: entry 1 has the address of an account that is not there" in found


def test_names_what_can_not_be_read_and_goes_on(db, ada, boss, spoil):
    spoil("users", {"_id": ada.id}, {"$set": {"role": "king"}})
    spoil("users", {"_id": boss.id}, {"$set": {"verified": False}})

    found = told(db)

    assert any(f"the document '{ada.id}' of users can't be read" in line for line in found)
    assert f"user {boss.id}: verified is False, the audit says True" in found


# However many there are.


def add_many(db, number):
    rows = [f"u{n:05}" for n in range(number)]
    db.users.insert_many(
        {"_id": id_, "email": f"{id_}@example.org", "email_key": f"address:{id_}@example.org",
         "role": "customer", "active": True, "password_hash": "x" * 100, "generation": 1,
         "signed_out": [], "created_at": NOW, "verified": False, "sequence": 1}
        for id_ in rows
    )  # fmt: skip
    new = {"role": [None, "customer"], "active": [None, True], "verified": [None, False]}
    db.user_audit.insert_many(
        {"user": id_, "sequence": 1, "action": "registered", "actor": id_, "at": NOW,
         "request_id": "r", "changes": {"email": [None, f"{id_}@example.org"], **new}}
        for id_ in rows
    )  # fmt: skip


def test_looks_at_all_of_them_so_many_at_a_time(db, monkeypatch):
    monkeypatch.setattr(accounts, "AT_ONCE", 3)
    add_many(db, 10)
    for id_ in ("u00002", "u00003", "u00009"):
        db.users.update_one({"_id": id_}, {"$set": {"role": "staff"}})
    db.user_audit.delete_one({"user": "u00005"})

    named = {line.split(":")[0] for line in told(db)}

    assert named == {"user u00002", "user u00003", "user u00009", "user u00005"}


def test_goes_on_after_what_has_been_looked_at(db, monkeypatch):
    monkeypatch.setattr(accounts, "AT_ONCE", 3)
    add_many(db, 10)
    for id_ in ("u00002", "u00006", "u00009"):
        db.users.update_one({"_id": id_}, {"$set": {"role": "staff"}})
    reached = []
    reading = Reading(reached=reached.append)

    told = list(verify(db, None, reading, begin=Position(Part.ACCOUNTS, "u00005")))

    assert [line.split(":")[0] for _, line in told] == ["user u00006", "user u00009"]
    assert reached == [Position(Part.ACCOUNTS, "u00008"), Position(Part.DATABASE)]
    assert list(verify(db, None, Reading(), begin=Position(Part.DATABASE))) == []


def test_keeps_few_of_them_in_memory(db):
    """Four times as many take no more than half again as much."""
    peaks = []
    for number in (1_500, 6_000):
        db.users.delete_many({})
        db.user_audit.delete_many({})
        add_many(db, number)
        tracemalloc.start()
        assert list(accounts.differences_of_accounts(db)) == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.5 * peaks[0]
