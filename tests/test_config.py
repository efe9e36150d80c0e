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


GOOD_KEY = "Zq8vT2mXw5nLk9dRb3yHc7jF4sGp6aQe"


def test_is_closed_unless_told_otherwise(set_to):
    set_to(SECRET_KEY=GOOD_KEY)

    settings = config.load()

    assert settings.auth == "required"
    assert str(settings.rates["tokens"]) == "10 per 1 minute"


@pytest.mark.parametrize(
    "key",
    ["", "short", "x" * 64, "abababab" * 8, "replace-me-with-48-random-characters-of-your-own"],
)
def test_starts_with_a_secret_only(set_to, key):
    set_to(SECRET_KEY=key)

    with pytest.raises(SettingsError, match="TICKETING_SECRET_KEY") as error:
        config.load()

    assert "secrets.token_urlsafe" in str(error.value)


def test_looks_at_the_previous_key_as_well(set_to):
    set_to(SECRET_KEY=GOOD_KEY, SECRET_KEY_PREVIOUS="short")

    with pytest.raises(SettingsError, match="fewer than 32 bytes"):
        config.load()


def test_signs_with_no_key_that_is_only_the_previous_one(set_to):
    set_to(AUTH="open", SECRET_KEY_PREVIOUS=GOOD_KEY)

    with pytest.raises(SettingsError, match="TICKETING_SECRET_KEY is not"):
        config.load()


def test_may_listen_anywhere_once_users_sign_in(set_to):
    set_to(SECRET_KEY=GOOD_KEY, HOST="0.0.0.0")

    assert config.load().host == "0.0.0.0"


def test_limits_nobody_in_open_mode_unless_told_to(set_to):
    set_to(AUTH="open", RATE_WRITES="5 per second")

    rates = config.load().rates

    assert rates["reads"] is None
    assert rates["writes"].amount == 5


def test_takes_limits_off_and_refuses_nonsense(set_to):
    set_to(SECRET_KEY=GOOD_KEY, RATE_READS="off")
    assert config.load().rates["reads"] is None

    set_to(RATE_READS="often")
    with pytest.raises(SettingsError, match="TICKETING_RATE_READS"):
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
