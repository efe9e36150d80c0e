from __future__ import annotations

import errno

import pytest
from pymongo.errors import AutoReconnect

from ticketing.storage.driver.exhaustion import is_exhausted


def caused_by(cause):
    error = AutoReconnect("no connection")
    error.__cause__ = cause
    return error


def raised_from_itself():
    error = AutoReconnect("gone")
    error.__cause__ = error
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.ENFILE, "Too many open files in system"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError(errno.ENOBUFS, "No buffer space available"),
        OSError(errno.ENOSPC, "No space left on device"),
        caused_by(OSError(errno.EMFILE, "Too many open files")),
    ],
    ids=str,
)
def test_knows_what_says_that_nothing_is_left(error):
    assert is_exhausted(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("dictionary changed size during iteration"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        AutoReconnect("gone"),
        KeyError("x"),
        raised_from_itself(),
        None,
    ],
    ids=repr,
)
def test_takes_no_fault_for_it(error):
    assert not is_exhausted(error)
