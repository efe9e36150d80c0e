"""nginx in front, with the configuration that docs/deployment.md recommends."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from contextlib import ExitStack
from http.client import HTTPResponse

import pytest

from tests.system.server import ROOT, Server
from tests.system.waiting import NEVER_S, eventually
from ticketing.server.mongod import free_port, is_free

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")),
    reason="nginx and openssl are not installed (Debian: apt-get install nginx-light openssl)",
)

NAME = "TICKETS.EXAMPLE.ORG"


class Nginx:
    """nginx with the delivered file, in which only places and names are others."""

    def __init__(self, folder, upstream, **others):
        folder.mkdir(exist_ok=True)
        self.http, self.https = free_port(), free_port()
        self._folder = folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
             "-subj", "/CN=localhost", "-keyout", folder / "key", "-out", folder / "pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        for old, new in {
            "listen 80": f"listen 127.0.0.1:{self.http}",
            "listen 443": f"listen 127.0.0.1:{self.https}",
            "[::]:80": f"[::1]:{self.http}",
            "[::]:443": f"[::1]:{self.https}",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            f"/etc/ssl/{NAME}.pem": f"{folder}/pem",
            f"/etc/ssl/{NAME}.key": f"{folder}/key",
            "/run/nginx.pid": f"{folder}/pid",
            "/var/log/nginx/error.log": f"{folder}/error.log",
            "/var/log/nginx/ticketing.log": f"{folder}/access.log",
            NAME: "localhost",
            **others,
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

    @property
    def access_log(self):
        return [json.loads(line) for line in (self._folder / "access.log").read_text().splitlines()]

    def raw(self, sent, *, tls=True, address="127.0.0.1"):
        """Send bytes as they are; return status, headers and body."""
        port = self.https if tls else self.http
        with ExitStack() as held:
            connection = held.enter_context(socket.create_connection((address, port), timeout=12))
            if tls:
                context = ssl.create_default_context(cafile=str(self._folder / "pem"))
                connection = held.enter_context(
                    context.wrap_socket(connection, server_hostname="localhost")
                )
            connection.sendall(sent)
            response = HTTPResponse(connection)
            response.begin()
            return response.status, response.headers, response.read()

    def ask(self, path, body=None, **headers):
        """Ask over TLS; return status, headers and body."""
        context = ssl.create_default_context(cafile=str(self._folder / "pem"))
        context.check_hostname = False
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.https}{path}",
            data,
            {"Content-Type": "application/json", "Host": "localhost", **headers},
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
        Nginx(folder / "nginx", server.port) as running,
    ):
        running.service_log = folder / "log"
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


def is_a_problem(answer, status, code):
    """And the answer is the only one of its kind: status line, body and type agree."""
    answered, headers, body = answer
    problem = json.loads(body)
    assert answered == problem["status"] == status
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["type"] == f"urn:ticketing:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert headers["X-Request-ID"]


GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"

# What nginx does not pass on, or the service refuses before it reads it.
REFUSED = {
    "a large body": (
        b"POST /book HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n",
        413,
        "content_too_large",
    ),
    "a long line": (
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        414,
        "uri_too_long",
    ),
    "a line that the service finds long": (
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        414,
        "uri_too_long",
    ),
    "a long field": (
        GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n",
        431,
        "request_header_fields_too_large",
    ),
    "raw UTF-8": (
        b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        400,
        "bad_request",
    ),
    "nonsense": (b"nonsense\r\n\r\n", 400, "bad_request"),
    "two hosts": (GET + b"Host: example.org\r\n\r\n", 400, "bad_request"),
    "TRACE": (
        b"TRACE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        405,
        "method_not_allowed",
    ),
}


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_with_a_problem(nginx, sent, status, code):
    is_a_problem(nginx.raw(sent), status, code)


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost.evil.example", "_"])
def test_serves_no_other_name_and_redirects_nobody_to_it(nginx, host, tls):
    sent = f"GET /livez HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    answer = nginx.raw(sent, tls=tls)

    is_a_problem(answer, 421, "misdirected_request")
    assert "Location" not in answer[1]


def test_says_that_tls_is_needed_where_it_is(nginx):
    with socket.create_connection(("127.0.0.1", nginx.https), timeout=12) as plain:
        plain.sendall(GET + b"\r\n")
        response = HTTPResponse(plain)
        response.begin()
        is_a_problem((response.status, response.headers, response.read()), 400, "bad_request")


def test_is_there_by_ipv6_too(nginx):
    assert nginx.raw(GET + b"\r\n", address="::1")[0] == 200


def test_gives_a_request_one_id_that_is_in_both_logs(nginx):
    _, told, _ = nginx.ask("/api/v1/events?customer=ada@example.org", **{"X-Request-ID": "find-me"})
    _, made, _ = nginx.ask("/livez", **{"X-Request-ID": "not an id"})

    assert told["X-Request-ID"] == "find-me"

    # nginx writes its line after the answer.
    def logged():
        lines = {line["request_id"]: line for line in nginx.access_log}
        return lines if {"find-me", made["X-Request-ID"]} <= lines.keys() else None

    lines = eventually(logged, "both are in the log")
    assert lines["find-me"]["address"] == "127.0.0.1"
    assert (lines["find-me"]["path"], lines["find-me"]["status"]) == ("/api/v1/events", 400)
    services = [json.loads(line) for line in nginx.service_log.read_text().splitlines()]
    for request_id in ("find-me", made["X-Request-ID"]):
        assert [line for line in services if line.get("request_id") == request_id]


def test_says_with_a_problem_that_the_service_is_away(tmp_path):
    with Nginx(tmp_path / "nginx", free_port()) as alone:
        answer = alone.ask("/livez", **{"X-Request-ID": "away"})

        is_a_problem(answer, 502, "bad_gateway")
        assert answer[1]["Retry-After"] == "1"
        assert answer[1]["X-Request-ID"] == "away"
        logged = eventually(lambda: alone.access_log, "it is in the log")
        assert logged[-1]["status"] == 502


def test_says_with_a_problem_that_the_service_does_not_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        quick = {"proxy_read_timeout 11s": "proxy_read_timeout 1s"}
        with Nginx(tmp_path / "nginx", port, **quick) as alone:
            answer = alone.ask("/livez")

    is_a_problem(answer, 504, "gateway_timeout")
    assert "Idempotency-Key" in json.loads(answer[2])["detail"]


def test_says_with_a_problem_that_an_address_has_too_many_connections(tmp_path):
    few = {"addresses 400": "addresses 1", "proxy_read_timeout 11s": "proxy_read_timeout 3s"}
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        Nginx(tmp_path / "nginx", deaf.getsockname()[1], **few) as alone,
    ):
        waiting = threading.Thread(target=alone.ask, args=("/livez",))
        waiting.start()
        with deaf.accept()[0]:  # the first is under way
            answer = alone.ask("/livez")
            waiting.join()

    is_a_problem(answer, 429, "too_many_requests")


def test_says_with_a_problem_that_an_address_asks_too_often(tmp_path):
    few = {"rate=100r/s": "rate=1r/m", "burst=400": "burst=2"}
    with Nginx(tmp_path / "nginx", free_port(), **few) as alone:
        answers = [alone.ask("/livez") for _ in range(4)]

    assert [answer[0] for answer in answers] == [502, 502, 502, 429]
    is_a_problem(answers[-1], 429, "too_many_requests")
    assert answers[-1][1]["Retry-After"] == "1"


def test_gives_up_idle_connections_before_the_service_does():
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    config = (ROOT / "ticketing" / "server" / "gunicorn_config.py").read_text()
    ours = int(re.search(r"upstream[^}]*keepalive_timeout (\d+)s;", text)[1])

    assert ours < int(re.search(r"^keepalive = (\d+)$", config, re.MULTILINE)[1])


def test_has_files_enough_for_its_connections():
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    files = int(re.search(r"worker_rlimit_nofile (\d+);", text)[1])
    connections = int(re.search(r"worker_connections (\d+);", text)[1])

    assert files >= 2 * connections


def test_lets_the_service_refuse_a_large_body_with_its_own_problem(nginx):
    status, headers, _ = nginx.ask("/api/v1/events", {"name": "x" * 70_000})

    assert status == 413
    assert headers["Content-Type"] == "application/problem+json"


def test_gives_nobody_a_connection_that_the_service_is_about_to_close(nginx):
    """After a body that the service left unread it did, and somebody else's request was a 502."""
    heard = set()
    for _ in range(10):
        assert nginx.ask("/api/v1/events", {"name": "x" * 70_000})[0] == 413
        heard |= {nginx.ask("/livez")[0] for _ in range(3)}

    assert heard == {200}


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
