"""Somebody who looks at pages, follows their links and sends their forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from tests.conftest import QUICK, the_settings
from ticketing.app import create_app
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.users import register

PASSWORD = "four plain words will do"

# A Wednesday.
NOW = datetime(2026, 11, 25, 18, 0, 4, tzinfo=UTC)
FRIDAY, SATURDAY, YESTERDAY = "2026-11-27", "2026-11-28", "2026-11-24"

VOID = {"input", "meta", "link", "br", "rect", "line", "circle", "path"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Reader(HTMLParser):
    """Reads a page: its forms, its text, and whether its tags are in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.forms, self.texts, self.tags, self._open = [], [], [], []
        self.feed(html)
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append((tag, known))
        if tag == "form":
            self.forms.append(Form(known["action"], known.get("method", "get")))
        if tag == "input" and self.forms and "name" in known:
            chosen = known.get("type") != "radio" or "checked" in known
            if chosen and known.get("type") != "checkbox":
                self.forms[-1].fields[known["name"]] = known.get("value") or ""
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another"

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts)).strip()


class Page:
    """An answer, as whoever looks at it sees it."""

    def __init__(self, answer):
        self.status = answer.status_code
        self.headers = answer.headers
        self.html = answer.text
        is_page = "text/html" in (answer.content_type or "") and self.html and self.status != 303
        self.reader = Reader(self.html) if is_page else None

    @property
    def text(self):
        return self.reader.text

    def form(self, action):
        return next(f for f in self.reader.forms if f.action == action)

    def has_form(self, action):
        return any(f.action == action for f in self.reader.forms)

    def tags(self, name):
        return [known for tag, known in self.reader.tags if tag == name]

    @property
    def title(self):
        return re.search(r"<title>(.*?)</title>", self.html, re.S)[1]


class Visitor:
    """A browser with its cookies, and nothing else that is one's own."""

    def __init__(self, app):
        self.client = app.test_client()

    def get(self, path, **headers):
        return Page(self.client.get(path, headers={"Accept": "text/html", **headers}))

    def send(self, path, headers=None, **fields):
        """Post fields as they are, token or none."""
        return self.client.post(
            path, data=fields, headers={"Accept": "text/html", **(headers or {})}
        )

    def submit(self, page, action, **fields):
        """Fill a form of a page in, send it and follow where it leads."""
        form = page.form(action)
        assert form.method == "post"
        answer = self.send(action, **{**form.fields, **fields})
        if answer.status_code == 303:
            return self.get(answer.headers["Location"])
        return Page(answer)

    def sign_in(self, email, password=PASSWORD):
        page = self.submit(self.get("/sign-in"), "/sign-in", email=email, password=password)
        assert page.status == 200, page.text
        return self


class Hall:
    """A venue with users, whose clock stands on a Wednesday evening."""

    def __init__(self, app, db):
        self.app, self.db = app, db
        self.api = app.test_client()
        self.token = None

    def visitor(self):
        return Visitor(self.app)

    def user(self, email, role=Role.CUSTOMER):
        register(self.db, QUICK, email, PASSWORD, NOW - timedelta(days=9), role)
        return email

    def signed_in(self, email, role=Role.CUSTOMER):
        return self.visitor().sign_in(self.user(email, role))


@pytest.fixture
def hall_at(mongo, mongodb_uri, db):
    def build(clock=lambda: NOW, **known):
        settings = the_settings(database=db.name, mongodb_uri=mongodb_uri, **known)
        return Hall(create_app(settings, mongo, clock, QUICK), db)

    return build


@pytest.fixture
def open_hall(hall_at):
    """Where everybody is an administrator."""
    return hall_at()


@pytest.fixture
def hall(hall_at):
    """Where one has to sign in."""
    return hall_at(auth="required")


@pytest.fixture
def visitor(hall):
    return hall.visitor()


@pytest.fixture
def robin(hall):
    """An administrator."""
    return hall.signed_in("robin@example.org", Role.ADMIN)


@pytest.fixture
def sal(hall):
    """Staff."""
    return hall.signed_in("sal@example.org", Role.STAFF)


@pytest.fixture
def ida(hall):
    """A customer."""
    return hall.signed_in("ida@example.org")


def put_on(robin, name="Harbour Ceilidh", **known):
    """Put an event on by the office's form; return its id."""
    values = {"name": name, "date": SATURDAY, "capacity": "10", "costPerTicket": "12", "venue": "",
              **known}  # fmt: skip
    page = robin.submit(robin.get("/office/events/new"), "/office/events/new", **values)
    assert page.status == 200, page.text
    return re.search(r"/office/events/([0-9a-f]{24})/change", page.html)[1]


def book(visitor, event, n=1, **known):
    """Book by the page of the event; return the page that follows."""
    page = visitor.get(f"/events/{event}")
    return visitor.submit(page, f"/events/{event}/book", n=str(n), **known)


def make_key(robin, name="till 1", role="staff"):
    """Make an API key by the office's form; return its id."""
    page = robin.submit(robin.get("/office/keys"), "/office/keys", name=name, role=role)
    assert page.status == 201, page.text
    return re.findall(r'id="revoke-([0-9a-f]{24})"', page.html)[-1]
