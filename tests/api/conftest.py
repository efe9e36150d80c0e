from __future__ import annotations

import pytest

from tests.conftest import QUICK

GALA = {"name": "Gala", "date": "2024-10-31", "capacity": 10, "costPerTicket": 5}


class Till:
    """Says what a client of the API would say, and fails where an answer is not as expected."""

    def __init__(self, api):
        self.api = api

    def event(self, **known):
        answer = self.api.post("/api/v1/events", json={**GALA, **known})
        assert answer.status_code == 201, answer.json
        return answer.json

    def sell(self, event, tickets=1, **headers):
        body = {"event": event["id"] if isinstance(event, dict) else event, "nTickets": tickets}
        return self.api.post("/api/v1/transactions", json=body, headers=headers)

    def sold(self, event, tickets=1):
        answer = self.sell(event, tickets)
        assert answer.status_code == 201, answer.json
        return answer.json

    def give_back(self, sale, **headers):
        return self.api.delete(f"/api/v1/transactions/{sale['id']}", headers=headers)

    def change(self, event, headers=None, **values):
        return self.api.patch(f"/api/v1/events/{event['id']}", json=values, headers=headers)

    def show(self, event):
        return self.api.get(f"/api/v1/events/{event['id']}").json

    def statistics(self, **query):
        answer = self.api.get("/api/v1/statistics/monthly", query_string=query)
        assert answer.status_code == 200, answer.json
        return answer.json


class Noting:
    """A hasher that notes each password that it checks."""

    def __init__(self, hasher):
        self._hasher = hasher
        self.noted = []

    def verify(self, hashed, password):
        self.noted.append(password)
        return self._hasher.verify(hashed, password)

    def __getattr__(self, name):
        return getattr(self._hasher, name)


@pytest.fixture
def checks(monkeypatch):
    """The passwords that argon2 has looked at."""
    hasher = Noting(QUICK._hasher)
    monkeypatch.setattr(QUICK, "_hasher", hasher)
    return hasher.noted


@pytest.fixture
def till(api):
    return Till(api)


def refused(answer, status, code):
    """Check that an answer is a problem of this status and code, and return it."""
    assert answer.status_code == status, answer.data
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["code"] == code, answer.json
    assert {"type", "title", "detail"} <= answer.json.keys()
    return answer.json


def but_head(receipt):
    """Return a receipt as what it is of is shown later: without the head."""
    assert receipt["head"]
    return {name: value for name, value in receipt.items() if name != "head"}


def refused_plainly(answer, status, code):
    """Check that an answer is a problem that also speaks as the briefs' services do."""
    problem = refused(answer, status, code)
    assert problem["error"] is True
    assert problem["message"] == problem["detail"]
    return problem


each_place = pytest.mark.parametrize("place", ["", "/api/events"])
