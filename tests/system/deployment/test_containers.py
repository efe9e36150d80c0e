"""The container files, as far as they can be judged where no engine runs."""

from __future__ import annotations

import json
import re
import subprocess

import yaml

from tests.conftest import the_settings
from tests.system.running.test_access_control import COMMANDS, PASSWORD
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


def test_mongodb_asks_everybody_for_a_password():
    mongo, service = SERVICES["mongo"], SERVICES["tickets"]["environment"]

    assert "--keyFile /tmp/key" in mongo["command"], "with a key it lets nobody in unknown"
    assert not mongo.get("ports")
    assert "://ticketing:${MONGODB_PASSWORD}@mongo:" in service["TICKETING_MONGODB_URI"]
    for name, value in mongo["environment"].items():
        assert "PASSWORD" not in name or re.fullmatch(r"\$\{MONGODB_\w+:\?.+\}", value)


def test_makes_a_key_that_mongod_takes(tmp_path):
    """The first lines of its start, with another place and no other user."""
    script = SERVICES["mongo"]["entrypoint"][2].replace("$$", "$")
    for old, new in {"/tmp/key": f"{tmp_path}/key", "chown mongodb": "chown $(id -u)",
                     "docker-entrypoint.sh": "echo"}.items():  # fmt: skip
        assert old in script
        script = script.replace(old, new)
    done = subprocess.run(
        ["bash", "-euc", script, "--", "mongod"], capture_output=True, text=True, check=True
    )

    key = tmp_path / "key"
    assert done.stdout == "mongod\n"
    assert key.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"[A-Za-z0-9+/=]{6,1024}", key.read_text())


def test_makes_the_user_that_the_deployment_page_makes():
    script = (ROOT / "deploy" / "mongodb-users.js").read_text()
    assert "process.env.MONGODB_PASSWORD" in script
    plain = script.replace("process.env.MONGODB_PASSWORD", json.dumps(PASSWORD))
    made = re.findall(r"admin\.runCommand\((\{.*?\})\);", plain, re.DOTALL)

    assert [json.loads(command) for command in made] == COMMANDS


def test_an_image_holds_what_the_dockerfile_copies_and_no_more():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    copied = re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert rules[0] == "*", "what is not named stays out: .env, var, .git"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied)
    assert all((ROOT / name).exists() for name in copied)
