"""The database is away: pages say so, stay as they were last seen, and come back by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.conftest import QUICK
from tests.system.browser.conftest import KEY, PASSWORD, TODAY, Window, put_on
from tests.system.browser.test_story import book
from tests.system.server import Server
from ticketing.domain.identity.users import Role
from ticketing.server.mongod import Mongod
from ticketing.services.accounts.users import register
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

BACK_MS = 40_000


@pytest.fixture
def mongod(tmp_path):
    """A MongoDB of the test's own, to be stopped."""
    server = Mongod(tmp_path / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def lonely(mongod, tmp_path):
    """A server that waits for its database no longer than a test does."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    with connect(mongod.uri, appname="tests") as client:
        db = client["away"]
        migrate(db)
        for name, role in (("robin", Role.ADMIN), ("ida", Role.CUSTOMER)):
            register(db, QUICK, f"{name}@example.org", PASSWORD, now, role)
    known = {"AUTH": "required", "SECRET_KEY": KEY, "RATE_TOKENS": "off", "REQUEST_TIMEOUT_S": "2",
             "LANE_WAIT_S": "1", "COMMIT_TIMEOUT_S": "2", "WORKERS": "1"}  # fmt: skip
    with Server(mongod.uri, "away", tmp_path / "log", **known) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def window(chromium, lonely):
    opened: list[Window] = []

    def build(name: str | None = None) -> Window:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        opened.append(Window(context, lonely))
        return opened[-1].sign_in(name) if name else opened[-1]

    yield build
    for each in opened:
        each.context.close()
    assert [fault for each in opened for fault in each.faults] == []


def test_a_till_keeps_what_was_typed_and_sells_when_the_database_is_back(window, mongod):
    robin = window("robin")
    put_on(robin, "The Night Post", 14, "18", TODAY)
    page = robin.go("/office/till")
    page.keyboard.type("3")
    mongod.kill()

    away = page.get_by_role("alert")
    expect(away).to_contain_text("This is the page as last seen, at", timeout=BACK_MS)
    page.keyboard.press("Enter")
    expect(page.locator("#receipt")).to_contain_text("Nothing can be sold.")
    expect(page.get_by_label("How many tickets?")).to_have_value("3")
    expect(page.locator("#left b")).to_have_text("14")
    assert robin.violations() == []

    mongod.start()
    expect(page.locator("#away")).to_be_hidden(timeout=BACK_MS)
    expect(page.locator("#receipt")).not_to_contain_text("Nothing can be sold.")
    expect(page.get_by_label("How many tickets?")).to_have_value("3")
    page.get_by_label("How many tickets?").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#receipt")).to_contain_text("3 tickets, €54.00", timeout=BACK_MS)


def test_a_public_page_is_as_last_seen_and_comes_back_by_itself(window, mongod):
    event = put_on(window("robin"), "Brass & Bellows", 30, "16")
    before, somebody = window(), window()
    for path in ("/", f"/events/{event}"):
        before.go(path)
    mongod.kill()

    page = somebody.go(f"/events/{event}")
    expect(page.get_by_role("alert")).to_contain_text("This is the page as last seen, at")
    expect(page.locator("#state")).to_have_text("30 left")
    expect(page.locator("main form")).to_have_count(0)
    assert somebody.violations() == []
    other = window()
    expect(other.go("/").get_by_role("alert")).to_contain_text("as last seen, at")
    expect(other.page.get_by_role("link", name="Brass & Bellows").first).to_be_visible()
    assert other.violations() == []

    mongod.start()
    expect(page.get_by_role("button", name="Book 2 tickets")).to_be_visible(timeout=BACK_MS)
    expect(page.locator("#away")).to_be_hidden()
    expect(other.page.locator("#away")).to_be_hidden(timeout=BACK_MS)


def test_a_form_that_met_no_database_is_sent_once_more_and_counts_once(window, mongod):
    event = put_on(window("robin"), "Harbour Ceilidh", 10)
    ida = window("ida")
    page = ida.go(f"/events/{event}")
    page.locator(".tiles").get_by_label("2", exact=True).check()
    mongod.kill()
    page.locator("form.book .go").click()

    expect(page.get_by_role("button", name="Send it once more")).to_be_visible(timeout=BACK_MS)
    assert ida.violations() == []
    mongod.start()
    again = page.get_by_role("button", name="Send it once more")
    mine = page.get_by_text("2 tickets for Harbour Ceilidh are yours, €24.00.")
    for _ in range(20):
        again.click()
        expect(again.or_(mine).first).to_be_visible(timeout=BACK_MS)
        if mine.count():
            break
    expect(mine).to_be_visible()


def test_a_page_that_can_t_be_shown_asks_again_by_itself(window, mongod):
    ida = window("ida")
    event = put_on(window("robin"), "Salt & Rosin", 10)
    book(ida, event, 2)
    mongod.kill()

    page = ida.go("/account")
    expect(page.get_by_text("This page asks again by itself.")).to_be_visible()
    mongod.start()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible(timeout=BACK_MS)
