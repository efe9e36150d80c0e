"""A service as it faces the internet, and people who have signed in there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.auth.accounts.test_users import GALA, PASSWORD, Person
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people


@pytest.fixture
def api(api_at):
    return api_at(auth="required")


@pytest.fixture
def person(api, db):
    def make(name, role=Role.CUSTOMER, **known):
        email = f"{name}@example.org"
        user = people.register(db, QUICK, email, PASSWORD, datetime.now(UTC), role, **known)
        return Person(api, email, user).sign_in()

    return make


@pytest.fixture
def admin(person):
    return person("admin", Role.ADMIN)


@pytest.fixture
def staff(person):
    return person("staff", Role.STAFF)


@pytest.fixture
def event(admin):
    return admin.ask("POST", "/events", GALA).json
