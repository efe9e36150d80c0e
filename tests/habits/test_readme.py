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


@pytest.mark.system
def test_the_curl_lines_work_as_printed(tmp_path):
    lines = next(block for block in BLOCKS if "curl" in block)
    assert lines.count("curl") >= 9

    port = free_port()
    with Run(tmp_path, port):
        said = shell(lines.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))

    # Each answer is a JSON value, one after the other.
    answers, decoder = [], json.JSONDecoder()
    while said := said.strip():
        answer, end = decoder.raw_decode(said)
        answers.append(answer)
        said = said[end:]
    sale, event, page, changed, not_deleted, shown, returned, months = answers
    assert sale["total"] == 15
    assert event["ticketsSold"] == 3
    assert page["items"] == [event]
    assert changed["capacity"] == 120
    assert not_deleted["code"] == "event_has_bookings"
    assert (shown["status"], returned["status"]) == ("confirmed", "cancelled")
    assert len(months) == 12
