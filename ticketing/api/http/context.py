"""What the views work with, put together by `ticketing.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from flask import current_app
from werkzeug.local import LocalProxy

from ticketing.config import Settings
from ticketing.domain.identity.users import Principal
from ticketing.services.accounts.proofs import Proofs
from ticketing.services.rates import RateLimiter
from ticketing.services.shared_reads import SharedReads
from ticketing.services.signing_in.callers import Callers
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.second_factor import SecondFactors
from ticketing.services.signing_in.sign_in import SignIn
from ticketing.services.signing_in.tokens import Tokens
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Client, Database
from ticketing.storage.driver.fitness import Fitness

if TYPE_CHECKING:
    from ticketing.metrics import Metrics

KEY = "ticketing"
"""The attribute of the Flask application that has its context."""


@dataclass(frozen=True, slots=True)
class AppContext:
    """What one application works with; `clock` tells the time in UTC, in whole milliseconds.

    `tokens` are for the API, `sessions` are the same for the pages; `callers` and `visitors` know
    whom they are good for. There are no `proofs` where no mail is sent.
    """

    settings: Settings
    client: Client
    db: Database
    commands: CommandHandler
    reads: SharedReads
    clock: Callable[[], datetime]
    passwords: Passwords
    sign_in: SignIn
    tokens: Tokens
    sessions: Tokens
    callers: Callers
    visitors: Callers
    rates: RateLimiter
    fitness: Fitness
    proofs: Proofs | None
    second_factors: SecondFactors
    metrics: Metrics

    def has_to_enrol(self, asks: Principal | None) -> bool:
        """Return whether this is an administrator without the second factor that is required."""
        required = self.settings.admin_second_factor == "required"
        return required and asks is not None and asks.lacks_second_factor


app_context = cast(AppContext, LocalProxy(partial(getattr, current_app, KEY)))
"""That of the application which serves this request."""
