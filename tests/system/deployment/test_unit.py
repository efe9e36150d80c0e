"""The systemd unit, as far as it can be judged where systemd does not run."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.conftest import the_settings
from tests.system.server import ROOT
from ticketing.server.reaper import LONGEST_S

UNIT = ROOT / "deploy" / "ticketing.service"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"),
    reason="systemd is not installed (Debian: apt-get install systemd)",
)
def test_leaves_little_of_the_machine_open_to_the_service():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", UNIT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_waits_longer_than_the_server_takes_to_stop():
    patience = int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)[1])

    assert patience > the_settings().graceful_timeout_s + LONGEST_S
