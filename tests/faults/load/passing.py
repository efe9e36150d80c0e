"""Those who come and go beside the load: events that are deleted, people who leave, visitors.

An event is deleted while others may book it, and its day is used again. A person books, reads all
that is kept about them and is erased, while they book once more, now and then. A visitor looks at
pages and sends the form of one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.client import Client
from tests.faults.load import briefs, pages
from tests.faults.load.history import Operation, new_operation
from tests.faults.load.people import Asker, somebody

if TYPE_CHECKING:
    from tests.faults.load.workload import Workload

API = "/api/v1"
_PAUSE_S = 0.3

# How long an event that is to be deleted is on sale, at most.
_ON_SALE_S = 0.06


def put_on_and_delete(workload: Workload, chance: random.Random) -> None:
    """Put events on, by the API or a brief, and delete each, or call it off once it is booked."""
    client, day = workload.connect(), workload.new_day()
    while not workload.is_over:
        client, event = _put_on(workload, client, chance, day)
        if event is None:
            day = workload.new_day()
            continue
        if chance.random() < 1 / 2:
            workload.fleeting = (event,)
        place, staff = briefs.any_place(chance), workload.people.staff
        if chance.random() < 1 / 3:
            client = workload.fulfil(client, briefs.initialize(place, event, 7, 4, staff, day))
        time.sleep(chance.uniform(0, _ON_SALE_S))
        ended = _of_staff(workload, "DELETE", f"{API}/events/{event}")
        client = workload.fulfil(client, ended)
        workload.fleeting = ()
        if not ended.granted or chance.random() < 1 / 4:
            # What was booked is not made anew, and the id of what is deleted is not used again.
            client = workload.fulfil(client, briefs.initialize(place, event, 8, 3, staff, day))
        if ended.granted and chance.random() < 1 / 4:
            again = _of_staff(workload, "DELETE", f"{API}/events/{event}")
            client = workload.fulfil(client, again)
        if not ended.granted:
            ended = _of_staff(workload, "POST", f"{API}/events/{event}/cancellation")
            client = workload.fulfil(client, ended)
        client = _look(workload, client, "event", f"{API}/events/{event}")
        kind = f"GET {briefs.status_path(place, '{id}')}"
        client = _look(workload, client, kind, briefs.status_path(place, event))
        if not ended.granted:
            day = workload.new_day()
        time.sleep(chance.uniform(0, _PAUSE_S))
    client.close()


def _put_on(
    workload: Workload, client: Client, chance: random.Random, day: str
) -> tuple[Client, str | None]:
    made = workload.new_event(chance.randint(1, 9), chance.randint(0, 9), day)
    if chance.random() < 1 / 2:
        place, id_ = briefs.any_place(chance), uuid4().hex
        made = briefs.initialize(
            place, id_, chance.randint(1, 9), chance.randint(0, 9), workload.people.staff, day
        )
    client = workload.fulfil(client, made)
    answer = briefs.as_of_the_api(made).answer
    return client, answer.json["id"] if answer is not None and made.granted else None


def come_and_leave(workload: Workload, chance: random.Random) -> None:
    """Have people book, read what is kept about them, and erase them; some book meanwhile."""
    client = workload.connect()
    while not workload.is_over:
        name = f"Leaver {uuid4().hex}"
        booked = _booking(workload, chance, name)
        client = workload.fulfil(client, booked)
        answer = briefs.as_of_the_api(booked).answer
        if answer is None or not booked.granted:
            time.sleep(_PAUSE_S)
            continue
        customer = f"{API}/customers/{answer.json['customerId']}"
        client = _look(workload, client, "export", f"{customer}/export")
        erased = _of_staff(workload, "POST", f"{customer}/erasure", name)
        with ThreadPoolExecutor(1) as pool:
            if chance.random() < 1 / 2:
                again = _booking(workload, chance, name)
                pool.submit(workload.fulfil, workload.connect(), again)
            client = workload.fulfil(client, erased)
        for kind, path in (
            ("export", f"{customer}/export"),
            ("customer", customer),
            ("booking", f"{API}/bookings/{answer.json['id']}"),
            ("booking page", f"/bookings/{answer.json['id']}"),
            ("office event page", f"/office/events/{answer.json['event']}"),
        ):
            client = _look(workload, client, kind, path)
        time.sleep(chance.uniform(0, _PAUSE_S))
    client.close()


def _booking(workload: Workload, chance: random.Random, name: str) -> Operation:
    staff, event = workload.people.staff, chance.choice(workload.events)
    if chance.random() < 1 / 2:
        place = briefs.any_place(chance)
        return briefs.book(place, event, chance.randint(1, 2), staff, name, name)
    body = {"customer": name, "nTickets": chance.randint(1, 2)}
    return new_operation("POST", f"{API}/events/{event}/bookings", body, staff, name)


def visit(workload: Workload, chance: random.Random) -> None:
    """Look at pages, of the public and of the office, and book by the form of an event's page."""
    client, bookings = workload.connect(), [""]
    while not workload.is_over:
        event, booking = chance.choice(workload.events), chance.choice(bookings[-9:])
        shown: Sequence[tuple[str, str]] = (
            ("calendar page", "/"),
            ("office calendar", "/office"),
            ("event page", f"/events/{event}"),
            ("office event page", f"/office/events/{event}"),
            *([("booking page", f"/bookings/{booking}")] if booking else []),
        )
        client = _look(workload, client, *chance.choice(shown))
        customers = [asker for asker in workload.people.accounts if chance.random() < 1 / 4]
        asker = next(iter(customers), workload.people.staff)
        client, sent = book_by_form(workload, client, chance, event, asker)
        answer = None if sent is None else pages.as_of_the_api(sent).answer
        if answer is not None and "id" in answer.json:
            bookings.append(answer.json["id"])
        client = workload.elsewhere(client, chance)
        time.sleep(chance.uniform(0, _PAUSE_S))
    client.close()


def book_by_form(
    workload: Workload, client: Client, chance: random.Random, event: str, asker: Asker
) -> tuple[Client, Operation | None]:
    """Look at an event's page and send its form, if it has one that somebody may send."""
    person, customer = (asker.person, None) if asker.person else somebody(chance)
    try:
        page = workload.read(client, "event page", f"/events/{event}", asker)
    except (HTTPException, OSError):
        return workload.connect(), None
    if page.status != 200:
        return client, None
    sent = pages.filled(page, event, chance.randint(1, 3), asker, person, customer)
    return (client if sent is None else workload.fulfil(client, sent)), sent


def _of_staff(workload: Workload, method: str, path: str, person: str | None = None) -> Operation:
    return new_operation(method, path, None, workload.people.staff, person)


def _look(workload: Workload, client: Client, kind: str, path: str) -> Client:
    try:
        workload.read(client, kind, path)
    except (HTTPException, OSError):
        client.close()
        return workload.connect()
    return client
