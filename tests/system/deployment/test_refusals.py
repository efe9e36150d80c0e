"""What gunicorn refuses before the application sees it is a problem like every other error."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email.parser import BytesParser
from http.client import HTTPResponse

import pytest

from tests.system.waiting import NEVER_S
from ticketing.api.http.middleware import HARDENING

HOST = b"Host: localhost\r\n"

# What no client should send, and what it is.
REFUSED = {
    "raw UTF-8 in the path": (b"GET /caf\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "raw UTF-8 in the query": (b"GET /book?a=\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a long line": (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a line without end": (b"GET /" + b"a" * 500_000, 414),
    "a long field": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 431),
    "many fields": (
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: 1\r\n" % n for n in range(99)) + b"\r\n",
        431,
    ),
    "a method in small letters": (b"get /livez HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method that is no token": (b"GE(T /livez HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method without end": (b"A" * 200 + b" /livez HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a version to come": (b"GET /livez HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "a version that is none": (b"GET /livez HTTQ/1.1\r\n" + HOST + b"\r\n", 400),
    "no version": (b"GET /livez\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    "a path without its slash": (b"GET livez HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a field name with a blank": (b"GET /livez HTTP/1.1\r\n" + HOST + b"A b: c\r\n\r\n", 400),
    "a folded field": (b"GET /livez HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "bare line feeds": (b"GET /livez HTTP/1.1\nHost: localhost\n\n", 400),
    "two lengths": (
        b"POST /book HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        400,
    ),
    "a negative length": (b"POST /book HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
    "an unknown coding": (b"POST /book HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: x\r\n\r\n", 411),
    "an expectation": (b"POST /book HTTP/1.1\r\n" + HOST + b"Expect: tea\r\n\r\n", 417),
}


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=NEVER_S) as connection:
        yield connection


def told(port: int, sent: bytes) -> bytes:
    """Send this and return all that comes until the connection is closed."""
    with connected(port) as connection:
        connection.sendall(sent)
        heard = b""
        while more := connection.recv(65_536):
            heard += more
    return heard


def read(answer: bytes):
    """Return the status, the fields and the JSON body of an answer, which is all there is."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    headers = BytesParser().parsebytes(fields)
    assert len(body) == int(headers["Content-Length"])
    return int(line.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_it_can_not_read_with_a_problem(server, sent, status):
    answered, headers, problem = read(told(server.port, sent))

    assert answered == problem["status"] == status
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Connection"] == "close"
    assert problem["type"] == f"urn:ticketing:problem:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]


def test_says_to_browsers_what_every_other_answer_says(server):
    sent, _ = REFUSED["a long line"]
    _, refused, _ = read(told(server.port, sent))
    usual = server.client().get("/nothing").headers

    for name in HARDENING:
        assert refused[name] == usual[name]
    assert refused["Server"] == usual["Server"] == "ticketing"


def test_logs_what_it_refuses_with_its_id_and_address_but_not_what_was_sent(server):
    sent = b"GET /caf\xc3\xa9?token=a-secret-of-mine HTTP/1.1\r\n" + HOST + b"\r\n"
    _, headers, _ = read(told(server.port, sent))

    lines = [json.loads(line) for line in server.log.splitlines()]
    (mine,) = [line for line in lines if line.get("request_id") == headers["X-Request-ID"]]
    assert (mine["event"], mine["status"], mine["address"]) == ("request", 400, "127.0.0.1")
    assert "a-secret-of-mine" not in server.log


@pytest.mark.parametrize("method", [b"BREW", b"TRACE", b"PROPFIND"])
def test_tells_which_methods_there_are(server, method):
    sent = method + b" /api/v1/events HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"

    status, headers, problem = read(told(server.port, sent))

    assert (status, problem["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(headers["Allow"].split(", "))


def test_answers_a_request_once_also_when_its_body_breaks_off_in_disorder(server):
    sent = b"POST /book HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n"

    status, _, problem = read(told(server.port, sent))

    assert (status, problem["code"]) == (411, "length_required")


def heard(connection: socket.socket):
    """Return the status and the fields of the next answer, which is read to its end."""
    with HTTPResponse(connection) as response:
        response.begin()
        response.read()
        return response.status, response.headers


# What is answered before its body has been read to its end.
UNREAD = {
    "too large": (b"Content-Length: 70000\r\n\r\n" + b" " * 70_000, 413),
    "as large as gunicorn drains": (b"Content-Length: 65536\r\n\r\n" + b" " * 65_536, 415),
    "of a length that nobody knows": (
        b"Transfer-Encoding: chunked\r\n\r\n" + b"11000\r\n" + b" " * 0x11000 + b"\r\n0\r\n\r\n",
        411,
    ),
    "small": (b"Content-Length: 1000\r\n\r\n" + b" " * 1000, 415),
}


@pytest.mark.parametrize(("sent", "status"), UNREAD.values(), ids=UNREAD.keys())
def test_keeps_a_connection_that_it_does_not_say_to_close(server, sent, status):
    """A proxy would send somebody else's request on it, and hear nothing: a 502."""
    with connected(server.port) as connection:
        connection.sendall(b"POST /api/v1/events HTTP/1.1\r\n" + HOST + sent)
        answered, headers = heard(connection)
        assert answered == status
        if headers.get("Connection") == "close":
            assert connection.recv(1) == b""
            return

        connection.sendall(b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n")
        assert heard(connection)[0] == 200


def test_hears_the_others_while_those_it_refused_do_not_hang_up(server):
    """gunicorn's main thread would wait 2 s for each of them, and nobody be heard meanwhile."""
    with ExitStack() as held:
        refused = [held.enter_context(connected(server.port)) for _ in range(40)]
        for connection in refused:
            connection.sendall(b"nonsense\r\n\r\n")

        assert server.client().get("/livez").status == 200
        for connection in refused:
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
