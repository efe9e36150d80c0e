"""What the processes of a host share beside MongoDB."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ticketing.domain.errors import Busy
from ticketing.storage.driver import host
from ticketing.storage.driver.reads import writing
from ticketing.storage.driver.units_of_work import until_committed


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    host.stamp_of.cache_clear()
    yield tmp_path
    host.stamp_of.cache_clear()


def test_another_process_changes_the_stamp(folder):
    stamp = host.stamp_of("tickets")
    before = stamp.read()

    code = "from ticketing.storage.driver.host import renew_stamp; renew_stamp('tickets')"
    subprocess.run([sys.executable, "-c", code], check=True)

    assert stamp.read() != before


def test_each_database_has_a_stamp_of_its_own():
    one, other = host.stamp_of("one"), host.stamp_of("other")
    before = other.read()

    host.renew_stamp("one")

    assert one.read() != other.read() == before


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_shares_nothing_in_a_folder_that_others_can_reach(folder, mode):
    made = host.shared_folder("tickets")
    made.chmod(mode)

    assert host.shared_folder("tickets") is None
    assert host.stamp_of("tickets") is None
    host.renew_stamp("tickets")


def test_shares_nothing_in_what_is_no_folder(folder):
    host.shared_folder("tickets").rmdir()
    (folder / f"ticketing-{host.os.getuid()}-tickets").symlink_to(folder)

    assert host.shared_folder("tickets") is None


@pytest.mark.parametrize("ending", [None, Busy, ValueError])
def test_every_write_beside_the_queue_renews_it_whatever_comes_of_it(db, ending):
    stamp = host.stamp_of(db.name)

    def work(*_):
        if ending:
            raise ending

    for change in (
        lambda: writing(work)(db),
        lambda: until_committed(db, work, seconds=5),
    ):
        before = stamp.read()
        if ending:
            with pytest.raises(ending):
                change()
        else:
            change()
        assert stamp.read() != before
