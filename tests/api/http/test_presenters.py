"""What writes an answer down sees its outcome and nothing else: no request, whoever's it may be."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import get_type_hints

import pytest
from bson import ObjectId
from flask import current_app, g, has_app_context, request

from tests.api.auth.test_users import PASSWORD, Person
from tests.api.conftest import GALA, refused
from tests.builders import ADA, NOW, a_sale, an_event
from tests.conftest import QUICK
from ticketing.api import views
from ticketing.api.auth.access import Access, guarded
from ticketing.api.http import context
from ticketing.api.http.dispatch import dispatch
from ticketing.api.legacy.views import API_EVENTS, ROOT
from ticketing.api.views.transactions import present_sale
from ticketing.domain.bookings import Booking
from ticketing.domain.changes.results import BookingResult, CalledOff, EventResult, TransferOffer
from ticketing.domain.commands.sales import Sell
from ticketing.domain.events import Event
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.storage.writes.idempotency import StoredResponse

KEY = {"Idempotency-Key": "key-1"}

A_BOOKING = a_sale(customer=ADA)
OUTCOMES = {
    Event: an_event(),
    Booking: a_sale(),
    BookingResult: BookingResult(A_BOOKING, None, [A_BOOKING]),
    EventResult: EventResult(an_event(), [A_BOOKING]),
    CalledOff: CalledOff(an_event(), [A_BOOKING], 500),
    TransferOffer: TransferOffer(A_BOOKING, "code", NOW),
}


def presenters():
    """All that makes an answer, or a part of one, from an outcome."""
    for module in pkgutil.iter_modules(views.__path__, "ticketing.api.views."):
        for name, found in vars(importlib.import_module(module.name)).items():
            if getattr(found, "__module__", "") == module.name and callable(found):
                hints = get_type_hints(found) if not isinstance(found, type) else {}
                if hints.get("return") is StoredResponse and len(hints) == 2:
                    yield pytest.param(found, id=f"{module.name.rpartition('.')[2]}.{name}")
    for dialect in (ROOT, API_EVENTS):
        for name in ("initialized", "booked", "cancelled", "status"):
            yield pytest.param(getattr(dialect, name), id=f"{dialect.prefix}/{name}")


@pytest.mark.parametrize("present", list(presenters()))
def test_every_presenter_works_where_no_request_is(present):
    (kind,) = (hint for name, hint in get_type_hints(present).items() if name != "return")
    assert not has_app_context()

    assert present(OUTCOMES[kind])


def test_finds_the_presenters():
    names = {found.id for found in presenters()}
    assert {
        "events.present_new_event",
        "bookings.present_changed_booking",
        "transactions.present_sale",
    } <= names


@pytest.fixture
def selling(api_at, db):
    """An office that also sells at `/sell/<event>`, having the answer written by a presenter."""

    def build(**presenters_):
        api = api_at(auth="required")

        def sells_with(present):
            def sell(event):
                command = Sell(str(ObjectId()), 1)
                return dispatch(command, on=event, present=present)

            return guarded(sell, Access(Role.CUSTOMER, "writes"))

        for name, present in presenters_.items():
            api.application.add_url_rule(
                f"/{name}/<event>", name, sells_with(present), methods=["POST"]
            )
        return api

    return build


def a_person(api, db, name, role):
    email = f"{name}@example.org"
    user = people.register(db, QUICK, email, PASSWORD, datetime.now(UTC), role)
    return Person(api, email, user).sign_in()


LOOKS = {
    "g": lambda: g.principal,
    "request": lambda: request.headers["Authorization"],
    "current_app": lambda: current_app.config["API_TITLE"],
}


@pytest.mark.parametrize("headers", [{}, KEY], ids=["without a key", "with a key"])
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_breaks_at_the_first_look_at_a_request(selling, db, look, headers):
    api = selling(sell=lambda sale: look() and present_sale(sale))
    admin = a_person(api, db, "admin", Role.ADMIN)
    event = admin.ask("POST", "/events", GALA).json["id"]

    answer = api.post(f"/sell/{event}", headers={**admin.bearer, **headers})

    refused(answer, 500, "internal_server_error")


def test_shows_nobody_the_request_of_whoever_leads_the_group(selling, db):
    gate, seen = threading.Event(), []

    def hold(sale):
        assert gate.wait(10)
        return present_sale(sale)

    def peek(sale):
        seen.append((threading.get_ident(), g.principal.role if has_app_context() else None))
        return present_sale(sale)

    api = selling(hold=hold, peek=peek)
    admin = a_person(api, db, "admin", Role.ADMIN)
    ada = a_person(api, db, "ada", Role.CUSTOMER)
    event = admin.ask("POST", "/events", GALA).json["id"]
    queues = getattr(api.application, context.KEY).commands._queues._queues

    def ask(route, person, key):
        client = api.application.test_client()
        headers = {**person.bearer, "Idempotency-Key": key}
        return client.post(f"/{route}/{event}", headers=headers)

    def queued(number):
        for _ in range(1000):
            queue = queues.get(event)
            if queue is not None and queue.led and len(queue.waiters) == number:
                return
            threading.Event().wait(0.005)
        pytest.fail(f"{number} never queued")

    # The first is held in its commit, until the others wait to be led together.
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(ask, "hold", admin, "k0")]
        queued(0)
        for number, person in enumerate((admin, ada), 1):
            answers.append(pool.submit(ask, "peek", person, f"k{number}"))
            queued(number)
        gate.set()

    assert [answer.result().status_code for answer in answers] == [201, 201, 201]
    assert len({thread for thread, _ in seen}) == 1
    assert [role for _, role in seen] == [None, None]
