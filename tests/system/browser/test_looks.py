"""Every page and state: whoever can't see, has a small window, the dark, or big letters."""

from __future__ import annotations

import os

import pytest

from tests.system.browser.conftest import TODAY, put_on
from tests.system.browser.test_story import book

LONG = "W" * 180


@pytest.fixture(scope="module")
def places(chromium, hall):
    """Events in all their states, made once; the paths of all pages by who looks at them."""
    from tests.system.browser.conftest import Window

    base = f"http://127.0.0.1:{hall.port}"
    windows = [
        Window(chromium.new_context(), base).sign_in(name) for name in ("robin", "ida", "noor")
    ]
    robin, ida, noor = windows
    free = put_on(robin, "The Long Field", 500, "9.50")
    full = put_on(robin, "Brass & Bellows", 2, "16")
    few = put_on(robin, f"{LONG}<b>", 1_000_000, "0")
    off = put_on(robin, "Understorey", 20, "10")
    for window, event in ((ida, full), (noor, full), (ida, off), (ida, free)):
        book(window, event, 2)
    page = robin.go(f"/office/events/{off}/call-off")
    page.get_by_label("I have told everybody").check()
    page.get_by_role("button", name="Call off").click()
    page = robin.go(f"/office/till?event={free}")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.locator("#receipt .slip").wait_for()
    ida.go("/bookings")
    booking = ida.page.locator("h3 a").first.get_attribute("href")
    for window in windows:
        window.context.close()
    events = [free, full, few, off]
    public = ["/", f"/month/{'2026-12'}", "/sign-in", "/nothing", "/docs/", "/docs/events",
              *(f"/events/{e}" for e in events)]  # fmt: skip
    office = [
        "/office", "/office/events/new", "/office/figures", "/office/figures?months=60",
        "/office/people", "/office/keys", "/office/till/evening", f"/office/events/{off}/owed",
        *(f"/office/events/{e}" for e in events), *(f"/office/till?event={e}" for e in events[:3]),
        f"/office/events/{free}/change", f"/office/events/{free}/call-off",
        f"/office/events/{free}/list", booking, "/account/second-factor",
    ]  # fmt: skip
    return {
        None: public,
        "ida": ["/bookings", "/account", "/account/leave", booking, f"/events/{full}"],
        "robin": office,
    }


LOOKS = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "narrow": {"viewport": {"width": 360, "height": 740}},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "narrow and dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
    "twice as large": {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2},
    "forced colours": {"viewport": {"width": 1024, "height": 768}, "forced_colors": "active"},
}


# Three of these take as long as a hundred other tests, so the rest are for `make looks`.
ALWAYS = {"wide", "narrow and dark"}
EVERY_LOOK = [
    pytest.param(
        look,
        marks=pytest.mark.skipif(
            look not in ALWAYS and "EVERY_LOOK" not in os.environ, reason="make looks tries it"
        ),
    )
    for look in LOOKS
]


@pytest.mark.parametrize("look", EVERY_LOOK)
@pytest.mark.parametrize("name", [None, "ida", "robin"])
def test_every_page_can_be_used_by_everybody(window_of, places, name, look):
    window = window_of(name, **LOOKS[look])
    found = {}
    for path in places[name]:
        page = window.go(path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        faults = window.violations()
        if wide > 0:
            faults.append(f"{wide} pixels too wide")
        if faults:
            found[path] = faults
    assert found == {}


# A stub's perforation stands 3 pixels out.
SPILLS = """[...document.querySelectorAll(".stub, .month a, .figs dd, .fold td, .fold th")]
    .filter((e) => e.scrollWidth > e.clientWidth + 4 || (e.closest(".full") &&
        e.scrollHeight > e.clientHeight + 4)).map((e) => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("look", ["wide", "narrow"])
def test_nothing_spills_out_of_what_holds_it(window_of, places, look):
    robin = window_of("robin", **LOOKS[look])
    found = {}
    public = ["/nothing", "/month/2026-12", f"/month/{TODAY:%Y-%m}", "/docs/", "/docs/events"]
    for path in [*public, *places["robin"]]:
        spilt = robin.go(path).evaluate(SPILLS)
        if spilt:
            found[path] = spilt
    assert found == {}


def test_a_refused_form_can_be_used_by_everybody(window_of):
    robin = window_of("robin")
    page = robin.go("/office/events/new")
    page.get_by_role("button", name="Put it on").click()

    assert robin.violations() == []
    page = robin.go("/sign-in")
    somebody = window_of()
    somebody.go("/sign-in")
    somebody.page.get_by_role("button", name="Register").click()
    assert somebody.violations() == []


@pytest.mark.parametrize("look", ["wide", "narrow", "dark"])
def test_a_key_that_was_made_can_be_read_and_revoked_by_everybody(window_of, look):
    robin = window_of("robin", **LOOKS[look])
    page = robin.go("/office/keys")
    page.get_by_label("Name").fill(f"{look} {LONG}"[:64])
    page.get_by_role("button", name="Make a key").click()
    page.get_by_text("Copy it now").wait_for()
    faults = robin.violations()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    row = page.get_by_role("row").filter(has_text=look + " W")
    row.get_by_role("link", name="Revoke").click()
    faults += robin.violations()
    row.get_by_role("button", name="Revoke").click()

    page.get_by_text("lets nobody in any more.").wait_for()
    assert faults == []
    assert max(wide, page.evaluate("document.documentElement.scrollWidth - innerWidth")) <= 0


def test_the_first_tab_skips_to_the_page(window_of):
    window = window_of()
    page = window.go("/")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    page.wait_for_url("**/#main")
