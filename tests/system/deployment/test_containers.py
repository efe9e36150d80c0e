"""The container files, as far as they can be judged where no engine runs."""

from __future__ import annotations

import re

import yaml

from tests.conftest import the_settings
from tests.system.server import ROOT
from ticketing.config import NAMES, PREFIX
from ticketing.server.reaper import LONGEST_S

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_what_serves_is_started_again_and_looked_after():
    for name in ("mongo", "tickets"):
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["healthcheck"]["test"]


def test_a_container_is_given_the_time_that_the_server_takes_to_stop():
    patience = int(SERVICES["tickets"]["stop_grace_period"].removesuffix("s"))

    assert patience > the_settings().graceful_timeout_s + LONGEST_S


def test_believes_nobody_about_addresses_unless_told_to():
    """There is no proxy among the services."""
    assert SERVICES.keys() == {"mongo", "migrate", "tickets"}
    for name in ("migrate", "tickets"):
        environment = SERVICES[name]["environment"]
        assert environment["TICKETING_TRUSTED_PROXIES"] == "${TICKETING_TRUSTED_PROXIES:-0}"
        assert {setting.removeprefix(PREFIX) for setting in environment} <= NAMES


def test_is_published_on_loopback_only():
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_an_image_holds_what_the_dockerfile_copies_and_no_more():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    copied = re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert rules[0] == "*", "what is not named stays out: .env, var, .git"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied)
    assert all((ROOT / name).exists() for name in copied)
