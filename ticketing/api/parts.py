"""What the views work with, put together by `ticketing.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from ticketing.config import Settings
from ticketing.services.office import Office
from ticketing.services.passwords import Passwords
from ticketing.services.rates import Rates
from ticketing.services.sign_in import SignIn
from ticketing.services.tokens import Tokens
from ticketing.storage.clients import Client, Database
from ticketing.storage.fitness import Fitness

KEY = "ticketing"


@dataclass(frozen=True, slots=True)
class Parts:
    """One application's parts; `clock` tells the time in UTC, in whole milliseconds."""

    settings: Settings
    client: Client
    db: Database
    office: Office
    clock: Callable[[], datetime]
    passwords: Passwords
    sign_in: SignIn
    tokens: Tokens
    rates: Rates
    fitness: Fitness


def parts() -> Parts:
    """Return the parts of the application that serves this request."""
    found: Parts = current_app.extensions[KEY]
    return found
