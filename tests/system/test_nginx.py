"""nginx in front, with the configuration that docs/deployment.md recommends."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from contextlib import ExitStack

import pytest

from tests.system.server import ROOT, Server
from tests.waiting import NEVER_S, eventually
from ticketing.server.mongod import free_port, is_free

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")),
    reason="nginx and openssl are not installed (Debian: apt-get install nginx-light openssl)",
)

NAME = "TICKETS.EXAMPLE.ORG"


class Nginx:
    def __init__(self, folder, upstream):
        self.http, self.https = free_port(), free_port()
        self._folder = folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
             "-subj", "/CN=localhost", "-keyout", folder / "key", "-out", folder / "pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        for old, new in {
            "listen 80;": f"listen 127.0.0.1:{self.http};",
            "listen 443 ssl": f"listen 127.0.0.1:{self.https} ssl",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            f"/etc/ssl/{NAME}.pem": f"{folder}/pem",
            f"/etc/ssl/{NAME}.key": f"{folder}/key",
            "/run/nginx.pid": f"{folder}/pid",
            "/var/log/nginx/error.log": f"{folder}/error.log",
            f"server_name {NAME};": "server_name localhost;",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            text = text.replace("http {\n", f"http {{\n    {kind}_temp_path {folder}/{kind};\n", 1)
        # Started by root, nginx's workers would be nobody, who may not write to a test's folder.
        user = "user root;\n" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(user + text)

    def __enter__(self):
        self.process = subprocess.Popen(
            ["nginx", "-c", self._folder / "nginx.conf", "-p", self._folder, "-g", "daemon off;"],
            stderr=subprocess.DEVNULL,
        )

        def listens():
            assert self.process.poll() is None
            return not is_free(self.https)

        eventually(listens, "nginx listens")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(NEVER_S)

    def ask(self, path, body=None, **headers):
        """Ask over TLS; return status, headers and body."""
        context = ssl.create_default_context(cafile=str(self._folder / "pem"))
        context.check_hostname = False
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.https}{path}",
            data,
            {"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, context=context, timeout=NEVER_S) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


@pytest.fixture(scope="module")
def nginx(mongodb_uri, office_db, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    settings = {"TRUSTED_PROXIES": "1", "RATE_READS": "30 per minute", "THREADS": "8"}
    with (
        Server(mongodb_uri, office_db.name, folder / "log", **settings) as server,
        Nginx(folder, server.port) as running,
    ):
        yield running


def test_ends_tls_and_passes_requests_on(nginx):
    body = {"name": "Gala", "date": "2030-01-01", "capacity": 3, "costPerTicket": 5}

    status, headers, _ = nginx.ask("/api/v1/events", body)

    assert status == 201
    assert headers["Location"].startswith("/api/v1/events/")
    assert "max-age" in headers["Strict-Transport-Security"]
    assert headers["Server"] == "nginx"


def test_sends_those_without_tls_there(nginx):
    with socket.create_connection(("127.0.0.1", nginx.http)) as plain:
        plain.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = plain.recv(4096).decode()

    assert answer.startswith("HTTP/1.1 301")
    assert "Location: https://localhost/livez" in answer


def test_lets_the_service_refuse_a_large_body_with_its_own_problem(nginx):
    status, headers, _ = nginx.ask("/api/v1/events", {"name": "x" * 70_000})

    assert status == 413
    assert headers["Content-Type"] == "application/problem+json"


def test_believes_no_address_that_a_client_claims(nginx):
    statuses = {
        nginx.ask("/api/v1/events", **{"X-Forwarded-For": f"10.0.0.{n}"})[0] for n in range(40)
    }

    assert statuses == {200, 429}


def test_serves_the_others_while_sixty_are_slow(nginx):
    """Two workers with eight threads each: sixty slow clients would hold them all."""
    stop = threading.Event()
    with ExitStack() as slow:
        clients = []
        for _ in range(60):
            raw = slow.enter_context(socket.create_connection(("127.0.0.1", nginx.https)))
            context = ssl.create_default_context(cafile=str(nginx._folder / "pem"))
            context.check_hostname = False
            client = slow.enter_context(context.wrap_socket(raw))
            client.sendall(
                b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
            )
            clients.append(client)

        def drip():
            while not stop.wait(0.5):
                for client in clients:
                    client.sendall(b" ")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            for _ in range(5):
                assert nginx.ask("/livez")[0] == 200
        finally:
            stop.set()
            dripping.join()
