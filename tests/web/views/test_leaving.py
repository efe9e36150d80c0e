from __future__ import annotations

import json
from base64 import b64encode

import limits
import pytest

from tests.web.conftest import PASSWORD, book, put_on
from ticketing.domain.identity.users import Role


def leave(visitor, **known):
    values = {"sure": "yes", "current": PASSWORD, **known}
    return visitor.submit(visitor.get("/account/leave"), "/account/leave", **values)


def test_takes_away_what_the_api_gives_out(hall, robin, ida):
    book(ida, put_on(robin), 2)
    basic = b64encode(f"ida@example.org:{PASSWORD}".encode()).decode()
    token = hall.api.post("/api/v1/tokens", headers={"Authorization": f"Basic {basic}"}).json
    bearer = {"Authorization": f"Bearer {token['token']}"}
    own = hall.db.customers.find_one({"key": "address:ida@example.org"})["_id"]

    answer = ida.client.get("/account/export", headers={"Accept": "text/html"})

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "private, no-store"
    theirs = hall.api.get(f"/api/v1/customers/{own}/export", headers=bearer).json
    assert json.loads(answer.data) == theirs
    assert theirs["bookings"][0]["nTickets"] == 2


def test_leaves_and_is_forgotten_and_signed_out(hall, robin, ida):
    event = put_on(robin)
    page = book(ida, event, 2)
    cancel = next(f.action for f in page.reader.forms if f.action.endswith("/cancel"))
    ida.submit(page, cancel)
    elsewhere = hall.visitor().sign_in("ida@example.org")

    page = leave(ida)

    assert page.status == 200
    assert "You have left" in page.text
    assert "Sign in" in page.text
    for visitor in (ida, elsewhere):
        assert visitor.get("/bookings").status == 303
    assert hall.db.users.find_one({"email": "ida@example.org"}) is None
    assert "ida@" not in robin.get(f"/office/events/{event}").html
    assert "Somebody who has left booked 2 tickets" in robin.get(f"/office/events/{event}").text


@pytest.mark.parametrize(
    ("known", "status", "said"),
    [
        ({"sure": ""}, 400, "Tick the box if you are sure."),
        ({"current": "not the password"}, 403, "That is not your password."),
    ],
)
def test_nobody_leaves_by_accident(hall, ida, known, status, said):
    page = leave(ida, **known)

    assert page.status == status
    assert said in page.text
    assert page.title.startswith("Error: ")
    assert hall.db.users.find_one({"email": "ida@example.org"})["active"]


def test_nobody_leaves_who_holds_what_is_ahead(hall, robin, ida):
    book(ida, put_on(robin), 2)

    page = leave(ida)

    assert page.status == 409
    assert "You hold tickets, or a place in line, for something that is ahead." in page.text
    assert hall.db.users.find_one({"email": "ida@example.org"})["active"]


def test_the_last_administrator_stays(hall, robin):
    page = leave(robin)

    assert page.status == 409
    assert "The last administrator keeps the key." in page.text
    assert robin.get("/office").status == 200


def test_a_form_that_no_page_of_ours_has_sent_forgets_nobody(hall, ida):
    answer = ida.send("/account/leave", sure="yes", current=PASSWORD)

    assert answer.status_code == 400
    assert hall.db.users.find_one({"email": "ida@example.org"})["active"]


def test_guessing_the_password_there_gets_slow(hall_at):
    hall = hall_at(auth="required", rates={"tokens": limits.parse("3 per minute")})
    ida = hall.signed_in("ida@example.org")
    statuses = [leave(ida, current=f"guess {n}").status for n in range(5)]

    assert 429 in statuses


def test_in_open_mode_nobody_has_anything_to_leave(open_hall):
    assert open_hall.visitor().get("/account/export").status == 404
    assert open_hall.visitor().get("/account/leave").status == 404


def test_who_is_not_verified_gets_nothing_of_what_was_booked_for_the_address(hall):
    hall.user("mats@example.org", Role.CUSTOMER)
    hall.db.users.update_one({"email": "mats@example.org"}, {"$set": {"verified": False}})
    mats = hall.visitor().sign_in("mats@example.org")

    for path in ("/account/export", "/account/leave"):
        assert mats.get(path).status == 403
    assert "Everything we keep" not in mats.get("/account").text
