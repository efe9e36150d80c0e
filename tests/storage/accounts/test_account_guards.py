"""What the filters of writes to accounts keep out, each by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import QUICK
from ticketing.domain.errors import CodeNotFound
from ticketing.services.accounts.users import bearers_of, register
from ticketing.services.signing_in.tokens import Claims
from ticketing.storage.accounts import codes, users
from ticketing.storage.accounts.codes import Code
from ticketing.storage.driver.units_of_work import Conflict

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def ada(db):
    return register(db, QUICK, "ada@example.org", "a good long password", NOW)


def test_no_change_is_written_over_another(db, ada):
    first = replace(ada, verified=False, sequence=2)
    with db.client.start_session() as session:
        users.replace(db, ada, first, session)
        with pytest.raises(Conflict):
            users.replace(db, ada, replace(ada, active=False, sequence=2), session)

    found = users.find(db, ada.id)
    assert (found.verified, found.active) == (False, True)


def test_a_new_hash_is_kept_of_the_same_password_only(db, ada):
    users.rehash(db, replace(ada, password_hash="another"), "of the old password")

    assert users.find(db, ada.id).password_hash == ada.password_hash


@pytest.mark.parametrize("purpose", ["verify", "address", "reset"])
def test_a_code_is_good_for_what_it_was_sent_for_alone(db, ada, purpose):
    """A link that verifies an address sets no password, and the other way round."""
    code = Code(purpose, ada.id, ada.key, NOW + timedelta(hours=1))
    others = [other for other in ("verify", "address", "reset") if other != purpose]
    with db.client.start_session() as session:
        codes.insert(db, "secret", code, session)

        assert codes.find(db, "secret", others, NOW) is None
        with pytest.raises(CodeNotFound):
            codes.use(db, "secret", others, NOW, session)
        assert codes.use(db, "secret", [purpose], NOW, session) == code


def test_a_token_of_this_generation_lets_nobody_in_who_is_out_of_use(db, ada):
    """Also where somebody was put out of use by hand, and the generation has stayed."""
    claims = Claims(ada.id, "t", ada.generation, NOW + timedelta(hours=1))
    assert bearers_of(db, [claims], NOW) != [None]

    db.users.update_one({"_id": ada.id}, {"$set": {"active": False}})

    assert bearers_of(db, [claims], NOW) == [None]
