from __future__ import annotations

import os
from datetime import time

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


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("TICKETING_PROT", "TICKETING_PORT"),
        ("TICKETING_MONGO_URI", "TICKETING_MONGODB_URI"),
        ("TICKETING_MONGODB_URL", "TICKETING_MONGODB_URI"),
        ("TICKETING_TRUSTED_PROXY", "TICKETING_TRUSTED_PROXIES"),
        ("TICKETING_RATE_READ", "TICKETING_RATE_READS"),
        ("ticketing_port", "TICKETING_PORT"),
        ("TICKETINGPORT", "TICKETING_PORT"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True])
def test_names_a_setting_that_there_is_not_and_the_one_that_was_meant(
    monkeypatch, set_to, tmp_path, wrong, right, in_file
):
    set_to(AUTH="open")
    if in_file:
        (tmp_path / ".env").write_text(f"{wrong}=1\n")
    else:
        monkeypatch.setenv(wrong, "1")

    with pytest.raises(SettingsError) as error:
        config.load()

    assert f"{wrong}: there is no such setting; did you mean {right}?" in str(error.value)


def test_leaves_what_belongs_to_others_alone(monkeypatch, set_to, tmp_path):
    set_to(AUTH="open")
    monkeypatch.setenv("PORT", "1")
    (tmp_path / ".env").write_text("COMPOSE_PROJECT_NAME=tickets\n")

    assert config.load().port == 8000


@pytest.mark.parametrize("line", ["TICKETING_PORT 9000", "TICKETING_PORT: 9000", "TICKETING_PORT"])
def test_passes_over_no_line_of_the_file(set_to, tmp_path, line):
    set_to(AUTH="open")
    (tmp_path / ".env").write_text(f"# ours\n{line}\n")

    with pytest.raises(SettingsError, match=r"\.env, line 2: not NAME=value"):
        config.load()


def test_says_that_the_file_can_not_be_read(set_to, tmp_path):
    set_to(AUTH="open")
    (tmp_path / ".env").write_bytes(b"TICKETING_DATABASE=caf\xe9\n")

    with pytest.raises(SettingsError, match=r"\.env can't be read"):
        config.load()


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"REQUEST_TIMEOUT_S": "1", "LANE_WAIT_S": "60", "COMMIT_TIMEOUT_S": "1"},
            "TICKETING_LANE_WAIT_S (60) has to be less than TICKETING_REQUEST_TIMEOUT_S (1)",
        ),
        (
            {"REQUEST_TIMEOUT_S": "4", "COMMIT_TIMEOUT_S": "4"},
            "TICKETING_LANE_WAIT_S (4) has to be less than TICKETING_REQUEST_TIMEOUT_S (4)",
        ),
        (
            {"COMMIT_TIMEOUT_S": "9.5"},
            "TICKETING_COMMIT_TIMEOUT_S (9.5) has to be at most TICKETING_REQUEST_TIMEOUT_S (9)",
        ),
        (
            {"REQUEST_TIMEOUT_S": "16"},
            "TICKETING_REQUEST_TIMEOUT_S (16) has to be at most TICKETING_GRACEFUL_TIMEOUT_S (15)",
        ),
    ],
)
def test_takes_time_limits_only_in_the_order_in_which_they_end(set_to, limits, said):
    set_to(AUTH="open", **limits)

    with pytest.raises(SettingsError) as error:
        config.load()

    assert said in str(error.value)


def test_takes_time_limits_that_end_in_order(set_to):
    set_to(AUTH="open", LANE_WAIT_S="1", COMMIT_TIMEOUT_S="2", REQUEST_TIMEOUT_S="2",
           GRACEFUL_TIMEOUT_S="2")  # fmt: skip

    assert config.load().request_timeout_s == 2


@pytest.mark.parametrize("name", ["MONGODB_URI", "RATE_LIMIT_URI"])
@pytest.mark.parametrize("uri", ["localhost:27017", "http://db1/", "mongodb://me:pass@word@db1/"])
def test_refuses_what_is_no_uri_of_a_mongodb_without_repeating_it(set_to, name, uri):
    set_to(AUTH="open", **{name: uri})

    with pytest.raises(SettingsError, match=f"TICKETING_{name}: Not a MongoDB URI") as error:
        config.load()

    assert "pass" not in str(error.value).replace("password", "")


def test_takes_an_empty_uri_for_none(set_to):
    set_to(AUTH="open", MONGODB_URI="", RATE_LIMIT_URI="")

    assert config.load().mongodb_uri is None
    assert config.load().rate_limit_uri is None


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


@pytest.mark.parametrize(
    "rate",
    [
        "0 per minute", "-1 per minute", "1.5 per minute", "ten per minute",
        "10 per minute; 100 per hour", "10 per minute, 100 per hour", "99999999999999999999/minute",
        "1000001 per minute", "10 per 1000000 years", "10 per 2 years", "10", "per minute", " ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["READS", "WRITES", "TOKENS", "REGISTRATION"])
def test_takes_rates_only_that_can_be_counted(set_to, name, rate):
    set_to(SECRET_KEY=GOOD_KEY, **{f"RATE_{name}": rate})

    with pytest.raises(SettingsError, match=f"TICKETING_RATE_{name}"):
        config.load()


@pytest.mark.parametrize(
    ("rate", "amount", "seconds"),
    [
        ("1/second", 1, 1),
        ("10 per 5 minutes", 10, 300),
        ("1000000 per year", 1_000_000, 31_104_000),
    ],
)
def test_takes_a_rate_of_any_window(set_to, rate, amount, seconds):
    set_to(SECRET_KEY=GOOD_KEY, RATE_TOKENS=rate)

    found = config.load().rates["tokens"]

    assert (found.amount, found.get_expiry()) == (amount, seconds)


@pytest.mark.parametrize(
    "uri", ["redis://localhost", "localhost", "mongodb://", "mongodb://h:99999", "mongodb://h:x"]
)
def test_counts_in_a_mongodb_only(set_to, uri):
    set_to(SECRET_KEY=GOOD_KEY, RATE_LIMIT_URI=uri)

    with pytest.raises(SettingsError, match="TICKETING_RATE_LIMIT_URI"):
        config.load()


@pytest.mark.parametrize("uri", ["mongodb://a,b/?replicaSet=rs0", "mongodb+srv://x.example.org"])
def test_takes_the_uri_of_a_mongodb_to_count_in(set_to, uri):
    set_to(SECRET_KEY=GOOD_KEY, RATE_LIMIT_URI=uri)

    assert config.load().rate_limit_uri == uri


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        (" , ", ()),
        ("https://shop.example.org", ("https://shop.example.org",)),
        (
            "https://a.example.org, http://b.example.org:8080,",
            ("https://a.example.org", "http://b.example.org:8080"),
        ),
        ("HTTPS://Shop.Example.ORG", ("https://shop.example.org",)),
        (
            "https://a.org:443,http://b.org:80,https://c.org:80",
            ("https://a.org", "http://b.org", "https://c.org:80"),
        ),
        ("https://a.org,https://A.org:443", ("https://a.org",)),
        ("http://localhost:03000", ("http://localhost:3000",)),
        ("http://127.0.0.1:5173", ("http://127.0.0.1:5173",)),
        ("http://[0:0:0:0:0:0:0:1]:3000", ("http://[::1]:3000",)),
        ("https://xn--mnchen-3ya.de", ("https://xn--mnchen-3ya.de",)),
        ("https://my_shop.example.org", ("https://my_shop.example.org",)),
    ],
)
def test_takes_origins_as_browsers_write_them(set_to, text, origins):
    set_to(SECRET_KEY=GOOD_KEY, CORS_ORIGINS=text)

    assert config.load().cors_origins == origins


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "https://*", "https://*.example.org", ".*", r"https://.*\.example\.org",
        "https://[a-z]+.example.org", "https://(a|b).example.org", "https://example.org$",
        "^https://example.org", "https://exampl?.org", "shop.example.org", "//shop.example.org",
        "https://", "https:shop.example.org", "https:///shop.example.org", "ftp://example.org",
        "file://", "https://example.org/", "https://example.org/path", "https://example.org?q",
        "https://example.org#f", "https://ada@example.org", "https://ada:pw@example.org",
        "https://example.org:", "https://example.org:0", "https://example.org:65536",
        "https://example.org:https", "https://example.org:-1", "https://exa mple.org",
        "https://example..org", "https://.example.org", "https://example.org.", "https://-a.org",
        "https://a-.org", "https://m\u00fcnchen.de", "https://example.org\\", "https://1.2.3",
        "https://256.1.1.1", "https://0x7f.1", "https://127.1", "http://[::1", "http://::1",
        "http://[::1%25lo]", "http://[1.2.3.4]", "https://a.org https://b.org", "https://a.org;b",
        "https://" + "a" * 64 + ".org", "https://" + "a." * 127 + "org",
        "https://example.org:\u0668\u0660", "data:", "https://%61.org",
    ],
)  # fmt: skip
def test_takes_plain_origins_only(set_to, origin):
    set_to(SECRET_KEY=GOOD_KEY, CORS_ORIGINS=f"https://good.example.org,{origin}")

    with pytest.raises(SettingsError, match=r"TICKETING_CORS_ORIGINS.*Not an origin") as error:
        config.load()

    assert origin in str(error.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.org", "127.0.0.1.evil.org"])
def test_is_open_on_loopback_only(set_to, host):
    set_to(AUTH="open", HOST=host)

    with pytest.raises(SettingsError, match="loopback"):
        config.load()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_knows_loopback(set_to, host):
    set_to(AUTH="open", HOST=host)

    assert config.load().host == host


@pytest.mark.parametrize(
    "uri",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:70000",
        "smtp://mail.example.org/path",
        "smtp://mail.example.org?starttls=no",
        "smtps://name:geheim@",
    ],
)
def test_refuses_what_is_no_mail_server_without_repeating_it(set_to, uri):
    set_to(AUTH="open", MAIL_URI=uri, PUBLIC_URL="https://tickets.example.org")

    with pytest.raises(SettingsError, match="TICKETING_MAIL_URI: Not a mail server") as error:
        config.load()
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["tickets.example.org", "ftp://x.org", "https://", "https://x.org?a"]
)
def test_refuses_what_is_no_public_url(set_to, url):
    set_to(AUTH="open", PUBLIC_URL=url)

    with pytest.raises(SettingsError, match="TICKETING_PUBLIC_URL: Not a URL"):
        config.load()


@pytest.mark.parametrize("address", ["tickets", "a b@example.org", "x@y\nBcc: z@example.org"])
def test_refuses_a_sender_that_is_no_address(set_to, address):
    set_to(AUTH="open", MAIL_FROM=address)

    with pytest.raises(SettingsError, match="TICKETING_MAIL_FROM: Not an address"):
        config.load()


def test_sends_mail_only_where_its_links_lead_somewhere(set_to):
    set_to(AUTH="open", MAIL_URI="smtp://127.0.0.1")

    with pytest.raises(SettingsError, match="TICKETING_PUBLIC_URL is not"):
        config.load()


def test_says_who_mail_is_from(set_to):
    set_to(AUTH="open", MAIL_URI="smtp://127.0.0.1", PUBLIC_URL="https://tickets.example.org/")
    assert config.load().mail_from == "tickets@tickets.example.org"
    assert config.load().public_url == "https://tickets.example.org"

    set_to(MAIL_FROM="box.office@venue.example")
    assert config.load().mail_from == "box.office@venue.example"


@pytest.mark.parametrize("days", ["-1", "1", "29", "36501", "x"])
def test_forgets_nobody_by_a_slip_of_the_pen(set_to, days):
    set_to(AUTH="open", IDLE_CUSTOMER_DAYS=days)

    with pytest.raises(SettingsError, match="TICKETING_IDLE_CUSTOMER_DAYS"):
        config.load()


@pytest.mark.parametrize("at", ["24:00", "3:30", "03:60", "03:30:00", "night"])
def test_verifies_at_no_time_that_there_is_not(set_to, at):
    set_to(AUTH="open", VERIFY_AT=at)

    with pytest.raises(SettingsError, match="TICKETING_VERIFY_AT"):
        config.load()


def test_verifies_at_the_time_that_is_set_and_never_where_none_is(set_to):
    set_to(AUTH="open")
    assert config.load().verify_at is None

    set_to(VERIFY_AT="03:30")
    assert config.load().verify_at == time(3, 30)


def test_asks_no_second_factor_where_nobody_signs_in(set_to):
    set_to(AUTH="open", ADMIN_SECOND_FACTOR="required")

    with pytest.raises(SettingsError, match="TICKETING_ADMIN_SECOND_FACTOR=required"):
        config.load()


def test_shows_no_secret_to_whoever_logs_the_settings(set_to):
    secrets = {
        "SECRET_KEY": GOOD_KEY,
        "SECRET_KEY_PREVIOUS": GOOD_KEY[::-1],
        "METRICS_KEY": GOOD_KEY.lower(),
        "MONGODB_URI": "mongodb://ada:lovelace@db1/",
        "RATE_LIMIT_URI": "mongodb://ada:byron@db1/",
        "MAIL_URI": "smtps://ada:milbanke@mail.example.org",
    }
    set_to(PUBLIC_URL="https://tickets.example.org", VENUE_NAME="Pepperwick Hall", **secrets)

    shown = repr(config.load())

    assert "Pepperwick Hall" in shown
    assert [name for name, secret in secrets.items() if secret in shown] == []
