"""Every setting, declared once: how it is read, its default, its bounds, whether it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Literal
from zoneinfo import ZoneInfo

from limits import RateLimitItem
from marshmallow.validate import Length, Range

from ticketing.config import keys, origins, rates, values
from ticketing.config.declaring import (
    choice,
    declarations,
    flag,
    number,
    setting,
    setting_of,
    text,
    texts,
    whole,
)

PREFIX = "TICKETING_"

# Threads of a worker beside TICKETING_THREADS, for those who wait until their password is checked
# or refused: blocked they cost next to nothing, and those who buy keep theirs.
SIGN_IN_THREADS = 64

_MONTH_S = 86_400 * 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `docs/configuration.md` explains each, by its variable."""

    mongodb_uri: str | None = setting(
        text(validate=values.require_mongodb_uri), values.or_none, is_secret=True
    )
    database: str = setting(text("ticketing", Length(min=1, max=63)))
    auth: Literal["required", "open"] = setting(choice("required", ["required", "open"]))
    admin_second_factor: Literal["optional", "required"] = setting(
        choice("optional", ["optional", "required"])
    )
    timezone: ZoneInfo = setting(text("UTC", values.require_timezone), ZoneInfo)
    max_body_bytes: int = setting(whole(65_536, Range(min=1024)))
    max_tickets_per_booking: int = setting(whole(10, Range(min=1, max=1_000_000)))
    transfer_hours: int = setting(whole(72, Range(min=1, max=8_760)))
    idle_customer_days: int = setting(whole(0, values.require_period))
    verify_at: time | None = setting(text(validate=values.require_time), values.time_or_none)
    host: str = setting(text("127.0.0.1", Length(min=1)))
    port: int = setting(whole(8000, Range(min=1, max=65_535)))
    workers: int = setting(whole(2, Range(min=1, max=64)))
    threads: int = setting(whole(32, Range(min=1, max=512)))
    pin_workers: bool = setting(flag(default=True))
    graceful_timeout_s: int = setting(whole(15, Range(min=1)))
    group_size: int = setting(whole(128, Range(min=1, max=256)))
    request_timeout_s: float = setting(number(9.0, Range(min=1, max=120)))
    lane_wait_s: float = setting(number(4.0, Range(min=0.1, max=60)))
    commit_timeout_s: float = setting(number(8.0, Range(min=1, max=60)))
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        choice("info", ["debug", "info", "warning", "error"])
    )
    log_format: Literal["auto", "json", "text"] = setting(choice("auto", ["auto", "json", "text"]))
    secret_keys: tuple[str, ...] = setting_of(
        {"SECRET_KEY": text(), "SECRET_KEY_PREVIOUS": text()}, keys.signing_keys, is_secret=True
    )
    token_lifetime_s: int = setting(whole(3600, Range(min=60, max=_MONTH_S)))
    trusted_proxies: int = setting(whole(0, Range(min=0, max=10)))
    rate_limit_uri: str | None = setting(
        text(validate=values.require_mongodb_uri), values.or_none, is_secret=True
    )
    rates: Mapping[str, RateLimitItem | None] = setting_of(
        {variable: text(validate=rates.require_rate) for variable in rates.VARIABLES},
        rates.by_policy,
    )
    mail_uri: str | None = setting(
        text(validate=values.require_mail_uri), values.or_none, is_secret=True
    )
    mail_from: str = setting(text(validate=values.require_address))
    public_url: str | None = setting(text(validate=values.require_url), values.or_none)
    cors_origins: tuple[str, ...] = setting(texts(origins.require_origins), origins.normalized)
    venue_name: str = setting(text("Ticket office", values.require_name))
    accent: str = setting(text("#ffc729", values.require_accent), str.lower)
    currency: str = setting(text("EUR", values.require_currency))
    session_lifetime_s: int = setting(whole(43_200, Range(min=60, max=_MONTH_S)))
    metrics_key: str | None = setting(
        text(validate=keys.require_bearer_token), values.or_none, is_secret=True
    )


DECLARATIONS = declarations(Settings)

# Every variable but for its prefix.
NAMES = frozenset(variable for declared in DECLARATIONS.values() for variable in declared.reads)
