"""Days, times, money and numbers as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_currency, get_currency_symbol

from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.users import OPEN
from ticketing.domain.money import MINOR_PER_MAJOR

LOCALE = "en"

LEFT = "somebody who has left"
"""What a customer is called who has been forgotten."""

_DAYS = {
    "weekday": "EEE",
    "month": "MMM",
    "month_name": "MMMM",
    "month_year": "MMMM y",
    "short_month_year": "MMM y",
    "day_month": "d MMM",
    "short": "EEE d MMM",
    "middle": "EEE d MMMM",
    "plain": "d MMMM y",
    "no_year": "d MMMM",
    "title": "EEE d MMMM y",
    "long": "EEEE d MMMM y",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Writes for one venue: its currency, and the zone that its clocks show."""

    currency: str
    zone: tzinfo

    def money(self, minor: int) -> str:
        """Write an amount with its currency and both decimals."""
        return format_currency(_major(minor), self.currency, locale=LOCALE)

    def price(self, minor: int) -> str:
        """Write what a ticket costs."""
        return self.money(minor) if minor else "Free entry"

    @property
    def symbol(self) -> str:
        """The currency's sign."""
        return get_currency_symbol(self.currency, locale=LOCALE)

    def local(self, moment: datetime) -> datetime:
        """Return a moment as the venue's clocks show it."""
        return moment.astimezone(self.zone)

    def time(self, moment: datetime) -> str:
        """Write a moment of a day that is known, to the second."""
        return self.local(moment).strftime("%H:%M:%S")

    def moment(self, moment: datetime) -> str:
        """Write a moment with its day: `Sun 1 Nov, 10:00:03`."""
        return f"{day(self.local(moment).date())}, {self.time(moment)}"

    def machine(self, moment: datetime) -> str:
        """Write a moment for `datetime` of a `time` element."""
        return self.local(moment).isoformat(timespec="seconds")


def day(value: date, form: str = "short") -> str:
    """Write a day in one of the forms that the pages know."""
    return format_date(value, _DAYS[form], locale=LOCALE)


def month_day(name: str, form: str) -> str:
    """Write the month that is named `YYYY-MM`."""
    return day(date.fromisoformat(f"{name}-01"), form)


def plain_money(minor: int) -> str:
    """Write an amount as one types it: `12.50`."""
    return f"{_major(minor):.2f}"


def tickets(number: int) -> str:
    """Write how many tickets."""
    return counted(number, "ticket")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number of things."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def whole(number: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{number:,}"


def ordinal(number: int) -> str:
    """Write a place in a line: 1st, 2nd, 3rd, 11th."""
    last: Literal["st", "nd", "rd", "th"] = "th"
    if number % 100 not in (11, 12, 13):
        last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")  # type: ignore[assignment]
    return f"{number:,}{last}"


def name_of(customer: Customer | None) -> str:
    """Write a customer's name: the one place of the pages that knows where it stands."""
    return (customer.name or LEFT) if customer else ""


def called(actor: str | None, accounts: Mapping[str, str]) -> str:
    """Return how an actor of the audit is called: an account, an API key, or nobody any more."""
    kind, _, name = (actor or "").partition(":")
    if kind == OPEN.id:
        return name or "open mode"
    if kind == "key":
        return f"the key “{name}”"
    return accounts.get(actor or "", LEFT)


def _major(minor: int) -> float:
    return minor / MINOR_PER_MAJOR
