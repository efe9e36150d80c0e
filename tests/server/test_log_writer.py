"""Log lines of many threads: each once, each whole, and none kept back."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.waiting import NEVER_S
from ticketing.server.log_writer import LogWriter


def test_writes_each_line_of_many_threads_once():
    file = io.StringIO()
    writer = LogWriter(file)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: writer.msg(f"line {n}"), range(2000)))

    assert sorted(file.getvalue().splitlines()) == sorted(f"line {n}" for n in range(2000))


class Slow(io.StringIO):
    """A file that takes its time, and counts how often it is written to."""

    def __init__(self):
        super().__init__()
        self.writes = 0
        self.entered, self.open = threading.Semaphore(0), threading.Semaphore(0)

    def write(self, text):
        self.writes += 1
        self.entered.release()
        assert self.open.acquire(timeout=NEVER_S)
        return super().write(text)


def test_the_thread_that_writes_takes_along_what_came_meanwhile():
    file = Slow()
    writer = LogWriter(file)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(writer.msg, "first")
        assert file.entered.acquire(timeout=NEVER_S)
        for number in range(5):
            writer.msg(f"meanwhile {number}")
        file.open.release(2)
        first.result()

    assert file.getvalue().splitlines() == ["first", *(f"meanwhile {n}" for n in range(5))]
    assert file.writes == 2


@pytest.mark.parametrize("error", [OSError("no space left"), ValueError("closed")])
def test_a_file_that_takes_nothing_fails_no_request(error):
    class Full(io.StringIO):
        def write(self, text):
            raise error

    LogWriter(Full()).msg("a line")
