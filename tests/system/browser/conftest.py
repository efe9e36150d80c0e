"""A real browser, Debian's chromium, on a real server; skipped where there is none."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import QUICK
from tests.system.server import Server
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.users import register
from ticketing.storage.migrations.runner import migrate

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# What keeps it from asking anybody for anything.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

KEY = "Zq8vT2mXw5nLk9dRb3yHc7jF4sGp6aQe"
PASSWORD = "four plain words will do"
AXE = Path(__file__).with_name("axe-core") / "axe.min.js"

TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=3)

# The answer says so, and chromium repeats it: no fault of a page.
_ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of \d+")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("There is no chromium on the PATH: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hall_db(mongo, request):
    name = f"browser-{request.module.__name__.rpartition('.')[2]}"
    mongo.drop_database(name)
    migrate(mongo[name])
    yield mongo[name]
    mongo.drop_database(name)


@pytest.fixture(scope="module")
def hall(mongodb_uri, hall_db, tmp_path_factory, chromium) -> Iterator[Server]:
    """A server where one has to sign in, with an administrator, staff and two customers."""
    log = tmp_path_factory.mktemp("hall") / "log"
    for name, role in (("robin", Role.ADMIN), ("sal", Role.STAFF), ("ida", Role.CUSTOMER),
                       ("noor", Role.CUSTOMER)):  # fmt: skip
        now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        register(hall_db, QUICK, f"{name}@example.org", PASSWORD, now, role)
    known = {"VENUE_NAME": "Pepperwick Hall", "AUTH": "required", "SECRET_KEY": KEY,
             "RATE_TOKENS": "off", "RATE_REGISTRATION": "off"}  # fmt: skip
    with Server(mongodb_uri, hall_db.name, log, **known) as server:
        yield server


class Window:
    """A window of a browser of its own: it notes what a page does that it should not."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.faults: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._request)

    def _console(self, message) -> None:
        if message.type in ("error", "warning") and not _ANSWERED.match(message.text):
            self.faults.append(message.text)

    def _request(self, request) -> None:
        if not request.url.startswith(self.base):
            self.faults.append(f"asks {request.url}")

    def go(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def sign_in(self, name: str) -> Window:
        self.go("/sign-in")
        inside = self.page.get_by_role("region", name="I have an account")
        inside.get_by_label("E-mail address").fill(f"{name}@example.org")
        inside.get_by_label("Password").fill(PASSWORD)
        inside.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()
        return self

    def text(self) -> str:
        return re.sub(r"\s+", " ", self.page.inner_text("body"))

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and its best practices."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
            for each in found["violations"]
        ]


@pytest.fixture
def window_of(chromium, hall):
    """Opens windows; whatever a page did in one that it should not fails the test."""
    opened: list[Window] = []

    @contextmanager
    def _closing():
        yield
        for window in opened:
            window.context.close()

    def build(name: str | None = None, **known) -> Window:
        values = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **known}
        window = Window(chromium.new_context(**values), f"http://127.0.0.1:{hall.port}")
        opened.append(window)
        return window.sign_in(name) if name else window

    with _closing():
        yield build
    assert [fault for window in opened for fault in window.faults] == []


@pytest.fixture
def robin(window_of) -> Window:
    return window_of("robin")


_days = iter(range(3, 3_000))


def put_on(robin: Window, name: str, capacity: int = 10, price: str = "12", day=None) -> str:
    """Put an event on, on a free day unless one is named; return its id."""
    day = day or TODAY + timedelta(days=next(_days))
    page = robin.go("/office/events/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Day").fill(day.isoformat())
    page.get_by_role("textbox", name="Tickets").fill(str(capacity))
    page.get_by_label("Price of a ticket").fill(price)
    page.get_by_label("Where").fill("Great Hall")
    page.get_by_role("button", name="Put it on").click()
    page.get_by_text("is on the calendar").wait_for()
    return page.url.rpartition("/")[2]
