"""Refusals go out one after the other, while there are threads to wait in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from tests.system.waiting import eventually
from ticketing.services.signing_in.pacing import Pacing


def test_lets_the_first_pass_and_the_next_wait():
    pacing = Pacing(pause_s=0.5)

    with ThreadPoolExecutor(1) as pool:
        pacing.wait(1)
        second = pool.submit(pacing.wait, 1)

        assert not second.done()
        assert second.result(10) is None


def test_lets_whoever_finds_no_place_pass_at_once():
    pacing = Pacing(pause_s=3600)
    pacing.wait(1)
    # It waits for longer than anybody looks, and ends with the process.
    second = Thread(target=pacing.wait, args=[1], daemon=True)

    second.start()
    eventually(lambda: pacing._waiting, "the second waits")
    for places in (1, 0, -3):
        pacing.wait(places)

    assert second.is_alive()
