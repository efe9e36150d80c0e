"""Staff and the public are shown different things, under different ETags."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.auth.accounts.test_users import PASSWORD, Person
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


def known(api, path, headers):
    """Ask again with what was told: the status, and whether the tag is still the same."""
    answer = api.get(path, headers=headers)
    tag = tag_of(answer)
    again = api.get(path, headers={**headers, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    return tag


@pytest.fixture
def office(api, admin, path):
    """An event with all that there is to list: a sale, a booking, somebody who waits."""
    event = path.rsplit("/", 1)[1]
    # Nobody is served from the list after the day.
    api.patch(path, json={"capacity": 2, "date": "2044-10-31"}, headers=admin)
    body = {"event": event, "nTickets": 1}
    sale = api.post("/api/v1/transactions", json=body, headers=admin).json["id"]
    booking, place = (
        api.post(f"{path}/bookings", json={"customer": name}, headers=admin).json["id"]
        for name in ("ada", "grace")
    )
    return {"event": event, "sale": sale, "booking": booking, "place": place}


LISTS = [
    "/events",
    "/events?order=created",
    "/events/{event}/status",
    "/events/{event}/waiting-list",
    "/events/{event}/audit",
    "/bookings",
    "/bookings?event={event}",
    "/bookings?event={event}&name=a",
    "/bookings/{booking}",
    "/bookings/{place}",
    "/transactions",
    "/transactions?event={event}",
    "/transactions/{sale}",
    "/transactions/summary",
    "/statistics/monthly?window=current",
    "/users",
]


@pytest.mark.parametrize("url", LISTS)
def test_answers_304_to_who_has_just_that_list(api, office, admin, url):
    known(api, f"/api/v1{url.format(**office)}", admin)


@pytest.mark.parametrize("url", [*LISTS[:10], "/events/{event}"])
def test_tells_a_list_that_a_change_has_changed_by_a_new_etag(api, office, admin, url):
    """Whoever cancels a booking that others waited for changes all of these."""
    url = f"/api/v1{url.format(**office)}"
    before = known(api, url, admin)
    api.delete(f"/api/v1/bookings/{office['booking']}", headers=admin)

    assert known(api, url, admin) != before
    assert api.get(url, headers={**admin, "If-None-Match": before}).status_code == 200


@pytest.mark.parametrize("url", [*LISTS[10:14]])
def test_tells_a_sale_that_came_back_by_a_new_etag(api, office, admin, url):
    url = f"/api/v1{url.format(**office)}"
    before = known(api, url, admin)
    api.delete(f"/api/v1/transactions/{office['sale']}", headers=admin)

    assert known(api, url, admin) != before


@pytest.mark.parametrize("url", ["/events", "/events?order=created", "/bookings"])
def test_tells_a_page_that_is_the_last_no_more_by_a_new_etag(api, office, admin, url):
    """Its items are the same."""
    if url == "/bookings":
        api.delete(f"/api/v1/bookings/{office['booking']}", headers=admin)
    url, sign = f"/api/v1{url}", "&" if "?" in url else "?"
    limit = len(api.get(url, headers=admin).json["items"])
    before = known(api, f"{url}{sign}limit={limit}", admin)
    later = api.post("/api/v1/events", json={**GALA, "date": "2030-01-01"}, headers=admin).json
    api.post(f"/api/v1/events/{later['id']}/bookings", json={"customer": "zoe"}, headers=admin)

    assert known(api, f"{url}{sign}limit={limit}", admin) != before


@pytest.mark.parametrize("url", ["/events", "/events/{event}", "/events?order=created"])
def test_tells_staff_and_the_public_apart_in_lists(api, office, admin, url):
    url = f"/api/v1{url.format(**office)}"
    public = tag_of(api.get(url))

    assert tag_of(api.get(url, headers=admin)) != public
    assert api.get(url, headers={**admin, "If-None-Match": public}).status_code == 200


def test_writes_no_status_for_who_has_it(api, office, monkeypatch):
    """Pages ask for it every other second."""
    url = f"/api/v1/events/{office['event']}/status"
    tag = tag_of(api.get(url))
    monkeypatch.setattr("ticketing.api.schemas.EVENT_STATUS.dump", lambda *_: 1 / 0)

    assert api.get(url, headers={"If-None-Match": tag}).status_code == 304
