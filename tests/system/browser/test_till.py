from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.system.browser.conftest import TODAY, put_on


@pytest.fixture
def event(robin, hall_db):
    hall_db.events.delete_many({"day": TODAY.isoformat()})
    return put_on(robin, "The Night Post", 14, "18", TODAY)


def sold(hall_db, event):
    return hall_db.events.find_one({"_id": event})["sold"]


def receipt(window):
    return window.page.locator("#receipt")


def test_sells_out_by_keyboard_alone(window_of, hall_db, event):
    sal = window_of("sal")
    page = sal.go("/office/till")
    expect(page.get_by_label("How many tickets?")).to_be_focused()

    page.keyboard.type("3x")
    expect(page.get_by_role("button", name="Sell 3 tickets")).to_be_visible()
    expect(page.locator("#sum")).to_have_text("€54.00")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("3 tickets, €54.00")
    expect(page.locator("#left b")).to_have_text("11")
    expect(page.get_by_label("How many tickets?")).to_be_focused()
    page.keyboard.type("12")
    expect(page.get_by_role("button", name="Only 11 left")).to_be_visible()
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("Only 11 are left.")
    assert sold(hall_db, event) == 3
    page.keyboard.press("Escape")
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    expect(page.locator("#left b")).to_have_text("0")
    assert sold(hall_db, event) == 14

    page.keyboard.press("u")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("11 tickets, €198.00 to give back.")
    assert sold(hall_db, event) == 3


def test_what_proves_a_sale_is_on_its_paper_and_not_read_out(window_of, hall_db, event):
    sal = window_of("sal")
    page = sal.go("/office/till")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("3 tickets, €54.00")
    expect(receipt(sal).get_by_text("Proof")).to_be_hidden()

    page.emulate_media(media="print")

    head = hall_db.events.find_one({"_id": event})["head"]
    expect(receipt(sal).get_by_text("Proof")).to_be_visible()
    expect(receipt(sal)).to_contain_text(f"Proof {event}:{head}")


def test_a_lost_answer_ends_in_one_sale_and_a_true_receipt(window_of, hall_db, event):
    sal = window_of("sal")
    page = sal.go("/office/till")
    lost = []

    def lose(route):
        if route.request.method != "POST" or len(lost) == 2:
            return route.continue_()
        route.fetch()
        lost.append(route.request.post_data)
        return route.abort()

    page.route(re.compile(r"/office/till$"), lose)
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("No connection since")
    expect(receipt(sal)).to_contain_text("Already sold at", timeout=20_000)

    assert len(set(lost)) == 1
    assert sold(hall_db, event) == 2
    assert hall_db.bookings.count_documents({"event": event}) == 1
    sal.faults[:] = [fault for fault in sal.faults if "net::ERR_FAILED" not in fault]


def test_a_dead_network_sells_nothing_until_it_is_back_even_after_a_reload(
    window_of, hall_db, event
):
    sal = window_of("sal")
    page = sal.go("/office/till")
    page.route(re.compile(r"/office/till$"), lambda route: route.abort())
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("Nothing can be sold.")
    assert sold(hall_db, event) == 0

    page.unroute_all()
    page.reload()
    expect(receipt(sal)).to_contain_text("2 tickets, €36.00", timeout=20_000)
    assert sold(hall_db, event) == 2
    sal.faults[:] = [fault for fault in sal.faults if "net::ERR_FAILED" not in fault]


def test_no_answer_says_not_to_hand_the_tickets_out_and_can_be_stopped(window_of, hall_db, event):
    sal = window_of("sal")
    page = sal.go("/office/till")
    page.route(re.compile(r"/office/till$"), lambda route: route.fulfill(
        status=503, content_type="text/html", body="<main id=main data-code=outcome_unknown></main>"
    ))  # fmt: skip
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("Asking again, 2nd time")
    expect(receipt(sal)).to_contain_text("Don’t hand them out.")
    page.get_by_role("button", name="Stop asking").click()

    expect(receipt(sal)).to_contain_text("Look for it in Last sales")
    expect(page.get_by_label("How many tickets?")).to_be_focused()


def test_two_tills_see_each_other_and_the_service_decides(window_of, hall_db, event):
    one, other = window_of("sal"), window_of("robin")
    one.go("/office/till")
    page = other.go("/office/till")
    one.page.keyboard.type("12")
    one.page.keyboard.press("Enter")
    expect(one.page.locator("#left b")).to_have_text("2")

    expect(page.locator("#left b")).to_have_text("2", timeout=4_000)
    page.evaluate("document.querySelector('#left b').dataset.n = 14")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(receipt(other)).to_contain_text("Only 2 are left and you asked for 3.")
    page.get_by_role("button", name="Sell 2 instead").click()
    expect(receipt(other)).to_contain_text("2 tickets, €36.00")
    assert sold(hall_db, event) == 14


def test_sells_without_a_script(window_of, hall_db, event):
    sal = window_of("sal", java_script_enabled=False)
    page = sal.go("/office/till")
    page.get_by_role("link", name="4", exact=True).click()
    page.get_by_role("button", name="Sell 4 tickets").click()

    expect(receipt(sal)).to_contain_text("4 tickets, €72.00")
    assert sold(hall_db, event) == 4


def test_a_receipt_can_be_printed_and_the_list_is_offered_when_all_is_sold(window_of, event):
    sal = window_of("sal")
    page = sal.go("/office/till")
    page.keyboard.type("14")
    page.keyboard.press("Enter")

    expect(receipt(sal)).to_contain_text("14 tickets")
    expect(page.get_by_role("button", name="Print receipt")).to_be_visible()
    expect(page.get_by_role("button", name="Sold out")).to_be_visible()
    expect(page.get_by_role("link", name="Put somebody on the list")).to_be_visible()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("Nothing is left.")


def test_prints_the_slip_and_nothing_else(window_of, event):
    sal = window_of("sal")
    page = sal.go("/office/till")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(receipt(sal)).to_contain_text("1 ticket, €18.00")
    page.emulate_media(media="print")

    seen = sal.text()
    assert "1 ticket, €18.00" in seen
    assert "Last sales" not in seen
    assert "How many tickets?" not in seen
