"""What comes out of the printer: the paper of the door and of whoever reads the figures."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.system.browser.conftest import TODAY, Window, put_on
from tests.system.browser.test_story import book

# What only works on a screen.
ON_SCREEN = "nav, form, button, input, select, .btn, .skip, .no-print"


def shown(page, selector):
    """How many elements take up room on the page."""
    return page.locator(selector).locator("visible=true").count()


def on_paper(page, **known):
    page.emulate_media(media="print", **known)
    return page


def colours(page):
    """The colours of what is written and of what it is written on."""
    return page.evaluate(
        "[getComputedStyle(document.querySelector('h1')).color,"
        " getComputedStyle(document.documentElement).backgroundColor]"
    )


@pytest.fixture(scope="module")
def tonight(chromium, hall):
    """An event of today, with two who come."""
    robin, ida, noor = (
        Window(chromium.new_context(), f"http://127.0.0.1:{hall.port}").sign_in(name)
        for name in ("robin", "ida", "noor")
    )
    event = put_on(robin, "The Night Post", 50, "18", TODAY)
    book(ida, event, 3)
    book(noor, event, 2)
    for window in (robin, ida, noor):
        window.context.close()
    return event


@pytest.fixture
def door(robin, tonight):
    """The list of who comes."""
    return robin.go(f"/office/events/{tonight}/list")


@pytest.fixture
def figures(robin, tonight):
    """Five years, the month of the event among them."""
    return robin.go("/office/figures?months=60")


@pytest.mark.parametrize("paper", ["door", "figures"])
def test_paper_has_no_way_about_and_no_form(request, paper):
    page = request.getfixturevalue(paper)
    assert shown(page, "nav") > 0
    assert shown(page, "form") > 0
    assert shown(page, ".btn") > 0

    on_paper(page)

    assert shown(page, ON_SCREEN) == 0


def test_the_list_at_the_door_has_everybody_and_a_place_to_tick(door):
    on_paper(door)

    expect(door.get_by_role("heading", level=1)).to_have_text("Who comes to The Night Post")
    names = door.locator("tbody th")
    expect(names).to_have_text(["ida@example.org", "noor@example.org"])
    assert shown(door, "tbody .sign") == 2
    expect(door.locator("tfoot")).to_contain_text("5")


def test_the_figures_have_the_picture_and_the_numbers(figures):
    on_paper(figures)

    expect(figures.get_by_role("img", name="Revenue and share sold")).to_be_visible()
    assert shown(figures, "tbody tr") == 60
    expect(figures.locator("tfoot")).to_contain_text("€90.00")


@pytest.mark.parametrize("paper", ["door", "figures"])
def test_paper_is_white_in_the_dark_too(request, paper):
    page = request.getfixturevalue(paper)

    on_paper(page, color_scheme="dark")

    assert colours(page) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


@pytest.mark.parametrize("paper", ["door", "figures"])
def test_a_sheet_of_narrow_paper_holds_all_of_a_row(request, paper):
    page = request.getfixturevalue(paper)
    on_paper(page)

    page.set_viewport_size({"width": 560, "height": 794})

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    rows = page.locator("tbody tr").first
    tops = rows.evaluate("row => [...row.children].map(c => getComputedStyle(c).display)")
    assert set(tops) == {"table-cell"}
