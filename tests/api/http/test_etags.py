"""Staff and the public are shown different things, under different ETags."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.auth.test_users import PASSWORD, Person
from tests.api.conftest import GALA, refused
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people


@pytest.fixture
def api(api_at):
    """The service as it faces the internet."""
    return api_at(auth="required")


@pytest.fixture
def as_role(api, db):
    """What somebody with this role sends."""

    def sign_in(role):
        if role is Role.ANYBODY:
            return {}
        email = f"{role.word}@example.org"
        user = people.register(db, QUICK, email, PASSWORD, datetime.now(UTC), role)
        return Person(api, email, user).sign_in().bearer

    return sign_in


@pytest.fixture
def admin(as_role):
    return as_role(Role.ADMIN)


@pytest.fixture
def path(api, admin):
    return api.post("/api/v1/events", json=GALA, headers=admin).headers["Location"]


def tag_of(answer):
    assert answer.status_code == 200, answer.json
    return answer.headers["ETag"]


ROLES = [Role.ANYBODY, Role.CUSTOMER, Role.STAFF]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("weak", ["", "W/"])
def test_answers_304_to_who_has_just_that(api, path, as_role, role, weak):
    own = as_role(role)
    tag = tag_of(api.get(path, headers=own))

    for known in (f"{weak}{tag}", f'"x", {weak}{tag}', "*"):
        answer = api.get(path, headers={**own, "If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert "Authorization" in answer.headers["Vary"]


def test_shows_revenue_to_staff_who_had_the_answer_of_the_public(api, path, as_role):
    public, staff = {}, as_role(Role.STAFF)
    theirs = tag_of(api.get(path, headers=public))
    own = tag_of(api.get(path, headers=staff))

    for prefix in ("", "W/"):
        shown = api.get(path, headers={**staff, "If-None-Match": prefix + theirs})
        assert (shown.status_code, shown.json["revenue"]) == (200, 0)
        hidden = api.get(path, headers={**public, "If-None-Match": prefix + own})
        assert hidden.status_code == 200
        assert "revenue" not in hidden.json


def test_tells_a_changed_event_by_a_new_etag(api, path, admin):
    before = [tag_of(api.get(path, headers=headers)) for headers in ({}, admin)]
    api.patch(path, json={"name": "Ball"}, headers=admin)

    for headers, tag in zip(({}, admin), before, strict=True):
        answer = api.get(path, headers={**headers, "If-None-Match": tag})
        assert answer.json["name"] == "Ball"
        assert answer.headers["ETag"] not in before


def test_gives_administrators_the_etag_that_they_would_be_shown(api, path, admin):
    changed = api.patch(path, json={"name": "Ball"}, headers=admin)
    assert tag_of(changed) == tag_of(api.get(path, headers=admin))

    off = api.post(f"{path}/cancellation", headers=admin)
    assert tag_of(off) == tag_of(api.get(path, headers=admin))


@pytest.mark.parametrize("weak", ["", "W/"])
@pytest.mark.parametrize("role", ROLES)
def test_changes_what_anybody_saw(api, path, admin, as_role, role, weak):
    """An administrator may have it from a page that everybody sees."""
    tag = tag_of(api.get(path, headers=as_role(role)))
    seen = {**admin, "If-Match": weak + tag}

    assert api.patch(path, json={"name": "Ball"}, headers=seen).status_code == 200
    refused(api.patch(path, json={"name": "Fair"}, headers=seen), 412, "stale")
    refused(api.delete(path, headers=seen), 412, "stale")
    refused(api.post(f"{path}/cancellation", headers=seen), 412, "stale")


@pytest.mark.parametrize(
    "tag", ['"1-staff"', '"1-"', '"-public"', '"1-public-public"', '"1-PUBLIC"', '"\u0661"', '"1 "']
)
def test_takes_no_tag_that_nobody_was_given(api, path, admin, tag):
    headers = {**admin, "If-Match": tag.encode().decode("latin-1")}

    refused(api.patch(path, json={"name": "Ball"}, headers=headers), 412, "stale")
