"""The pages as a visitor uses them: what they show is read off their HTML, and a form is sent.

What a page says is compared with the audit elsewhere; here it becomes values, or LookupError where
a page has not what it should have.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from tests.client import Answer, Client
from tests.faults.load.history import Form, Operation, new_operation
from tests.faults.load.people import Asker

API = "/api/v1"

_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_STATE = re.compile(r'class="is [a-z]+"[^>]*>([^<]*)<')
_PRICE = re.compile(r"<dt>A ticket</dt><dd[^>]*>([^<]*)</dd>")
_SOLD = re.compile(r"<dt>Sold</dt><dd[^>]*>([\d,]+) <small>of ([\d,]+)</small>")
_BOOKED = re.compile(r"<dt>Booked by customers</dt>.*?<small>in ([\d,]+) ", re.DOTALL)
_WAITING = re.compile(r"<dt>Wanted in line</dt>.*?<small>by ([\d,]+)</small>", re.DOTALL)
_REVENUE = re.compile(r"<dt>Revenue</dt><dd[^>]*>([^<]*)</dd>")
_TICKET = re.compile(r'<article class="ticket.*?</article>', re.DOTALL)
_ROW = re.compile(r"<tr>\s*<td class=\"nb\">.*?</tr>", re.DOTALL)
_LINK = re.compile(r'href="/(?:office/)?events/([\w-]+)"')
_OF = re.compile(r">([\d,]+) <span class=\"dim\">of ([\d,]+)</span>")
_ROW_REVENUE = re.compile(r'data-l="revenue">(?:<span class="dim">)?([^<]*)<')
_ROW_PRICE = re.compile(r'<span class="num nb">([^<]*)</span>')
_TITLE = re.compile(r"<h1>([\d,]+) tickets?</h1>")
_PLACE = re.compile(r"<span>in line</span> <b[^>]*>([\d,]+)")
_PAID = re.compile(r"<dt>(?:Paid|Was paid)</dt><dd[^>]*>([^<]*)</dd>")
_CODE = re.compile(r'<main [^>]*data-code="([a-z_]+)"')
_HEADING = re.compile(r"<h3>([^<]*)</h3>\s*<p>([^<]*)")
_NUMBER = re.compile(r"[\d,]+")

# What stands against a form, by how its page begins; a number in it is how many are left or there.
_REFUSALS = {
    "Sold out a moment ago": "sold_out",
    "Only ": "not_enough_tickets",
    "So many there are not": "exceeds_capacity",
    "Already booked": "already_booked",
    "Already in line": "already_waiting",
}


@dataclass(frozen=True)
class Shown:
    """What somebody was shown of an event, money in minor units; None is what was not said."""

    event: str
    words: str = ""
    price: int | None = None
    sold: int | None = None
    capacity: int | None = None
    available: int | None = None
    bookings: int | None = None
    waiting: int | None = None
    revenue: int | None = None
    is_off: bool | None = None


@dataclass(frozen=True)
class ShownBooking:
    """What its page says of a booking."""

    words: str
    tickets: int
    place: int | None
    total: int | None


def headers(asker: Asker) -> dict[str, str]:
    """Return what a browser sends along: what it wants, and who it is."""
    return {"Accept": "text/html", **({"Cookie": asker.cookie} if asker.cookie else {})}


def event(text: str, id_: str) -> Shown:
    """Read the public page of an event."""
    return Shown(id_, _words(text), price=_money(_one(_PRICE, text)))


def figures(text: str, id_: str) -> Shown:
    """Read the office's page of an event."""
    sold, capacity = _groups(_SOLD, text)
    return Shown(
        id_, _words(text), sold=_count(sold), capacity=_count(capacity),
        bookings=_count(_one(_BOOKED, text)), waiting=_count(_one(_WAITING, text)),
        revenue=_money(_one(_REVENUE, text)),
    )  # fmt: skip


def whats_on(text: str) -> Iterator[Shown]:
    """Read the list of all that is on."""
    for ticket in _TICKET.findall(text):
        price = _money(_one(_ROW_PRICE, ticket))
        yield Shown(_one(_LINK, ticket), _words(ticket), price=price)


def calendar(text: str) -> Iterator[Shown]:
    """Read the office's calendar; an event that was called off shows no figures in it."""
    for row in _ROW.findall(text):
        sold, revenue = _OF.search(row), _one(_ROW_REVENUE, row)
        yield Shown(
            _one(_LINK, row), _words(row),
            sold=_count(sold[1]) if sold else None,
            capacity=_count(sold[2]) if sold else None,
            revenue=_money(revenue) if sold else None,
        )  # fmt: skip


def booking(text: str) -> ShownBooking:
    """Read the page of a booking."""
    place, paid = _PLACE.search(text), _PAID.search(text)
    return ShownBooking(
        _words(text), _count(_one(_TITLE, text)), _count(place[1]) if place else None,
        _money(paid[1]) if paid else None,
    )  # fmt: skip


def filled(
    page: Answer, id_: str, tickets: int, asker: Asker, person: str | None, customer: str | None
) -> Operation | None:
    """Return what sends the form of an event's page; None where it has none to be sent."""
    found = _form(page.body.decode(), f"/events/{id_}/book")
    if "key" not in found:
        return None
    named = {} if customer is None else {"customer": customer}
    fields = {**found, "n": str(tickets), **named}
    body: dict[str, Any] = {"nTickets": tickets, "waitlist": fields.get("wait") == "1", **named}
    operation = new_operation("POST", f"/events/{id_}/book", body, asker, person)
    operation.key, operation.name, operation.via = fields["key"], "form: book", "page"
    # The token of a form is good together with the session that came with it.
    cookie = page.headers.get("Set-Cookie", asker.cookie).partition(";")[0]
    operation.form = Form(fields, cookie)
    return operation


def send(client: Client, operation: Operation) -> Answer:
    """Send a form that was filled in, as a browser does."""
    form = operation.form
    assert form is not None
    return client.request(
        operation.method, operation.path, urlencode(form.fields).encode(),
        Content_Type="application/x-www-form-urlencoded", Accept="text/html", Cookie=form.cookie,
        X_Request_ID=operation.key,
    )  # fmt: skip


def as_of_the_api(operation: Operation) -> Operation:
    """Return what was asked with a form, and told by a page, as the API itself would have it."""
    if operation.via != "page":
        return operation
    path = f"{API}/events/{operation.path.split('/')[2]}/bookings"
    answer = operation.answer
    if answer is not None:
        status, told = _told(answer)
        answer = Answer(status, answer.headers, json.dumps(told).encode())
    return replace(operation, path=path, answer=answer)


def _told(answer: Answer) -> tuple[int, Mapping[str, Any]]:
    if answer.status == 303:
        where = answer.headers["Location"].rstrip("/").split("/")
        if where[-2:-1] == ["bookings"]:
            return 201, {"id": where[-1]}
        return (201, {}) if where[-1] == "bookings" else (401, {"code": "sent elsewhere"})
    text = answer.body.decode()
    if (code := _CODE.search(text)) is not None:
        return answer.status, {"code": code[1]}
    heading, sentence = _groups(_HEADING, text)
    for begins, code_ in _REFUSALS.items():
        if heading.startswith(begins):
            return answer.status, {"code": code_, **_facts(code_, heading, sentence)}
    off = sentence.startswith("This event was called off")
    return answer.status, {"code": "event_cancelled" if off else "limit_reached"}


def _facts(code: str, heading: str, sentence: str) -> Mapping[str, int]:
    if code == "not_enough_tickets":
        return {"available": _count(heading)}
    return {"capacity": _count(sentence)} if code == "exceeds_capacity" else {}


def _form(text: str, action: str) -> Mapping[str, str]:
    """Return the fields of the last form that goes there; those above it are for other numbers."""
    forms = re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', text, re.DOTALL)
    fields: dict[str, str] = {}
    for field in _INPUT.findall(forms[-1] if forms else ""):
        known = dict(_ATTRIBUTE.findall(field))
        if known.get("type") == "hidden":
            fields[known["name"]] = html.unescape(known["value"])
    return fields


def _words(text: str) -> str:
    return html.unescape(_one(_STATE, text)).strip()


def _one(pattern: re.Pattern[str], text: str) -> str:
    return _groups(pattern, text)[0]


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.search(text)
    if found is None:
        raise LookupError(f"a page without {pattern.pattern}")
    return found.groups()


def _count(text: str) -> int:
    found = _NUMBER.search(text)
    if found is None:
        raise LookupError(f"no number: {text}")
    return int(found[0].replace(",", ""))


def _money(text: str) -> int:
    """Read an amount in minor units: two decimals, whatever the currency's sign."""
    if "Free" in text:
        return 0
    return int(re.sub(r"[^\d]", "", text))
