"""A form that is sent once more is answered, whatever has become of it since."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import FRIDAY, Visitor, book, put_on
from tests.web.views.test_bookings import code_on, of


class Again:
    """Keeps every form that is sent, and sends them all once more."""

    def __init__(self):
        self.sent = []
        self._is_again = False

    def keep(self, visitor, path, fields):
        if not self._is_again:
            self.sent.append((visitor, path, fields))

    def all(self):
        """Return each path with the status that it was answered now."""
        self._is_again = True
        told = [(path, visitor.send(path, **fields)) for visitor, path, fields in self.sent]
        self._is_again = False
        return [(path, answer.status_code) for path, answer in told]


@pytest.fixture
def again(monkeypatch, robin, ida):
    """From here on: nobody signs in any more."""
    kept, send = Again(), Visitor.send

    def keeping(visitor, path, headers=None, **fields):
        kept.keep(visitor, path, fields)
        return send(visitor, path, headers, **fields)

    monkeypatch.setattr(Visitor, "send", keeping)
    return kept


def test_every_form_of_an_evening_is_answered_when_it_is_sent_again_at_any_time(
    robin, ida, hall, again
):
    noor = hall.signed_in("noor@example.org")
    again.sent.clear()
    failed = []

    def step(do):
        result = do()
        failed.extend(each for each in again.all() if each[1] >= 500)
        return result

    def submit(visitor, page, action, **fields):
        return step(lambda: visitor.submit(visitor.get(page), action, **fields))

    event = step(lambda: put_on(robin))
    office = f"/office/events/{event}"
    submit(robin, f"{office}/change", f"{office}/change", name="Another name")
    receipt = submit(robin, f"/office/till?event={event}", "/office/till", n="2")
    sale = re.search(r"/office/till/(\w+)/give-back", receipt.html)[1]
    submit(robin, f"/office/till?event={event}&sale={sale}", f"/office/till/{sale}/give-back")
    booking = of(step(lambda: book(ida, event, 4)))
    page = f"/bookings/{booking}"
    submit(ida, page, f"{page}/size", n="3")
    submit(ida, page, f"{page}/offer")
    submit(ida, page, f"{page}/withdraw")
    code = code_on(submit(ida, page, f"{page}/offer"))
    submit(noor, "/bookings", "/bookings/code", code=code)
    submit(robin, page, f"{page}/pass-on", to="a third")
    submit(robin, page, f"{page}/cancel")
    submit(noor, f"/events/{event}", f"/events/{event}/book", n="2")
    other = f"/office/events/{step(lambda: put_on(robin, date=FRIDAY))}"
    submit(robin, f"{other}/call-off", f"{other}/take-off")
    submit(robin, f"{office}/call-off", f"{office}/call-off", sure="yes")

    assert failed == []
    assert len(again.sent) == 16
