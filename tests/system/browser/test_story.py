"""An evening from the first form to the last figure, as whoever never read the API would do it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.system.browser.conftest import PASSWORD, TODAY, put_on


def book(window, event, number):
    page = window.go(f"/events/{event}")
    page.locator(".tiles").get_by_label(str(number), exact=True).check()
    page.locator("form.book .go").click()
    page.wait_for_url("**/bookings")


def test_books_waits_cancels_and_the_story_tells_it(robin, window_of, hall_db):
    event = put_on(robin, "Brass & Bellows", 2, "16")
    ida, noor = window_of("ida"), window_of("noor")
    book(ida, event, 2)
    expect(ida.page.get_by_text("are yours, €32.00.")).to_be_visible()

    page = noor.go(f"/events/{event}")
    expect(page.get_by_text("1st", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Join the line for 2 tickets")).to_be_visible()
    book(noor, event, 2)
    expect(noor.page.locator(".stub", has_text="in line").first).to_contain_text("1st of 1")

    ida.page.get_by_role("link", name="Cancel").click()
    expect(ida.page.get_by_role("button", name="Cancel 2 tickets")).to_be_visible()
    ida.page.get_by_role("button", name="Cancel 2 tickets").click()
    expect(ida.page.get_by_text("went to whoever waited longest.")).to_be_visible()
    # noor's page finds out by itself
    expect(noor.page.get_by_text("Yours", exact=True)).to_be_visible(timeout=25_000)
    expect(noor.page.locator(".stub", has_text="in line")).to_have_count(0)
    expect(noor.page.locator("#say")).to_have_text("Brass & Bellows: the tickets are yours")

    page = robin.go(f"/office/events/{event}")
    story = page.locator("ol.story")
    expect(story).to_contain_text("ida@example.org cancelled: 2 tickets came free, €32.00")
    expect(story).to_contain_text("noor@example.org got 2 tickets that came free, €32.00")
    page.get_by_label("Find a customer").fill("NOOR")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#booked")).to_contain_text("noor@example.org")


def test_calls_off_and_reads_who_is_owed_what(robin, window_of):
    event = put_on(robin, "Understorey", 20, "10")
    book(window_of("ida"), event, 3)
    page = robin.go(f"/office/events/{event}")
    page.get_by_role("link", name="Call off").click()
    expect(page.get_by_text("3 tickets end")).to_be_visible()
    page.get_by_label("I have told everybody").check()
    page.get_by_role("button", name="Call off").click()

    expect(page.get_by_text("Called off at")).to_be_visible()
    expect(page.locator("tbody")).to_contain_text("ida@example.org")
    expect(page.locator("tfoot")).to_contain_text("€30.00")


def test_registers_is_known_at_the_counter_and_books(window_of, robin):
    event = put_on(robin, "Salt & Rosin", 10)
    somebody = window_of()
    page = somebody.go(f"/events/{event}")
    page.locator(".tiles").get_by_label("3", exact=True).check()
    page.get_by_role("button", name="Book 3 tickets").click()
    new = page.get_by_role("region", name="I am new here")
    new.get_by_label("E-mail address").fill("mats@example.org")
    new.get_by_label("A new password").fill(PASSWORD)
    new.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Is this address yours?")).to_be_visible()

    robin.go("/office/people?email=mats@example.org")
    robin.page.get_by_role("button", name="The address is theirs").click()
    expect(robin.page.get_by_text("the address is theirs")).to_be_visible()
    page = somebody.go(f"/events/{event}/book?n=3")
    expect(page.locator("#sum")).to_have_text("€36.00")
    page.get_by_role("button", name="Book 3 tickets").click()
    expect(page.get_by_text("3 tickets for Salt & Rosin are yours")).to_be_visible()


def test_an_event_s_page_keeps_itself_up_to_date(window_of, robin):
    event = put_on(robin, "Harbour Ceilidh", 3)
    ida, somebody = window_of("ida"), window_of()
    page = somebody.go(f"/events/{event}")
    expect(page.locator("#state")).to_have_text("Only 3 left")

    book(ida, event, 3)

    expect(page.locator("#state")).to_have_text("Sold out", timeout=25_000)
    expect(page.locator("#say")).to_have_text("Sold out")


def test_a_form_that_was_refused_has_the_focus_on_what_to_mend(robin):
    page = robin.go("/office/events/new")
    page.get_by_role("textbox", name="Name").fill("The Clockmaker’s Daughters")
    page.get_by_role("textbox", name="Day").fill("12.12.2026")
    page.get_by_role("button", name="Put it on").click()

    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name="Write the day like").click()
    expect(page.get_by_role("textbox", name="Day")).to_be_focused()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("The Clockmaker’s Daughters")


def test_shows_the_year_as_a_picture(robin, window_of):
    put_on(robin, "Tonight", 10, "5", TODAY)
    page = robin.go("/office/figures")

    picture = page.get_by_role("img", name="Revenue and share sold")
    expect(picture).to_be_visible()
    page.get_by_label("How many months").select_option("60")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".chart text.mon")).to_have_count(10)
