"""The README's lines run as printed."""

from __future__ import annotations

import json
import re

import pytest

from tests.system.runs import Run, shell
from tests.system.server import ROOT
from ticketing.server.mongod import free_port

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def test_names_only_commands_that_the_makefile_has():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What the blocks of curl lines print, as JSON values: the first time, and the second."""
    port = free_port()
    with Run(tmp_path_factory.mktemp("readme"), port):
        return [
            [
                values(shell(block.replace("127.0.0.1:8000", f"127.0.0.1:{port}")))
                for block in BLOCKS
                if "curl" in block and "/tokens" not in block
            ]
            for _ in range(2)
        ]


@pytest.fixture(params=[0, 1], ids=["the first time", "again"])
def said(both, request):
    return both[request.param]


def values(text):
    """Read JSON values that stand one after the other."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.mark.system
def test_the_curl_lines_work_as_printed(said):
    (
        sale, event, page, changed, not_deleted, shown, returned,
        shrunk, waiting, passed, cancelled, listed, status, queue, trail, months, called_off,
    ) = said[0]  # fmt: skip

    assert sale["total"] == 15
    assert event["ticketsSold"] == 3
    assert event in page["items"]
    assert changed["capacity"] == 120
    assert not_deleted["code"] == "event_has_bookings"
    assert (shown["status"], returned["status"]) == ("confirmed", "cancelled")
    assert shrunk["ticketsAvailable"] == 1
    assert (waiting["status"], waiting["position"]) == ("waiting", 1)
    assert passed["customer"] == "linus"
    assert [b["customer"] for b in cancelled["assigned"]] == ["grace"]
    assert [b["status"] for b in listed["items"] if b["event"] == event["id"]] == ["confirmed"]
    assert (status["ticketsSold"], status["waiting"]) == (4, 0)
    assert queue["items"] == []
    assert [e["action"] for e in trail["items"]] == ["booked", "transferred", "cancelled"]
    assert len(months) == 12
    figures = {"revenue": 20, "nEvents": 1, "averageTicketsSold": 100}
    assert figures.items() <= months[0].items()
    assert "code" not in called_off


@pytest.mark.system
def test_the_lines_of_the_briefs_clients_work_as_printed(said):
    booked, waiting, status, cancelled, flat, last = said[1]

    assert booked["error"] is False
    assert (waiting["status"], waiting["waiting"]["position"]) == ("waitlisted", 1)
    assert status["data"] == {
        "name": "Tech Conference 2025",
        "available_tickets": 0,
        "waiting_list_count": 1,
        "bookings_count": 1,
    }
    assert cancelled["assignedTo"] == "grace@example.org"
    assert (flat["bookingsCount"], flat["waitingCount"]) == (1, 0)
    assert last == {"error": False, "message": "Booking canceled successfully."}
