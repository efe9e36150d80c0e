"""Whose answer was forgotten with a person before they had heard it, and who is told so.

What they asked for has happened, or not, and their key does nothing again (docs/reliability.md,
promise 2): no other judge can tell from a refusal that says no more.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.load.history import Operation


def forgotten(history: Iterable[Operation]) -> frozenset[str]:
    """Return the keys of those who asked again after an erasure, and may have been told that."""
    history = list(history)
    erasures = [operation for operation in history if operation.kind == "erase"]
    return frozenset(
        operation.key
        for operation in history
        if operation.answer is not None
        and operation.answer.status == 422
        and operation.attempts > 1
        and any(_may_forget(erasure, operation) for erasure in erasures)
    )


def _may_forget(erasure: Operation, operation: Operation) -> bool:
    """Tell whether an erasure may have removed an answer while it was still asked for."""
    if erasure.person is None or erasure.began > operation.ended:
        return False
    # Of an answer that was never heard it is not known whom it would have named.
    return operation.began <= erasure.ended
