from __future__ import annotations

import os

import pytest

from ticketing import config
from ticketing.config import SettingsError


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """No TICKETING_ setting, and a folder without `.env`."""
    for name in [name for name in os.environ if name.startswith("TICKETING_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def set_to(monkeypatch):
    def set_all(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"TICKETING_{name}", value)

    return set_all


def test_reads_the_environment(set_to):
    set_to(AUTH="open", PORT="8123", TIMEZONE="Europe/Berlin", PIN_WORKERS="no")

    settings = config.load()

    assert (settings.port, str(settings.timezone)) == (8123, "Europe/Berlin")
    assert settings.pin_workers is False
    assert settings.mongodb_uri is None


def test_reads_a_dot_env_file_but_prefers_the_environment(set_to, tmp_path):
    (tmp_path / ".env").write_text(
        "TICKETING_AUTH=open\nTICKETING_PORT=1111\nTICKETING_WORKERS=3\n"
    )
    set_to(PORT="2222")

    settings = config.load()

    assert (settings.port, settings.workers) == (2222, 3)


def test_tells_every_fault_at_once(set_to):
    set_to(AUTH="maybe", PORT="70000", WORKERS="many", TIMEZONE="Mars/Olympus", GROUP_SIZE="0")

    with pytest.raises(SettingsError) as error:
        config.load()

    for name in ("AUTH", "PORT", "WORKERS", "TIMEZONE", "GROUP_SIZE"):
        assert f"TICKETING_{name}" in str(error.value)


def test_is_closed_unless_told_otherwise():
    with pytest.raises(SettingsError, match="TICKETING_AUTH=required"):
        config.load()


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.org", "127.0.0.1.evil.org"])
def test_is_open_on_loopback_only(set_to, host):
    set_to(AUTH="open", HOST=host)

    with pytest.raises(SettingsError, match="loopback"):
        config.load()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_knows_loopback(set_to, host):
    set_to(AUTH="open", HOST=host)

    assert config.load().host == host
