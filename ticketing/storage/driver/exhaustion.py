"""Recognizes that this process, or its machine, has run out of threads, memory or files."""

from __future__ import annotations

import errno

_NOTHING_LEFT = {
    errno.EAGAIN,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.ENOSPC,
}

# Python's own words; there is no class for it.
_NO_THREAD = "can't start new thread"


def is_exhausted(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that nothing is left to work with."""
    seen: set[int] = set()
    # An error that is raised from itself is its own cause.
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno in _NOTHING_LEFT:
            return True
        if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
            return True
        error = error.__cause__
    return False
