"""The service as it faces the internet: users sign in."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.runs import Run, shell, ticketing
from tests.system.server import ROOT, Server, clean_environment
from ticketing.server.mongod import free_port

KEY = "Zq8vT2mXw5nLk9dRb3yHc7jF4sGp6aQe"
SETTINGS = {"AUTH": "required", "SECRET_KEY": KEY}
PASSWORD = "a long password"


def create_admin(email: str, password: str, data: Path, **settings: str):
    return ticketing(
        "create-admin", email, "--data", str(data), answers=f"{password}\n", **settings
    )


@pytest.fixture(scope="module")
def server(mongodb_uri, office_db, tmp_path_factory):
    folder = tmp_path_factory.mktemp("required")
    made = create_admin(
        "boss@example.org",
        PASSWORD,
        folder,
        MONGODB_URI=mongodb_uri,
        DATABASE=office_db.name,
        **SETTINGS,
    )
    assert made.returncode == 0, made.stderr
    with Server(mongodb_uri, office_db.name, folder / "log", **SETTINGS) as running:
        yield running


def basic(email, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()


def test_makes_an_administrator_by_a_command_only(mongodb_uri, office_db, tmp_path):
    settings = {"MONGODB_URI": mongodb_uri, "DATABASE": office_db.name, **SETTINGS}
    assert create_admin("a@example.org", PASSWORD, tmp_path, **settings).returncode == 0

    for email, password in (
        ("a@example.org", PASSWORD),
        ("b@example.org", "short"),
        ("b", PASSWORD),
    ):
        again = create_admin(email, password, tmp_path, **settings)
        assert again.returncode == 1
        assert "Traceback" not in again.stderr
        assert again.stderr.count("\n") == 1


def test_lets_a_token_of_one_worker_in_at_the_other(server):
    answer = server.client().request(
        "POST", "/api/v1/tokens", Authorization=basic("boss@example.org")
    )
    token = answer.json["token"]

    for _ in range(10):
        me = server.client().request("GET", "/api/v1/users/me", Authorization=f"Bearer {token}")
        assert (me.status, me.json["role"]) == (200, "admin")


def test_a_token_that_was_given_back_is_worthless_in_every_worker(server):
    """Each of them has just let it in, and knows it for a second."""
    clients = [server.client() for _ in range(12)]  # a fair share of them at each worker
    given = clients[0].request("POST", "/api/v1/tokens", Authorization=basic("boss@example.org"))
    bearer = f"Bearer {given.json['token']}"

    def statuses():
        return [
            client.request("GET", "/api/v1/users/me", Authorization=bearer).status
            for client in clients
        ]

    assert set(statuses()) == {200}
    left = clients[0].request("DELETE", "/api/v1/tokens/current", Authorization=bearer)
    assert left.status == 204
    assert set(statuses()) == {401}


@pytest.mark.parametrize("auth", ["required", "open"])
def test_signs_with_the_key_of_the_env_file(tmp_path, auth):
    (tmp_path / ".env").write_text(f"TICKETING_AUTH={auth}\nTICKETING_SECRET_KEY={KEY}\n")
    script = (
        "from ticketing.server import gunicorn_config\n"
        "from ticketing import config\n"
        "print(*config.load().secret_keys)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == KEY


@pytest.mark.parametrize("in_time", [True, False])
def test_a_worker_has_ended_in_good_order_if_what_ran_beside_it_has(tmp_path, in_time):
    """Else what it may have left locked in MongoDB is freed by the server."""
    script = (
        "from ticketing.server import gunicorn_config\n"
        "class Running:\n"
        f"    def stop(self): return {in_time}\n"
        "gunicorn_config._end_in_good_order(7, Running())\n"
        "print(gunicorn_config.SHARES.has_ended(7))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**clean_environment(AUTH="open"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == str(in_time)


def test_tells_nobody_what_serves_them(server):
    for path in ("/livez", "/nothing"):
        headers = server.client().get(path).headers
        assert "gunicorn" not in str(headers).lower()
        assert "python" not in str(headers).lower()


def test_logs_no_secrets(server):
    client = server.client()
    token = client.request("POST", "/api/v1/tokens", Authorization=basic("boss@example.org")).json[
        "token"
    ]
    client.request("GET", "/api/v1/bookings/secret-id?customer=x", Authorization=f"Bearer {token}")

    for secret in ("boss@example.org", PASSWORD, token, "secret-id", KEY, "Bearer", "Basic"):
        assert secret not in server.log


def test_names_who_asked_in_the_log_by_their_id(server):
    client = server.client()
    basic_ = basic("boss@example.org")
    me = client.request("GET", "/api/v1/users/me", Authorization=basic_, X_Request_ID="me")
    client.request("GET", "/api/v1/events", X_Request_ID="anybody")

    lines = {line.get("request_id"): line for line in map(json.loads, server.log.splitlines())}
    assert lines["me"]["caller"] == me.json["id"]
    assert lines["anybody"]["caller"] is None


def test_the_line_to_try_works_as_printed(tmp_path):
    with Run(tmp_path, free_port(), **SETTINGS) as run:
        pasted = re.search(r"curl .*", run.said)
        assert json.loads(shell(pasted[0]))["items"] == []
        assert "make admin EMAIL=" in run.said


def test_needs_credentials_for_all_but_the_public_routes(server):
    client = server.client()

    for path in ("/livez", "/readyz", "/openapi.json", "/docs/", "/api/v1/events"):
        assert client.get(path).status == 200
    for path in ("/api/v1/bookings", "/api/v1/statistics/monthly", "/api/v1/users"):
        answer = client.get(path)
        assert answer.status == 401
        assert "WWW-Authenticate" in answer.headers


def test_the_readmes_lines_work_as_printed_and_again(tmp_path):
    readme = (ROOT / "README.md").read_text()
    lines = next(b for b in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) if "$API/tokens" in b)
    port = free_port()
    assert create_admin("boss@example.org", PASSWORD, tmp_path, **SETTINGS).returncode == 0

    with Run(tmp_path, port, **SETTINGS) as run:
        assert "OPEN MODE" not in run.said
        for _ in range(2):
            said = shell(lines.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))
            assert said.count('"customer":"ada@example.org"') >= 2
            assert '"status":"confirmed"' in said
