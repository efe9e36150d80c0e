"""wrk is told what to ask and which answer is right, and any other answer ends the benchmark."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load.wrk import Asked, WrongAnswer, ask

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed"),
]


class Site:
    """A server that answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[int], int] = lambda number: 200
        self.asked: list[tuple[str, str, str | None, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True
            wbufsize = 1 << 16
            protocol_version = "HTTP/1.1"

            def reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                site.asked.append((self.command, self.path, self.headers["Authorization"], body))
                status = site.answer(len(site.asked))
                if not status:
                    self.close_connection = True
                    return
                told = b'{"code": "busy"}'
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_DELETE = reply  # noqa: N815 - so http.server calls them

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # wrk hangs up
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


def test_counts_what_is_answered_as_it_should_be(site, tmp_path):
    site.answer = lambda _: 201

    figures = ask("sale", Asked("POST", "/sales", "{}", status=201), site.port, tmp_path, 2, 1)

    assert 0 < figures.requests <= len(site.asked) <= figures.requests + 2
    assert 0 < figures.p50_ms <= figures.p99_ms
    assert figures.rate > 0


def test_one_wrong_answer_fails_with_the_scenario_and_the_status(site, tmp_path):
    site.answer = lambda number: 503 if number == 7 else 200

    with pytest.raises(WrongAnswer) as wrong:
        ask("status", Asked("GET", "/status"), site.port, tmp_path, 2, 1)

    assert str(wrong.value).startswith("status (GET /status): 1 of ")
    assert 'were not 200 as expected; the first was 503: {"code": "busy"}' in str(wrong.value)


def test_success_of_another_kind_is_wrong_as_well(site, tmp_path):
    with pytest.raises(WrongAnswer, match="not 304 as expected; the first was 200"):
        ask("status, 304", Asked("GET", "/status", status=304), site.port, tmp_path, 2, 1)


def test_a_broken_connection_fails_with_the_scenario(site, tmp_path):
    site.answer = lambda number: 0 if number == 7 else 200

    with pytest.raises(WrongAnswer, match=r"^status \(GET /status\): 1 connections broke"):
        ask("status", Asked("GET", "/status"), site.port, tmp_path, 2, 1)


def test_fails_where_nobody_listens(site, tmp_path):
    site.close()

    with pytest.raises(WrongAnswer, match=r"^status"):
        ask("status", Asked("GET", "/status"), site.port, tmp_path, 2, 1)


def test_asks_for_each_value_once_and_ends_there(site, tmp_path):
    values = [f"b{n}" for n in range(11)]
    asked = Asked("DELETE", "/bookings/{value}", values=lambda: values, once=True)

    figures = ask("cancelled", asked, site.port, tmp_path, 1, 1)

    # wrk makes the first request and does not send it, and does not wait for the last.
    paths = [path for _, path, _, _ in site.asked]
    assert paths == [f"/bookings/b{n}" for n in range(1, 1 + len(paths))]
    assert len(paths) - 1 <= figures.requests <= len(paths) <= 10


def test_fills_in_numbers_values_and_tokens_in_turns(site, tmp_path):
    asked = Asked("POST", "/sales", '{"n":{n},"event":"{value}"}', tokens=["t1", "t2"],
                  values=lambda: ["e1", "e2", "e3"])  # fmt: skip

    ask("sale", asked, site.port, tmp_path, 1, 1)

    told = [(authorization, body) for _, _, authorization, body in site.asked[:4]]
    assert told == [
        ("Bearer t1", '{"n":2,"event":"e2"}'),
        ("Bearer t2", '{"n":3,"event":"e3"}'),
        ("Bearer t1", '{"n":4,"event":"e1"}'),
        ("Bearer t2", '{"n":5,"event":"e2"}'),
    ]


def test_makes_values_before_anything_is_measured():
    made: list[int] = []

    def values() -> list[str]:
        made.append(1)
        return ["b1"]

    ready = Asked("DELETE", "/bookings/{value}", values=values, once=True).prepared()

    assert made == [1]
    assert ready.values is not None
    assert (ready.values(), ready.once, made) == (["b1"], True, [1])
