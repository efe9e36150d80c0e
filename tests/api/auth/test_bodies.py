"""Where a request may come without a body, and where the document says so."""

from __future__ import annotations

from tests.api.documented import document_of
from ticketing.domain.identity.users import Role

NOTHING = "674712a0c41d5e9b7f0a0001"


def test_asks_for_a_body_exactly_where_the_document_does(api, person):
    """Asked by the least who may: without one, a body that has to be there is a 400."""
    people = {role.word: person(role.word, role) for role in Role if role is not Role.ANYBODY}
    people["anybody"] = people["customer"]
    without = set()
    for name, operation in document_of(api.application).operations():
        if "requestBody" not in operation:
            continue
        method, path = name.split(" ")
        headers = people[operation["x-role"]].basic
        answer = api.open(path.replace("{id}", NOTHING), method=method, headers=headers)
        needed = operation["requestBody"]["required"]
        assert (answer.status_code == 400) == needed, (name, answer.json)
        if not needed:
            without.add(operation["operationId"])

    assert without == {"bookTickets", "transferBooking", "createToken"}
