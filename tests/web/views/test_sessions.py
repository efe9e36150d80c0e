"""Signing in on the pages, and what a form needs to be taken."""

from __future__ import annotations

from datetime import timedelta

import limits
import pytest
from itsdangerous import TimestampSigner

from tests.web.conftest import NOW, PASSWORD, Page, book, make_key, put_on
from ticketing.services.signing_in.tokens import AUDIENCE, PAGES_AUDIENCE, Tokens
from ticketing.storage.accounts.users import find_by_email

NEW = "another four plain words"


def test_who_signs_in_goes_on_to_what_they_wanted(robin, hall, visitor):
    event = put_on(robin)
    hall.user("ida@example.org")

    there = visitor.client.get(f"/events/{event}/book?n=3", headers={"Accept": "text/html"})
    assert there.status_code == 303
    page = visitor.get(there.headers["Location"])
    assert "You wanted to book tickets for" in page.text
    page = visitor.submit(page, "/sign-in", email="ida@example.org", password=PASSWORD)

    form = page.form(f"/events/{event}/book")
    assert form.method == "post"
    assert form.fields["n"] == "3"
    assert (
        "3 tickets for Harbour Ceilidh are yours, €36.00." in visitor.submit(page, form.action).text
    )


def test_an_unknown_address_and_a_wrong_password_hear_the_same(hall, visitor):
    hall.user("ida@example.org")
    said = []
    for email, password in (("ida@example.org", "wrong" * 4), ("nobody@example.org", PASSWORD)):
        page = visitor.submit(visitor.get("/sign-in"), "/sign-in", email=email, password=password)
        assert page.status == 403
        assert "That address and password don’t belong together." in page.text
        assert page.title.startswith("Error: ")
        said.append(page.text.replace(email, ""))
    assert said[0] == said[1]


def test_after_too_many_tries_one_waits(hall_at):
    hall = hall_at(auth="required", rates={"tokens": limits.parse("2 per minute")})
    visitor = hall.visitor()
    statuses = []
    for _ in range(3):
        page = visitor.get("/sign-in")
        page = visitor.submit(page, "/sign-in", email="a@example.org", password="wrong" * 4)
        statuses.append(page.status)

    assert statuses == [403, 403, 429]
    assert "Try again in" in page.text
    assert int(page.headers["Retry-After"]) > 0


def test_a_session_begins_anew_at_each_sign_in_and_is_for_the_browser_alone(hall, visitor):
    hall.user("ida@example.org")
    visitor.get("/sign-in")
    before = visitor.client.get_cookie("office").value
    visitor.sign_in("ida@example.org")
    cookie = visitor.client.get_cookie("office")

    assert cookie.value != before
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert not cookie.secure


def test_behind_tls_the_cookie_is_for_this_host_alone(hall):
    client = hall.app.test_client()
    answer = client.get("/sign-in", base_url="https://localhost", headers={"Accept": "text/html"})
    (cookie,) = answer.headers.getlist("Set-Cookie")

    assert cookie.startswith("__Host-office=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_who_signs_out_has_signed_out_wherever_the_cookie_is(hall, ida):
    stolen = ida.client.get_cookie("office").value
    ida.submit(ida.get("/account"), "/sign-out")

    thief = hall.visitor()
    thief.client.set_cookie("office", stolen)
    assert ida.get("/account").status == 303
    assert thief.get("/account").status == 303


def test_a_new_password_ends_every_other_session(hall, ida):
    other = hall.visitor().sign_in("ida@example.org")
    page = ida.submit(ida.get("/account"), "/account/password", current=PASSWORD, password=NEW)

    assert "The new password is good from now on" in page.text
    assert ida.get("/account").status == 200
    assert other.get("/account").status == 303
    hall.visitor().sign_in("ida@example.org", NEW)


def test_a_password_needs_the_one_before_and_enough_letters(ida):
    page = ida.submit(ida.get("/account"), "/account/password", current="wrong" * 3, password=NEW)
    assert page.status == 403
    assert "That is not the password that you have now." in page.text
    page = ida.submit(ida.get("/account"), "/account/password", current=PASSWORD, password="short")
    assert page.status == 400
    assert "Choose a password of 12 to 256 characters" in page.text


def test_who_is_put_out_of_use_is_signed_out(hall, robin, ida):
    people = robin.get("/office/people?email=ida@example.org")
    (form, *_) = [f for f in people.reader.forms if f.fields.get("active") == "no"]
    robin.submit(people, form.action, active="no")

    assert ida.get("/account").status == 303


def test_the_last_administrator_keeps_the_key(robin):
    people = robin.get("/office/people")
    form = next(f for f in people.reader.forms if f.action.startswith("/office/people/"))
    page = robin.submit(people, form.action, role="customer")

    assert "The last administrator keeps the key." in page.text
    assert robin.get("/office/people").status == 200


def test_who_registers_books_once_the_office_has_seen_the_address(robin, visitor):
    page = visitor.submit(
        visitor.get("/sign-in"), "/register", email="noor@example.org", password=PASSWORD
    )
    assert "Nobody has shown yet that noor@example.org is yours." in page.text
    refused = visitor.get("/bookings")
    assert refused.status == 403
    assert "Is this address yours?" in refused.text
    assert book(visitor, put_on(robin)).status == 403

    people = robin.get("/office/people?email=noor@example.org")
    form = next(f for f in people.reader.forms if f.fields.get("verified") == "yes")
    assert "and the address is theirs" in robin.submit(people, form.action, verified="yes").text
    assert "You have no bookings" in visitor.get("/bookings").text


def test_without_mail_a_forgotten_password_is_for_the_counter(visitor):
    assert "This office sends no mail." in visitor.get("/reset").text
    assert "The office can give you a new one." in visitor.get("/sign-in").text


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("noor", PASSWORD, "Write an e-mail address, like ida@example.org."),
        ("noor@example.org", "short", "Choose a password of 12 to 256 characters."),
        ("robin@example.org", PASSWORD, "There is an account with this address."),
    ],
)
def test_what_can_not_be_registered_says_why(robin, visitor, email, password, said):
    page = visitor.submit(visitor.get("/sign-in"), "/register", email=email, password=password)

    assert page.status in (400, 409)
    assert said in page.text
    assert 'aria-invalid="true"' in page.html


DETAILS = {"name": "X", "date": "2027-01-01", "capacity": "9", "costPerTicket": "1"}
FORMS = [
    ("/sign-out", {}),
    ("/account/password", {"current": PASSWORD, "password": NEW}),
    ("/account/leave", {"sure": "yes", "current": PASSWORD}),
    ("/account/second-factor", {"current": PASSWORD}),
    ("/account/second-factor/confirmation", {"code": "x"}),
    ("/sign-in/code", {"code": "x"}),
    ("/events/{event}/book", {"n": "1"}),
    ("/bookings/{booking}/cancel", {}),
    ("/bookings/{booking}/size", {"n": "1"}),
    ("/bookings/{booking}/offer", {}),
    ("/bookings/{booking}/withdraw", {}),
    ("/bookings/code", {"code": "x"}),
    ("/verify", {"code": "x"}),
    ("/reset", {"code": "x", "password": NEW}),
    ("/reset/mail", {"email": "ida@example.org"}),
    ("/bookings/{booking}/pass-on", {"to": "somebody"}),
    ("/office/events/new", DETAILS),
    ("/office/events/{event}/change", DETAILS),
    ("/office/events/{event}/call-off", {"sure": "yes"}),
    ("/office/events/{event}/take-off", {}),
    ("/office/till", {"n": "1"}),
    ("/office/till/{booking}/give-back", {"sure": "yes"}),
    ("/office/people/{user}", {"active": "no"}),
    ("/office/keys", {"name": "till 2", "role": "staff"}),
    ("/office/keys/{key}/revoke", {}),
]


def test_every_form_is_among_those_that_are_tried(hall):
    rules = {
        rule.rule
        for rule in hall.app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and "POST" in rule.methods
    }
    tried = {path.split("{")[0] for path, _ in FORMS} | {"/sign-in", "/register"}
    for rule in rules:
        assert rule in tried or rule.split("<")[0] in tried, rule


@pytest.mark.parametrize(("path", "fields"), FORMS)
@pytest.mark.parametrize("sent", ["without", "of another", "elsewhere", "framed"])
def test_a_form_that_no_page_of_ours_has_sent_changes_nothing(hall, robin, ida, path, fields, sent):
    event = put_on(robin)
    booking = book(ida, event, 2).html.split('id="cancel-')[1].split('"')[0]
    user = hall.db.users.find_one({"email": "ida@example.org"})["_id"]
    key = make_key(robin)
    page = robin.get("/office/people")
    token = page.form("/sign-out").fields["csrf_token"]
    headers = {
        "without": {},
        "of another": {},
        "elsewhere": {"Origin": "https://evil.example"},
        "framed": {"Sec-Fetch-Site": "cross-site"},
    }[sent]
    tokens = {
        "without": {},
        "of another": {"csrf_token": ida.get("/account").form("/sign-out").fields["csrf_token"]},
    }.get(sent, {"csrf_token": token})
    before = _all(hall.db)

    answer = robin.send(
        path.format(event=event, booking=booking, user=user, key=key), headers, **fields, **tokens
    )

    assert answer.status_code in (400, 403), answer.data
    assert Page(answer).text
    assert _all(hall.db) == before


def _all(db):
    names = ("events", "bookings", "audit", "users", "api_keys")
    return {name: list(db[name].find().sort("_id")) for name in names}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
        "http:evil.example", "javascript:alert(1)", "/ok\r\nSet-Cookie: a=b", "///evil.example",
        "evil.example", "/%0a//evil.example\n", "https:/evil.example", "/a\tb",
    ],
)  # fmt: skip
def test_redirects_lead_to_oneself_alone(hall, target):
    hall.user("ida@example.org")
    visitor = hall.visitor()
    page = visitor.get("/sign-in")
    token = page.form("/sign-in").fields["csrf_token"]
    answer = visitor.send(
        "/sign-in", email="ida@example.org", password=PASSWORD, next=target, csrf_token=token
    )

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/bookings"


def test_the_api_takes_no_cookie_and_a_page_no_authorization(hall, robin):
    answer = robin.client.get("/api/v1/users/me")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers

    client = hall.app.test_client()
    basic = client.post("/api/v1/tokens", auth=("robin@example.org", PASSWORD)).json["token"]
    for header in (f"Bearer {basic}", "Basic cm9iaW5AZXhhbXBsZS5vcmc6eA=="):
        answer = client.get("/office", headers={"Accept": "text/html", "Authorization": header})
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["Location"]


def test_a_token_of_the_api_is_no_session_and_the_other_way_round(hall, robin):

    keys = ("a-key-that-only-the-tests-sign-with",)
    user = find_by_email(hall.db, "robin@example.org")
    for_pages = Tokens(keys, 3600, PAGES_AUDIENCE).issue(user, NOW)
    for_api = Tokens(keys, 3600, AUDIENCE).issue(user, NOW)

    client = hall.app.test_client()
    bearer = {"Authorization": f"Bearer {for_pages}"}
    assert client.get("/api/v1/users/me", headers=bearer).status_code == 401
    signer = hall.app.session_interface.get_signing_serializer(hall.app)
    client.set_cookie("office", signer.dumps({"token": for_api}))
    assert client.get("/account", headers={"Accept": "text/html"}).status_code == 303
    client.set_cookie("office", signer.dumps({"token": for_pages}))
    assert client.get("/account", headers={"Accept": "text/html"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/office", "/office/figures", "/office/people", "/office/keys", "/office/events/new"],
)
def test_the_office_is_not_there_for_customers(ida, visitor, path):
    assert ida.get(path).status == 404
    assert visitor.get(path).status == 303


@pytest.mark.parametrize("path", ["/office/people", "/office/keys", "/office/events/new"])
def test_staff_hears_what_is_for_administrators(sal, path):
    assert sal.get("/office").status == 200
    page = sal.get(path)
    assert page.status == 403
    assert "This is for administrators" in page.text


def test_in_open_mode_everybody_is_an_administrator_and_the_bar_says_so(open_hall):
    visitor = open_hall.visitor()
    page = visitor.get("/")

    assert "Open mode: everybody is an administrator" in page.text
    assert "Sign in" not in page.text
    event = put_on(visitor)
    page = book(visitor, event, 2, customer="Greta Thistlewood")
    assert "2 tickets for Harbour Ceilidh are Greta Thistlewood’s" in page.text
    assert "For Greta Thistlewood" in page.text
    page = book(visitor, event, 2, customer="  ")
    assert page.status == 400
    assert "Say for whom" in page.text


def test_registering_counts_by_address(hall_at):
    hall = hall_at(auth="required", rates={"registration": limits.parse("1 per hour")})
    visitor = hall.visitor()
    page = visitor.get("/sign-in")
    assert visitor.submit(page, "/register", email="a@example.org", password="x").status == 400
    page = visitor.submit(visitor.get("/sign-in"), "/register", email="a@example.org", password="x")
    assert page.status == 429


def test_a_role_is_that_of_this_moment(hall, robin, sal):
    user = hall.db.users.find_one({"email": "sal@example.org"})["_id"]
    robin.submit(robin.get("/office/people"), f"/office/people/{user}", role="customer")

    assert sal.get("/office").status == 404


class Ahead(TimestampSigner):
    """Signs as a host does whose clock is twenty seconds ahead."""

    def get_timestamp(self):
        return super().get_timestamp() + 20


def test_a_session_of_a_host_whose_clock_is_a_little_ahead_goes_on_here(ida, hall):
    interface = hall.app.session_interface
    signer = interface.get_signing_serializer(hall.app)
    session = signer.loads(ida.client.get_cookie("office").value)
    user = find_by_email(hall.db, "ida@example.org")
    tokens = Tokens([hall.app.secret_key], 600, PAGES_AUDIENCE)
    session["token"] = tokens.issue(user, NOW + timedelta(seconds=20))
    signer.signer = Ahead

    ida.client.set_cookie("office", signer.dumps(session))

    assert ida.get("/bookings").status == 200
