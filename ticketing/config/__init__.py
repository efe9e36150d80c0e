"""Settings, read once from the environment and `.env`; all faults are reported at once.

`settings` declares each of them once, `loading` reads them by that, `rules` holds them together.
"""

from __future__ import annotations

from ticketing.config.addresses import authority, is_loopback
from ticketing.config.faults import SettingsError
from ticketing.config.loading import load
from ticketing.config.settings import NAMES, PREFIX, SIGN_IN_THREADS, Settings

__all__ = [
    "NAMES",
    "PREFIX",
    "SIGN_IN_THREADS",
    "Settings",
    "SettingsError",
    "authority",
    "is_loopback",
    "load",
]
