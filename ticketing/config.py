"""Settings, read once from the environment and `.env`; all faults are reported at once."""

from __future__ import annotations

import difflib
import io
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environs
import limits
from babel.numbers import get_currency_precision, list_currencies
from dotenv.parser import parse_stream
from limits import RateLimitItem
from marshmallow import ValidationError
from marshmallow.validate import Length, OneOf, Range
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

PREFIX = "TICKETING_"

SHORTEST_KEY = 32
EXAMPLE_KEYS = {"replace-me-with-48-random-characters-of-your-own", "aweirdrandomstring"}

# Threads of a worker beside TICKETING_THREADS, for those who wait until their password is checked
# or refused: blocked they cost next to nothing, and those who buy keep theirs.
SIGN_IN_THREADS = 64

# Reads are for people who look at a page, writes for a till in a rush, and the rest for guessing.
DEFAULT_RATES = {
    "reads": "1200 per minute",
    "writes": "600 per minute",
    "tokens": "10 per minute",
    "registration": "10 per hour",
}


_ACCENT = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)

_MOST_REQUESTS = 1_000_000
_YEAR_S = 366 * 86_400

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?",
    re.ASCII,
)
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253


class SettingsError(Exception):
    """The settings don't allow a start; the text says what to set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `docs/configuration.md` explains each, by its variable."""

    mongodb_uri: str | None
    database: str
    auth: Literal["required", "open"]
    admin_second_factor: Literal["optional", "required"]
    timezone: ZoneInfo
    max_body_bytes: int
    max_tickets_per_booking: int
    transfer_hours: int
    idle_customer_days: int
    verify_at: time | None
    host: str
    port: int
    workers: int
    threads: int
    pin_workers: bool
    graceful_timeout_s: int
    group_size: int
    request_timeout_s: float
    lane_wait_s: float
    commit_timeout_s: float
    log_level: str
    log_format: Literal["auto", "json", "text"]
    secret_keys: tuple[str, ...]
    token_lifetime_s: int
    trusted_proxies: int
    rate_limit_uri: str | None
    rates: Mapping[str, RateLimitItem | None]
    mail_uri: str | None
    mail_from: str
    public_url: str | None
    cors_origins: tuple[str, ...]
    venue_name: str
    accent: str
    currency: str
    session_lifetime_s: int
    metrics_key: str | None = None


# Which time has to end before which, and whether they may be equal.
_ORDER = (
    (
        "lane_wait_s",
        False,
        "request_timeout_s",
        "a request that no commit takes hears 503 busy while it still has time",
    ),
    (
        "commit_timeout_s",
        True,
        "request_timeout_s",
        "a commit has no more time than the request that it is for",
    ),
    (
        "request_timeout_s",
        True,
        "graceful_timeout_s",
        "a server that is stopped answers what it has accepted",
    ),
)

# Every variable but for its prefix. Most are called like their field.
NAMES = frozenset(
    {field.name.upper() for field in fields(Settings)} - {"SECRET_KEYS", "RATES"}
    | {"SECRET_KEY", "SECRET_KEY_PREVIOUS"}
    | {f"RATE_{name.upper()}" for name in DEFAULT_RATES}
)


def load(
    *, default_auth: Literal["required", "open"] = "required", env_file: str | None = ".env"
) -> Settings:
    """Read the settings; raises SettingsError that names every fault.

    The environment wins over the `.env` file in the current folder.
    """
    env = environs.Env(eager=False)
    written: set[str] = set()
    faults: list[str] = []
    if env_file is not None:
        file = Path.cwd() / env_file
        written, faults = _read(file)
        if not faults:
            env.read_env(file, recurse=False)
    faults += _unknown({*os.environ, *written})

    with env.prefixed(PREFIX):
        values: dict[str, Any] = {
            "mongodb_uri": env.str("MONGODB_URI", "", validate=_is_mongodb_uri) or None,
            "database": env.str("DATABASE", "ticketing", validate=Length(min=1, max=63)),
            "auth": env.str("AUTH", default_auth, validate=OneOf(["required", "open"])),
            "admin_second_factor": env.str(
                "ADMIN_SECOND_FACTOR", "optional", validate=OneOf(["optional", "required"])
            ),
            "timezone": env.str("TIMEZONE", "UTC", validate=_is_timezone),
            "max_body_bytes": env.int("MAX_BODY_BYTES", 65_536, validate=Range(min=1024)),
            "max_tickets_per_booking": env.int(
                "MAX_TICKETS_PER_BOOKING", 10, validate=Range(min=1, max=1_000_000)
            ),
            "transfer_hours": env.int("TRANSFER_HOURS", 72, validate=Range(min=1, max=8_760)),
            "idle_customer_days": env.int("IDLE_CUSTOMER_DAYS", 0, validate=_is_period),
            "verify_at": env.str("VERIFY_AT", "", validate=_is_time_or_nothing),
            "host": env.str("HOST", "127.0.0.1", validate=Length(min=1)),
            "port": env.int("PORT", 8000, validate=Range(min=1, max=65_535)),
            "workers": env.int("WORKERS", 2, validate=Range(min=1, max=64)),
            "threads": env.int("THREADS", 32, validate=Range(min=1, max=512)),
            "pin_workers": env.bool("PIN_WORKERS", True),
            "graceful_timeout_s": env.int("GRACEFUL_TIMEOUT_S", 15, validate=Range(min=1)),
            "group_size": env.int("GROUP_SIZE", 128, validate=Range(min=1, max=256)),
            "request_timeout_s": env.float(
                "REQUEST_TIMEOUT_S", 9.0, validate=Range(min=1, max=120)
            ),
            "lane_wait_s": env.float("LANE_WAIT_S", 4.0, validate=Range(min=0.1, max=60)),
            "commit_timeout_s": env.float("COMMIT_TIMEOUT_S", 8.0, validate=Range(min=1, max=60)),
            "log_level": env.str(
                "LOG_LEVEL", "info", validate=OneOf(["debug", "info", "warning", "error"])
            ),
            "log_format": env.str("LOG_FORMAT", "auto", validate=OneOf(["auto", "json", "text"])),
            "token_lifetime_s": env.int(
                "TOKEN_LIFETIME_S", 3600, validate=Range(min=60, max=86_400 * 30)
            ),
            "trusted_proxies": env.int("TRUSTED_PROXIES", 0, validate=Range(min=0, max=10)),
            "rate_limit_uri": env.str("RATE_LIMIT_URI", "", validate=_is_mongodb_uri) or None,
            "mail_uri": env.str("MAIL_URI", "", validate=_is_mail_uri) or None,
            "mail_from": env.str("MAIL_FROM", "", validate=_is_address_or_nothing),
            "public_url": env.str("PUBLIC_URL", "", validate=_is_url) or None,
            "cors_origins": env.list("CORS_ORIGINS", [], validate=_are_origins),
            "venue_name": env.str("VENUE_NAME", "Ticket office", validate=_is_name),
            "accent": env.str("ACCENT", "#ffc729", validate=_is_accent),
            "currency": env.str("CURRENCY", "EUR", validate=_is_currency),
            "session_lifetime_s": env.int(
                "SESSION_LIFETIME_S", 43_200, validate=Range(min=60, max=86_400 * 30)
            ),
            "metrics_key": env.str("METRICS_KEY", "", validate=_is_scrape_key) or None,
        }
        keys = env.str("SECRET_KEY", ""), env.str("SECRET_KEY_PREVIOUS", "")
        rates = {
            "reads": env.str("RATE_READS", "", validate=_is_rate),
            "writes": env.str("RATE_WRITES", "", validate=_is_rate),
            "tokens": env.str("RATE_TOKENS", "", validate=_is_rate),
            "registration": env.str("RATE_REGISTRATION", "", validate=_is_rate),
        }
    try:
        env.seal()
    except environs.EnvValidationError as error:
        faults += _told(error)
    if faults:
        raise SettingsError(_all(faults))

    _refuse_a_key_that_is_only_previous(*keys)
    settings = Settings(
        **{
            **values,
            "timezone": ZoneInfo(values["timezone"]),
            "verify_at": time.fromisoformat(values["verify_at"]) if values["verify_at"] else None,
            "secret_keys": tuple(key for key in keys if key),
            "cors_origins": _origins(values["cors_origins"]),
            "accent": values["accent"].lower(),
            "rates": {name: _rate(name, text, values["auth"]) for name, text in rates.items()},
        }
    )
    _refuse_unsafe(settings)
    _refuse_disorder(settings)
    return _with_sender(settings)


def is_loopback(host: str) -> bool:
    """Return whether a server on this address can be reached from its own machine only."""
    if host.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def authority(host: str, port: int) -> str:
    """Write an address as it stands in a URL; that of IPv6 is in brackets."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def _read(file: Path) -> tuple[set[str], list[str]]:
    """Return the names that stand in the file, and its lines that would be passed over."""
    try:
        bindings = list(parse_stream(io.StringIO(file.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return set(), []
    except (OSError, ValueError) as error:
        return set(), [f"{file} can't be read: {error}"]
    faulty = [b for b in bindings if b.error or (b.key and b.value is None)]
    return (
        {binding.key for binding in bindings if binding.key},
        [f"{file}, line {binding.original.line}: not NAME=value" for binding in faulty],
    )


def _unknown(names: set[str]) -> Iterator[str]:
    """Name what looks like a setting and is none: a slip of the pen would go unnoticed."""
    known = {PREFIX + name for name in NAMES}
    for name in sorted(names - known):
        if name.upper().startswith(PREFIX.rstrip("_")):
            near = difflib.get_close_matches(name.upper(), known, n=1)
            told = f"did you mean {near[0]}?" if near else "docs/configuration.md lists them all."
            yield f"{name}: there is no such setting; {told}"


def _refuse_disorder(settings: Settings) -> None:
    """Whoever is further in gives up first, so that the answer still finds somebody to hear it."""
    faults = []
    for inner, may_be_equal, outer, why in _ORDER:
        one, other = getattr(settings, inner), getattr(settings, outer)
        if one > other or (one == other and not may_be_equal):
            faults.append(
                f"{PREFIX}{inner.upper()} ({one:g}) has to be "
                f"{'at most' if may_be_equal else 'less than'} "
                f"{PREFIX}{outer.upper()} ({other:g}): {why}."
            )
    if faults:
        raise SettingsError(_all(faults))


def _with_sender(settings: Settings) -> Settings:
    """Return the settings with who mail is from; raises SettingsError where nobody can know."""
    if settings.mail_uri is None:
        return settings
    if settings.public_url is None:
        raise SettingsError(
            "TICKETING_MAIL_URI is set, but TICKETING_PUBLIC_URL is not, and mail has links: set "
            "it to where people find the service, such as https://tickets.example.org."
        )
    host = urlsplit(settings.public_url).hostname
    return replace(
        settings,
        public_url=settings.public_url.rstrip("/"),
        mail_from=settings.mail_from or f"tickets@{host}",
    )


def _refuse_a_key_that_is_only_previous(key: str, previous: str) -> None:
    if previous and not key:
        raise SettingsError(
            "TICKETING_SECRET_KEY_PREVIOUS is set, but TICKETING_SECRET_KEY is not: new tokens are "
            "signed with that one."
        )


def _refuse_unsafe(settings: Settings) -> None:
    if settings.auth == "required":
        _refuse_weak_keys(settings.secret_keys)
    elif settings.admin_second_factor == "required":
        raise SettingsError(
            "TICKETING_ADMIN_SECOND_FACTOR=required asks administrators for a code at sign-in, but "
            "in TICKETING_AUTH=open nobody signs in: set one of them otherwise."
        )
    elif not is_loopback(settings.host):
        raise SettingsError(
            f"TICKETING_AUTH=open makes everybody an administrator, so the service only listens "
            f"on loopback then: TICKETING_HOST is {settings.host}, set it to 127.0.0.1."
        )


def _refuse_weak_keys(keys: tuple[str, ...]) -> None:
    how = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if not keys:
        raise SettingsError(
            f"TICKETING_SECRET_KEY is not set, and tokens are signed with it: {how} "
            "(or set TICKETING_AUTH=open to try the service out on this machine alone)."
        )
    for key in keys:
        if len(key.encode()) < SHORTEST_KEY:
            raise SettingsError(f"TICKETING_SECRET_KEY has fewer than {SHORTEST_KEY} bytes: {how}.")
        if key in EXAMPLE_KEYS or len(set(key)) < 8:
            raise SettingsError(f"TICKETING_SECRET_KEY is an example, not a secret: {how}.")


def _is_scrape_key(text: str) -> None:
    if text and not (text.isascii() and text.isprintable() and " " not in text):
        raise ValidationError("A bearer token is printable ASCII without blanks.")
    if text and len(text) < SHORTEST_KEY:
        raise ValidationError(f"It has fewer than {SHORTEST_KEY} characters.")


def _is_rate(text: str) -> None:
    if text in ("", "off"):
        return
    try:
        rates = limits.parse_many(text)
    except ValueError:
        rates = []
    if len(rates) != 1:
        raise ValidationError("Not a rate such as '300 per minute', nor 'off'.")
    if not 1 <= rates[0].amount <= _MOST_REQUESTS or not 1 <= rates[0].get_expiry() <= _YEAR_S:
        raise ValidationError(f"A rate is 1 to {_MOST_REQUESTS:,} in a second to a year.")


def _rate(name: str, text: str, auth: str) -> RateLimitItem | None:
    """Read a rate; where none is set there is one only if users have to sign in."""
    if text == "off" or (not text and auth == "open"):
        return None
    return limits.parse(text or DEFAULT_RATES[name])


def _is_mongodb_uri(text: str) -> None:
    """Refuse what the driver can't read, in words of our own: the text may hold a password."""
    if text.startswith("mongodb+srv://") or not text:
        return
    try:
        parse_uri(text, validate=True)
    except (PyMongoError, ValueError):
        raise ValidationError(
            "Not a MongoDB URI such as mongodb://db1,db2,db3/?replicaSet=rs0, in which the user's "
            "name and password are percent-encoded."
        ) from None


def _are_origins(texts: list[str]) -> None:
    wrong = [text for text in texts if text.strip() and not _origin(text)]
    if wrong:
        raise ValidationError(
            f"Not an origin such as https://shop.example.org: {', '.join(wrong)}. An origin is "
            "http or https, a host and perhaps a port, written out: no path, no pattern."
        )


def _origins(texts: list[str]) -> tuple[str, ...]:
    """Write origins as browsers do, each once."""
    return tuple(dict.fromkeys(origin for text in texts if (origin := _origin(text))))


def _origin(text: str) -> str | None:
    """Write an origin as browsers do (RFC 6454, 6.2), without the port that goes without saying."""
    found = _ORIGIN.fullmatch(text.strip().lower())
    if found is None:
        return None
    scheme, host, port = found["scheme"], _host(found["host"]), found["port"]
    if host is None or (port and not 1 <= int(port) <= 65_535):
        return None
    told = port and int(port) != _PORTS[scheme]
    return f"{scheme}://{host}:{int(port)}" if told else f"{scheme}://{host}"


def _host(text: str) -> str | None:
    """Write a host as browsers do; None for one that they would never send."""
    try:
        if text.startswith("["):
            return f"[{ipaddress.IPv6Address(text[1:-1])}]"
        # What ends in a number is an address to browsers, or nothing.
        if text.rpartition(".")[2].isdecimal():
            return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None
    return text if len(text) <= _LONGEST_HOST else None


def _is_period(days: int) -> None:
    if days != 0 and not 30 <= days <= 36_500:
        raise ValidationError("Days: 30 to 36,500, or 0 for ever.")


def _is_name(text: str) -> None:
    if not 1 <= len(text.strip()) <= 80 or not text.isprintable():
        raise ValidationError("Not a name of 1 to 80 printable characters.")


def _is_accent(text: str) -> None:
    if not _ACCENT.fullmatch(text):
        raise ValidationError("Not a colour such as #ffc729: a hash and six hexadecimal digits.")


def _is_currency(code: str) -> None:
    """Refuse what has no hundredths: money is counted in them."""
    if code not in list_currencies():
        raise ValidationError("Not a currency of ISO 4217 such as EUR.")
    if get_currency_precision(code) != 2:
        raise ValidationError("Not a currency that has two decimals.")


def _is_mail_uri(text: str) -> None:
    """Refuse what names no mail server, in words of our own: the text may hold a password."""
    try:
        uri = urlsplit(text)
        good = uri.scheme in ("smtp", "smtps") and uri.hostname and uri.port != 0
        rest = uri.path.strip("/") or uri.query or uri.fragment
    except ValueError:
        good, rest = False, ""
    if text and (not good or rest):
        raise ValidationError(
            "Not a mail server such as smtp://mail.example.org:587 or "
            "smtps://name:password@mail.example.org, name and password percent-encoded."
        )


def _is_address_or_nothing(text: str) -> None:
    if text and not _ADDRESS.fullmatch(text):
        raise ValidationError("Not an address such as tickets@example.org.")


def _is_time_or_nothing(text: str) -> None:
    if text and not _TIME_OF_DAY.fullmatch(text):
        raise ValidationError("Not a time of day such as 03:30.")


def _is_url(text: str) -> None:
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        good = False
    if text and (not good or "?" in text or "#" in text or " " in text):
        raise ValidationError("Not a URL such as https://tickets.example.org.")


def _is_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError("Not a time zone such as Europe/Berlin.") from None


def _told(error: environs.EnvValidationError) -> list[str]:
    messages = error.error_messages
    assert isinstance(messages, Mapping)
    return [f"{variable}: {' '.join(found)}" for variable, found in messages.items()]


def _all(faults: list[str]) -> str:
    return "Some settings are wrong.\n" + "\n".join(f"  {fault}" for fault in faults)
