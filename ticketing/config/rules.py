"""What settings have to be together."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from ticketing.config.addresses import is_loopback
from ticketing.config.faults import SettingsError, all_of
from ticketing.config.keys import require_strong
from ticketing.config.settings import PREFIX, Settings

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


def refuse_unsafe(settings: Settings) -> None:
    """Raise SettingsError where strangers could do what is for users, or for administrators."""
    if settings.auth == "required":
        require_strong(settings.secret_keys)
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


def refuse_disorder(settings: Settings) -> None:
    """Raise SettingsError where whoever is further in would not give up first.

    Only then does an answer still find somebody to hear it.
    """
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
        raise all_of(faults)


def with_sender(settings: Settings) -> Settings:
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
