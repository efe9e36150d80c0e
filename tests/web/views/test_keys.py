"""Keys of tills, doors and programs, as an administrator makes and revokes them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from bson import json_util

from tests.web.conftest import NOW, make_key

SECRET = re.compile(r"tk_[A-Za-z0-9_-]{43}")
KEYS = "/office/keys"


def make(robin, **fields):
    return robin.submit(robin.get(KEYS), KEYS, **{"name": "till 1", "role": "staff", **fields})


def ask(hall, path, secret):
    return hall.api.get(path, headers={"Authorization": f"Bearer {secret}"})


def test_shows_a_key_once_and_it_lets_a_till_in(hall, robin):
    page = make(robin, name="  till   1 ")

    (secret,) = SECRET.findall(page.html)
    assert page.status == 201
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "The key “ till 1 ” is good from now on" in page.text
    assert ask(hall, "/api/v1/transactions", secret).status_code == 200
    again = robin.get(KEYS)
    assert secret not in again.html
    assert f"till 1 {secret[:9]}… staff" in again.text
    assert hall.db.api_keys.find_one()["created_by"] == the_id_of_robin(hall)


def the_id_of_robin(hall):
    return hall.db.users.find_one({"email": "robin@example.org"})["_id"]


def test_a_key_is_in_no_cookie_and_in_no_database(hall, robin):
    (secret,) = SECRET.findall(make(robin).html)

    cookie = robin.client.get_cookie("office")
    opened = hall.app.session_interface.get_signing_serializer(hall.app).loads(cookie.value)
    assert secret not in repr(opened)
    names = hall.db.list_collection_names()
    assert "api_keys" in names
    assert secret not in json_util.dumps({name: list(hall.db[name].find()) for name in names})


def test_the_same_form_twice_makes_one_key_and_says_what_to_do(hall, robin):
    form = robin.get(KEYS).form(KEYS)
    fields = {**form.fields, "name": "till 1", "role": "staff"}
    assert robin.send(KEYS, **fields).status_code == 201

    again = robin.send(KEYS, **fields)

    assert again.status_code == 409
    assert "There is a key with this name. If nobody has copied it, revoke it" in again.text
    assert not SECRET.search(again.text)
    assert hall.db.api_keys.count_documents({}) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Give it a name of 1 to 64 characters that can be seen."),
        ({"name": "x" * 65}, "Give it a name of 1 to 64 characters that can be seen."),
        ({"name": "a\x07b"}, "Give it a name of 1 to 64 characters that can be seen."),
        ({"name": "a\u200bb"}, "Give it a name of 1 to 64 characters that can be seen."),
        ({"role": "admin"}, "Choose one of the roles."),
        ({"role": ""}, "Choose one of the roles."),
    ],
)
def test_says_beside_the_field_what_a_key_needs(hall, robin, fields, said):
    page = make(robin, **fields)

    assert page.status == 400
    assert page.title.startswith("Error: ")
    assert said in page.text
    assert 'aria-invalid="true"' in page.html
    assert hall.db.api_keys.count_documents({}) == 0


def test_a_key_that_is_revoked_lets_nobody_in_and_stays_in_the_list(hall, robin):
    page = make(robin)
    (secret,) = SECRET.findall(page.html)
    (form,) = [f for f in page.reader.forms if f.action.endswith("/revoke")]

    page = robin.submit(page, form.action)

    assert "Revoked. till 1 lets nobody in any more." in page.text
    assert "Revoked 25 November 2026, 18:00:04" in page.text
    assert not any(f.action.endswith("/revoke") for f in page.reader.forms)
    assert ask(hall, "/api/v1/transactions", secret).status_code == 401
    # the name is free again, and a second time changes nothing
    before = hall.db.api_keys.find_one()
    robin.send(form.action, **form.fields)
    assert hall.db.api_keys.find_one() == before
    assert make(robin).status == 201


def test_revoking_what_is_no_key_finds_nothing(robin):
    form = robin.get("/office").form("/sign-out")
    assert robin.send(f"{KEYS}/nothing/revoke", **form.fields).status_code == 404


def test_tells_when_a_key_was_used_last(hall, robin):
    (secret,) = SECRET.findall(make(robin).html)
    assert "25 November 2026 never Good" in robin.get(KEYS).text

    ask(hall, "/api/v1/transactions", secret)

    assert "25 November 2026 25 November 2026, 18:00:04 Good" in robin.get(KEYS).text


def test_lists_all_keys_page_by_page(hall, robin):
    make_key(robin, "first")
    first = hall.db.api_keys.find_one({}, {"_id": False})
    hall.db.api_keys.insert_many(
        {**first, "_id": f"k{n:03}", "name": f"key {n}", "hash": str(n),
         "created_at": NOW + timedelta(minutes=n)}
        for n in range(1, 121)
    )  # fmt: skip
    seen, path = [], KEYS
    while path:
        page = robin.get(path)
        seen += re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', page.html)
        (path,) = [link["href"] for link in page.tags("a") if link.get("rel") == "next"] or [None]

    assert seen == ["first", *(f"key {n}" for n in range(1, 121))]


@pytest.mark.parametrize("after", ["x", "$ne", "%00", "💥"])
def test_begins_the_list_anew_after_what_is_no_key(robin, after):
    make_key(robin)
    assert "till 1" in robin.get(f"{KEYS}?after={after}").text


def test_the_bar_leads_administrators_there(robin, sal):
    assert [a for a in robin.get("/office").tags("a") if a["href"] == KEYS]
    assert not [a for a in sal.get("/office").tags("a") if a["href"] == KEYS]


def test_in_open_mode_anybody_makes_a_key(open_hall):
    page = make(open_hall.visitor())
    assert page.status == 201
    assert SECRET.search(page.html)
