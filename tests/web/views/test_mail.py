"""Where mail is sent: from registering to booking, and from a forgotten password to a new one."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.web.conftest import PASSWORD, book, put_on
from ticketing.domain.identity.users import Role
from ticketing.storage.driver.units_of_work import utc_now

NEW = "another four plain words"
NOOR, IDA = "noor@example.org", "ida@example.org"
GONE = "This link is not good any more"


@pytest.fixture
def hall(hall_at):
    """A venue that sends mail, by the clock on the wall: MongoDB itself forgets codes by it."""
    return hall_at(
        utc_now,
        auth="required",
        # Nobody takes it from the outbox, so no server is asked.
        mail_uri="smtp://127.0.0.1:1",
        mail_from="tickets@venue.example",
        public_url="https://tickets.venue.example",
    )


def register(visitor, email=NOOR, password=PASSWORD):
    return visitor.submit(visitor.get("/sign-in"), "/register", email=email, password=password)


def forget(visitor, email):
    return visitor.submit(visitor.get("/reset"), "/reset/mail", email=email)


def link_to(hall, email):
    """Return the path that the last mail to an address leads to."""
    mail = hall.db.outbox.find_one({"to": email}, sort=[("created_at", -1)])
    (link,) = [word for word in mail["text"].split() if word.startswith("https://")]
    parts = urlsplit(link)
    assert parts.netloc == "tickets.venue.example"
    return f"{parts.path}?{parts.query}"


def the_user(hall, email):
    return hall.db.users.find_one({"email": email})


def test_who_registers_and_opens_the_link_can_book(hall, robin, visitor):
    event = put_on(robin, date="2099-01-02")
    page = register(visitor)
    assert "We have written to noor@example.org" in page.text
    page = visitor.submit(visitor.get("/sign-in"), "/sign-in", email=NOOR, password=PASSWORD)
    assert "Open the link that was sent there" in page.text
    assert "Is this address yours?" in book(visitor, event).text

    page = visitor.submit(visitor.get(link_to(hall, NOOR)), "/verify")

    assert "Yours. The address is known to be yours; now you can book." in page.text
    assert "2 tickets for Harbour Ceilidh are yours" in book(visitor, event, 2).text
    assert "Is this address yours?" not in visitor.get("/account").text


def test_opening_the_link_alone_shows_nothing_yet(hall, visitor):
    """Programs that look for viruses open every link of a mail."""
    register(visitor)
    for _ in range(2):
        assert visitor.get(link_to(hall, NOOR)).status == 200
        assert visitor.client.head(link_to(hall, NOOR)).status_code == 200
    assert not the_user(hall, NOOR)["verified"]

    page = visitor.submit(visitor.get(link_to(hall, NOOR)), "/verify")

    assert the_user(hall, NOOR)["verified"]
    # elsewhere than where one has signed in, one does that next
    assert "now you can book" in page.text
    assert page.has_form("/sign-in")


def test_a_link_is_good_once_and_for_its_purpose(hall, visitor):
    hall.user(IDA)
    register(visitor)
    forget(visitor, IDA)
    verify, reset = link_to(hall, NOOR), link_to(hall, IDA)
    code_of_reset = reset.partition("code=")[2]
    other = visitor.submit(visitor.get(f"/verify?code={code_of_reset}"), "/verify")
    assert (other.status, GONE in other.text) == (404, True)

    visitor.submit(visitor.get(verify), "/verify")
    again = visitor.submit(visitor.get(verify), "/verify")

    assert (again.status, GONE in again.text) == (404, True)
    assert visitor.submit(visitor.get(reset), "/reset", password=NEW).status == 200
    again = visitor.submit(visitor.get(reset), "/reset", password=PASSWORD)
    assert (again.status, GONE in again.text) == (404, True)
    hall.visitor().sign_in(IDA, NEW)


def test_who_has_forgotten_the_password_chooses_a_new_one(hall, ida, visitor):
    page = visitor.get("/sign-in")
    assert [a for a in page.tags("a") if a["href"] == "/reset"]
    assert "We have written to ida@example.org" in forget(visitor, IDA).text

    page = visitor.submit(visitor.get(link_to(hall, IDA)), "/reset", password=NEW)

    assert "Changed. Sign in with the new password." in page.text
    old = visitor.submit(page, "/sign-in", email=IDA, password=PASSWORD)
    assert "That address and password don’t belong together." in old.text
    visitor.sign_in(IDA, NEW)
    assert visitor.get("/bookings").status == 200
    # whoever was signed in before is not any more
    assert ida.get("/account").status == 303


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "Choose a password of 12 to 256 characters."),
        ("passwordpassword", "guess"),
        (f"{IDA}1", "guess"),
    ],
)
def test_a_password_that_is_refused_leaves_the_link_good(hall, visitor, password, said):
    hall.user(IDA)
    forget(visitor, IDA)

    page = visitor.submit(visitor.get(link_to(hall, IDA)), "/reset", password=password)

    assert page.status == 400
    assert said in page.text
    assert 'aria-invalid="true"' in page.html
    assert "Changed." in visitor.submit(page, "/reset", password=NEW).text


@pytest.mark.parametrize("act", [register, forget])
def test_a_known_and_an_unknown_address_hear_the_same(hall, visitor, act):
    hall.user(IDA)
    heard = []
    for email in (IDA, NOOR):
        page = act(visitor, email)
        heard.append((page.status, page.text.replace(email, "")))

    assert heard[0] == heard[1]
    assert heard[0][0] == 200


def test_who_registers_with_a_known_address_is_told_by_mail_alone(hall, ida, visitor):
    register(visitor, IDA, NEW)

    assert link_to(hall, IDA).startswith("/reset")
    refused = visitor.submit(visitor.get("/sign-in"), "/sign-in", email=IDA, password=NEW)
    assert refused.status == 403
    assert ida.get("/account").status == 200


def test_an_address_that_is_none_is_told_so(hall, visitor):
    page = forget(visitor, "noor")
    assert page.status == 400
    assert "Write an e-mail address, like ida@example.org." in page.text
    assert hall.db.outbox.count_documents({}) == 0


def test_staff_may_still_say_whose_an_address_is(hall, robin, visitor):
    register(visitor)
    people = robin.get(f"/office/people?email={NOOR}")
    form = next(f for f in people.reader.forms if f.fields.get("verified") == "yes")
    robin.submit(people, form.action, verified="yes")

    assert the_user(hall, NOOR)["role"] == Role.CUSTOMER.word
    assert visitor.sign_in(NOOR).get("/bookings").status == 200
