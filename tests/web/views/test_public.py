from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta

import pytest

from tests.web.conftest import FRIDAY, NOW, SATURDAY, YESTERDAY, book, put_on

LONG = "W" * 200

HOSTILE = [
    "<script>alert(1)</script>",
    "<b>bold</b>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "${7*7}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;amp;",
    "<!-- -->",
    "]]>",
    '=HYPERLINK("http://example.org")',
    "‮gnol dna detrevni",
    "שלום עולם",
    "Ω≈ç√∫ 🎻🪗 e\u0301",
    "a\u200bb\ufeffc",
    "%s %d %(name)s {0}",
    LONG,
]


def test_there_are_twenty_hostile_names():
    assert len(set(HOSTILE)) == 20


@pytest.mark.parametrize("name", HOSTILE)
def test_shows_a_name_as_text_whatever_it_is(robin, hall, name):
    event = put_on(robin, name, venue=name[:200])
    book(robin, event, 1, customer=name)
    paths = ["/", "/month/2026-11", f"/events/{event}", "/office", f"/office/events/{event}",
             f"/office/events/{event}/list", f"/office/events/{event}/change",
             f"/office/events/{event}/call-off"]  # fmt: skip

    for path in paths:
        page = robin.get(path)
        assert page.status == 200
        scripts = [tag for tag in page.tags("script") if tag.get("type") != "application/ld+json"]
        assert all(tag.get("src", "").startswith("/static/") for tag in scripts), path
        assert not page.tags("img")
        assert not page.tags("b") or all(tag == {} for tag in page.tags("b"))
        assert not any(a.startswith("on") for _, known in page.reader.tags for a in known), path
        seen = page.text if path != f"/office/events/{event}/change" else page.html
        words = re.sub(r"\s+", " ", name).strip()
        assert words in seen or path == f"/office/events/{event}/change", path


def test_says_what_is_on_and_what_is_left(robin, visitor):
    put_on(robin, "The Night Post", date="25/11/2026", capacity="240", costPerTicket="18")
    put_on(robin, "Over Already", date=YESTERDAY)
    put_on(robin, "Harbour Ceilidh", capacity="6", costPerTicket="0")

    page = visitor.get("/")

    assert "Today 25 Nov" in page.text
    assert "The Night Post" in page.text
    assert "€18.00 240 left" in page.text
    assert "Free entry Only 6 left" in page.text
    assert "Over Already" not in page.text


def test_an_empty_calendar_says_so_and_offers_the_way(visitor, robin):
    assert "Nothing is on yet" in visitor.get("/").text
    assert "see what was on" in visitor.get("/").text
    assert robin.get("/").text.count("New event") == 1


def test_a_month_has_its_days_and_its_neighbours(robin, visitor):
    put_on(robin, "The Long Field", date="03/12/2026")
    put_on(robin, "Last Month", date="30/10/2026")

    page = visitor.get("/month/2026-12")

    assert "December 2026" in page.title
    assert "3 The Long Field" in page.text
    assert "← November January →" in page.text
    assert "Over" in visitor.get("/month/2026-10").text


@pytest.mark.parametrize(
    "name", ["2026-13", "2026", "26-01", "1899-12", "x", "2026-1", "\u0662026-01"]
)
def test_a_month_that_there_is_not_is_not_found(visitor, name):
    assert visitor.get(f"/month/{name}").status == 404


@pytest.mark.parametrize("name", ["1900-01", "9999-12"])
def test_the_calendar_has_a_first_and_a_last_month(visitor, name):
    assert visitor.get(f"/month/{name}").status == 200


def test_a_browser_gets_the_page_and_a_program_the_entry_points(hall):
    client = hall.app.test_client()
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        answer = client.get("/", headers=headers)
        assert answer.json["api"] == "/api/v1"
        assert answer.json["openapi"] == "/openapi.json"
    answer = client.get("/", headers=browser)
    assert answer.content_type == "text/html; charset=utf-8"
    assert "Accept" in answer.headers["Vary"]


def test_an_unknown_address_is_a_page_to_a_browser_and_a_problem_to_a_program(hall, visitor):
    page = visitor.get("/nothing/here")
    assert page.status == 404
    assert "There is nothing here" in page.text
    assert "default-src 'none'; style-src 'self'" in page.headers["Content-Security-Policy"]

    program = hall.app.test_client().get("/nothing/here")
    assert program.content_type == "application/problem+json"
    api = visitor.client.get("/api/v1/nothing", headers={"Accept": "text/html"})
    assert api.content_type == "application/problem+json"
    wrong = visitor.client.delete("/bookings", headers={"Accept": "text/html"})
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["Allow"]


def test_an_event_that_there_is_not_is_not_found(visitor, hall):
    assert visitor.get("/events/nothing").status == 404
    assert visitor.get("/events/%00").status == 404
    program = hall.app.test_client().get("/events/nothing")
    assert program.json["code"] == "event_not_found"


def test_a_public_page_is_for_everybody_and_a_private_one_for_nobody_else(robin, ida, visitor):
    event = put_on(robin)

    for path in ("/", "/month/2026-11", f"/events/{event}"):
        page = visitor.get(path)
        assert page.headers["Cache-Control"] == "public, max-age=5"
        assert "Cookie" in page.headers["Vary"]
        assert "Set-Cookie" not in page.headers
        assert "csrf" not in page.html
        assert ida.get(path).headers["Cache-Control"] == "private, no-store"
    for path in ("/bookings", "/account", "/sign-in", "/nothing"):
        assert "public" not in ida.get(path).headers["Cache-Control"]


def test_every_page_forbids_what_it_does_not_need(visitor):
    for path in ("/", "/sign-in", "/nothing", "/events/nothing"):
        headers = visitor.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_a_file_is_kept_for_ever_under_a_name_of_its_content(visitor, hall_at):
    page = visitor.get("/")
    names = [tag["href"] for tag in page.tags("link")]

    for name in names:
        answer = visitor.client.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert visitor.client.get("/static/office.css").status_code == 404
    beet = hall_at(auth="required", accent="#a3195b").visitor().get("/").tags("link")
    assert [tag["href"] for tag in beet if "theme" in tag["href"]] != names[-1:]


def test_a_page_weighs_less_than_sixty_kilobytes_with_all_it_needs(robin):
    event = put_on(robin)
    for path in ("/", "/month/2026-11", f"/events/{event}", "/office", f"/office/events/{event}",
                 "/office/figures", "/office/figures?months=60", "/office/people", "/office/till",
                 "/office/till/evening"):  # fmt: skip
        page = robin.get(path)
        needed = [tag["href"] for tag in page.tags("link")]
        needed += [tag["src"] for tag in page.tags("script") if "src" in tag]
        size = len(page.html.encode()) + sum(len(robin.client.get(n).data) for n in set(needed))
        assert size < 60_000, path


def test_what_anybody_may_see_is_packed_and_what_holds_a_token_is_not(robin, visitor):
    event = put_on(robin)
    packed = {"Accept": "text/html", "Accept-Encoding": "gzip, br"}
    for path in ("/", "/month/2026-11", f"/events/{event}"):
        plain, answer = visitor.get(path), visitor.client.get(path, headers=packed)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.data).decode() == plain.html
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "Content-Encoding" not in robin.client.get(path, headers=packed).headers
    for path in ("/sign-in", "/nothing"):
        assert "Content-Encoding" not in visitor.client.get(path, headers=packed).headers


def test_the_scripts_weigh_less_than_four_kilobytes_as_they_are_sent(robin):
    put_on(robin)
    names = [tag["src"] for tag in robin.get("/office/till").tags("script")]

    answers = [robin.client.get(name, headers={"Accept-Encoding": "gzip, br"}) for name in names]
    assert len(answers) == 2
    assert all(answer.headers["Content-Encoding"] == "gzip" for answer in answers)
    assert sum(len(answer.data) for answer in answers) < 4096
    plain = robin.client.get(names[0])
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(answers[0].data) == plain.data
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_says_to_search_engines_what_stands_on_the_page(robin, visitor):
    event = put_on(robin, "Salt & <Rosin>", capacity="1")

    page = visitor.get(f"/events/{event}")

    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.html, re.S)
    said = json.loads(data)
    assert said["name"] == "Salt & <Rosin>"
    assert said["startDate"] == SATURDAY
    assert said["offers"]["price"] == "12.00"
    assert said["offers"]["priceCurrency"] == "EUR"
    assert said["offers"]["availability"] == "https://schema.org/InStock"


def test_answers_304_while_nothing_has_changed(robin, visitor, ida):
    event = put_on(robin)
    tag = visitor.get(f"/events/{event}").headers["ETag"]

    again = visitor.client.get(
        f"/events/{event}", headers={"Accept": "text/html", "If-None-Match": tag}
    )
    assert again.status_code == 304
    book(ida, event)
    assert visitor.get(f"/events/{event}", **{"If-None-Match": tag}).status == 200
    # what somebody sees who has signed in is another page
    assert ida.get(f"/events/{event}", **{"If-None-Match": tag}).status == 200


def test_the_list_goes_on_where_it_is_long(robin, visitor):
    for number in range(64):
        day = NOW.date() + timedelta(days=number)
        put_on(robin, f"Show {number}", date=day.isoformat())

    page = visitor.get("/")
    (further,) = re.findall(r'rel="next" href="(/\?from=[^"]+)"', page.html)

    assert "Show 59" in page.text
    assert "Show 60" not in page.text
    assert "Show 60" in visitor.get(further).text


def test_links_carry_the_prefix_of_a_trusted_proxy_and_no_other(hall_at):
    behind = hall_at(auth="required", trusted_proxies=1)
    page = behind.visitor().get("/", **{"X-Forwarded-Prefix": "/tickets"})
    hrefs = [tag["href"] for tag in page.tags("a") if tag["href"].startswith("/")]
    assert hrefs
    assert all(href.startswith("/tickets/") for href in hrefs)
    there = behind.visitor().client.get(
        "/bookings", headers={"Accept": "text/html", "X-Forwarded-Prefix": "/tickets"}
    )
    assert there.headers["Location"] == "/tickets/sign-in?next=/bookings"

    for odd in ("//evil.example", "/\\evil.example", "https://evil.example", "/a b", "/<b>"):
        page = behind.visitor().get("/", **{"X-Forwarded-Prefix": odd})
        assert "evil.example" not in page.html
        assert page.tags("a")[1]["href"] == "/"

    page = hall_at(auth="required").visitor().get("/", **{"X-Forwarded-Prefix": "/tickets"})
    assert "/tickets" not in page.html


def test_a_friday_that_is_sold_out_offers_the_line(robin, ida, visitor):
    event = put_on(robin, "Brass & Bellows", date=FRIDAY, capacity="2")
    book(ida, event, 2)

    page = visitor.get(f"/events/{event}")

    assert "Sold out" in page.text
    assert "1st in line, if you join now" in page.text
    assert "How the line works" in page.text
    assert page.form(f"/events/{event}/book").method == "get"
