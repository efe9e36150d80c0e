"""Users of before get the key that their address has today, and nobody is locked out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ticketing.domain.identity.users import former_key
from ticketing.storage.accounts import users
from ticketing.storage.migrations.runner import migrate

MORNING = datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.fixture
def before(fresh_db):
    """A database of before: keys are addresses in one case."""

    def add(id_, email, after_h=0):
        fresh_db.users.insert_one(
            {"_id": id_, "email": email, "email_key": email.strip().casefold(), "role": "staff",
             "active": True, "password_hash": "h", "generation": 1, "signed_out": [],
             "created_at": MORNING + timedelta(hours=after_h), "verified": True, "sequence": 0}
        )  # fmt: skip

    fresh_db.migrations.delete_one({"_id": "0006_account_keys"})
    add.db = fresh_db
    return add


def keys(db):
    return {user["_id"]: user["email_key"] for user in db.users.find()}


def test_gives_users_of_before_the_key_of_their_address(before):
    before("ada", "Ada@Example.org")
    before("grace", "grace@M\u00fcnchen.example")

    assert "0006_account_keys" in migrate(before.db)

    assert keys(before.db) == {
        "ada": "address:ada@example.org",
        "grace": "address:grace@xn--mnchen-3ya.example",
    }
    assert users.find_by_email(before.db, "ADA@example.ORG").id == "ada"


def test_joins_nobody_with_somebody_who_is_called_the_same_today(before):
    """The older account has the key, the younger goes on with what it registered."""
    younger, older = "mu\u0308ller@example.org", "m\u00fcller@example.org"
    before("younger", younger, after_h=1)
    before("older", older)

    migrate(before.db)

    assert keys(before.db) == {
        "older": f"address:{older}",
        "younger": former_key(younger),
    }
    assert users.find_by_email(before.db, older).id == "older"
    assert users.find_by_email(before.db, younger).id == "younger"


def test_lets_in_whoever_registered_what_is_no_address_any_more(before):
    before("quoted", '"a b"@example.org')

    migrate(before.db)

    assert users.find_by_email(before.db, '"A B"@example.org').id == "quoted"


def test_goes_on_where_a_migration_was_cut_off(before):
    before("ada", "ada@example.org")
    before("quoted", '"a b"@example.org')
    migrate(before.db)
    done = keys(before.db)
    before("late", "late@example.org")

    before.db.migrations.delete_one({"_id": "0006_account_keys"})
    migrate(before.db)

    assert keys(before.db) == {**done, "late": "address:late@example.org"}


def test_lets_accounts_of_before_go_on(before):
    """They hold bookings and places that they could not reach otherwise (docs/adr/0016)."""
    before.db.migrations.delete_one({"_id": "0008_verified_addresses"})
    before.db.command("collMod", "users", validator={})
    before("ada", "ada@example.org")
    before.db.users.update_one({"_id": "ada"}, {"$unset": {"verified": True, "sequence": True}})

    migrate(before.db)

    found = users.find(before.db, "ada")
    assert (found.verified, found.sequence) == (True, 0)
