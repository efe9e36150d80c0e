from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.system.waiting import NEVER_S
from ticketing.services.writes import host_lock as module
from ticketing.services.writes.host_lock import HostLock


@pytest.fixture
def host_lock(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return HostLock("test")


def test_gives_the_lock_to_one_at_a_time(host_lock, monkeypatch):
    # Nobody's patience ends, however slow the machine is.
    monkeypatch.setattr(module, "PATIENCE_S", NEVER_S)
    inside = 0
    most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with host_lock.locked("e1"):
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.001)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1


def test_goes_ahead_without_the_lock_that_does_not_come(host_lock):
    started = time.monotonic()

    with host_lock.locked("e1"), host_lock.locked("e1"):
        waited = time.monotonic() - started

    assert waited >= module.PATIENCE_S


def test_goes_ahead_where_no_file_can_be_made(host_lock):
    host_lock._folder = host_lock._folder / "not" / "there"

    with host_lock.locked("e1"):
        pass


def of_somebody_else(folder):
    folder.mkdir()
    os.chown(folder, 12_345, -1)


def open_to_everybody(folder):
    folder.mkdir()
    folder.chmod(0o777)


def a_link(folder):
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize("made", [of_somebody_else, open_to_everybody, a_link])
def test_takes_no_lock_from_a_folder_that_is_not_its_own(tmp_path, monkeypatch, made):
    """Who made it first could keep every lock, and hold each commit up."""
    if made is of_somebody_else and os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"ticketing-{os.getuid()}-test"
    made(folder)

    with HostLock("test").locked("e1"):
        pass

    assert list(folder.iterdir()) == []


def test_leaves_no_file_open(host_lock):
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(50):
        with host_lock.locked("e1"):
            pass

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_gets_the_lock_back_from_a_process_that_was_killed(host_lock, tmp_path, monkeypatch):
    script = (
        "import time\nfrom ticketing.services.writes.host_lock import HostLock\n"
        "with HostLock('test').locked('e1'):\n print('held', flush=True)\n time.sleep(60)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"

    other.kill()
    other.wait()
    other.stdout.close()
    # Whoever lost patience would go ahead as well: here nobody does.
    monkeypatch.setattr(module, "PATIENCE_S", math.inf)
    taken = threading.Event()

    def take():
        with host_lock.locked("e1"):
            taken.set()

    threading.Thread(target=take, daemon=True).start()
    assert taken.wait(NEVER_S)
