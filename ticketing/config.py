"""Settings, read once from the environment and `.env`; all faults are told at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import environs
from marshmallow import ValidationError
from marshmallow.validate import Length, OneOf, Range

PREFIX = "TICKETING_"


class SettingsError(Exception):
    """The settings don't allow a start; the text says what to set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `docs/configuration.md` explains each, by its variable."""

    mongodb_uri: str | None
    database: str
    auth: Literal["required", "open"]
    timezone: ZoneInfo
    max_body_bytes: int
    max_tickets_per_booking: int
    host: str
    port: int
    workers: int
    threads: int
    pin_workers: bool
    graceful_timeout_s: int
    group_size: int
    lane_wait_s: float
    commit_timeout_s: float
    log_level: str


def load(*, default_auth: Literal["required", "open"] = "required") -> Settings:
    """Read the settings; raises SettingsError that names every fault.

    The environment wins over the `.env` file in the current folder.
    """
    env = environs.Env(eager=False)
    env.read_env(Path.cwd() / ".env", recurse=False)

    with env.prefixed(PREFIX):
        values: dict[str, Any] = {
            "mongodb_uri": env.str("MONGODB_URI", None),
            "database": env.str("DATABASE", "ticketing", validate=Length(min=1, max=63)),
            "auth": env.str("AUTH", default_auth, validate=OneOf(["required", "open"])),
            "timezone": env.str("TIMEZONE", "UTC", validate=_is_timezone),
            "max_body_bytes": env.int("MAX_BODY_BYTES", 65_536, validate=Range(min=1024)),
            "max_tickets_per_booking": env.int(
                "MAX_TICKETS_PER_BOOKING", 10, validate=Range(min=1, max=1_000_000)
            ),
            "host": env.str("HOST", "127.0.0.1", validate=Length(min=1)),
            "port": env.int("PORT", 8000, validate=Range(min=1, max=65_535)),
            "workers": env.int("WORKERS", 2, validate=Range(min=1, max=64)),
            "threads": env.int("THREADS", 32, validate=Range(min=1, max=512)),
            "pin_workers": env.bool("PIN_WORKERS", True),
            "graceful_timeout_s": env.int("GRACEFUL_TIMEOUT_S", 15, validate=Range(min=1)),
            "group_size": env.int("GROUP_SIZE", 128, validate=Range(min=1, max=256)),
            "lane_wait_s": env.float("LANE_WAIT_S", 4.0, validate=Range(min=0.1, max=60)),
            "commit_timeout_s": env.float("COMMIT_TIMEOUT_S", 8.0, validate=Range(min=1, max=60)),
            "log_level": env.str(
                "LOG_LEVEL", "info", validate=OneOf(["debug", "info", "warning", "error"])
            ),
        }
    try:
        env.seal()
    except environs.EnvValidationError as error:
        raise SettingsError(_tell(error)) from None

    settings = Settings(**{**values, "timezone": ZoneInfo(values["timezone"])})
    _refuse_unsafe(settings)
    return settings


def is_loopback(host: str) -> bool:
    """Tell whether a server on this address can be reached from its own machine only."""
    if host.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _refuse_unsafe(settings: Settings) -> None:
    if settings.auth == "required":
        raise SettingsError(
            "TICKETING_AUTH=required needs users, which this version does not have yet: "
            "set TICKETING_AUTH=open to try the service out on this machine alone."
        )
    if not is_loopback(settings.host):
        raise SettingsError(
            f"TICKETING_AUTH=open makes everybody an administrator, so the service only listens "
            f"on loopback then: TICKETING_HOST is {settings.host}, set it to 127.0.0.1."
        )


def _is_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError("Not a time zone such as Europe/Berlin.") from None


def _tell(error: environs.EnvValidationError) -> str:
    messages = error.error_messages
    assert isinstance(messages, Mapping)
    faults = [f"{variable}: {' '.join(found)}" for variable, found in messages.items()]
    return "Some settings are wrong.\n" + "\n".join(f"  {fault}" for fault in faults)
