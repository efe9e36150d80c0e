"""What people write into forms, and the sentence for what can't be taken.

The bounds and the reading of days and money are the domain's; what an account needs is what the
API asks for, by the same schema. Here are only the words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import marshmallow as ma
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import ValidationError

from ticketing.domain.calendar import parse_day
from ticketing.domain.commands.events import EventDetails
from ticketing.domain.errors import Invalid
from ticketing.domain.events import MAX_CAPACITY, MAX_PRICE, MAX_TEXT
from ticketing.domain.identity.api_keys import LONGEST_NAME
from ticketing.domain.money import to_minor
from ticketing.domain.texts import has_control_characters

_DIGITS = re.compile(r"[0-9]{1,9}")
_OWN_EMAIL = {"autocomplete": "email", "spellcheck": "false", "required": ""}
_NEW_PASSWORD = {
    "autocomplete": "new-password",
    "minlength": "12",
    "maxlength": "256",
    "required": "",
}
_CODE = {
    "autocomplete": "one-time-code",
    "spellcheck": "false",
    "maxlength": "64",
    "required": "",
}
_AMOUNT = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,9})?")


def whole_number(text: str | None, minimum: int, maximum: int) -> int | None:
    """Read a number in digits, thousands perhaps apart; None for anything else."""
    digits = (text or "").strip().replace(",", "").replace(" ", "")
    if not _DIGITS.fullmatch(digits) or not minimum <= int(digits) <= maximum:
        return None
    return int(digits)


class Form(FlaskForm):
    """A form of ours; where it comes from is looked at before it is read (`access`)."""

    class Meta:
        """How WTForms is told."""

        csrf = False


class SignInForm(Form):
    """An address and a password, as they are: whether they are right is not for the form to say."""

    email = EmailField(
        render_kw={"autocomplete": "username", "spellcheck": "false", "required": ""}
    )
    password = PasswordField(render_kw={"autocomplete": "current-password", "required": ""})


class AccountForm(Form):
    """A form whose fields an API schema reads; `words` are our sentences for what it says."""

    def read(self, schema: ma.Schema, names: Mapping[str, str]) -> Any:
        """Return what the schema makes of it, or None and an error at each field.

        `names` maps the schema's spelling of a field to the form's.
        """
        try:
            return schema.load(
                {outside: self[inside].data or "" for outside, inside in names.items()}
            )
        except ma.ValidationError as error:
            for outside, messages in error.messages_dict.items():
                field = self[names[outside]]
                field.errors = [_WORDS.get(field.name, str(messages[0]))]
            return None

    def blame(self, fault: Invalid) -> None:
        """Show what an account can't have beside its field."""
        self[fault.field].errors = [fault.fault]


class RegisterForm(AccountForm):
    """An address and a new password."""

    email = EmailField(render_kw=_OWN_EMAIL)
    password = PasswordField(render_kw=_NEW_PASSWORD)


class PasswordForm(AccountForm):
    """A new password, by somebody who knows the current one."""

    current = PasswordField(render_kw={"autocomplete": "current-password", "required": ""})
    password = PasswordField(render_kw=_NEW_PASSWORD)


class CodeForm(AccountForm):
    """A code of a second factor."""

    code = StringField(render_kw=_CODE)


class SecondFactorForm(AccountForm):
    """Who wants a second factor: a password, and a code where there is one already."""

    current = PasswordField(render_kw={"autocomplete": "current-password", "required": ""})
    code = StringField(render_kw=_CODE)


class ForgotForm(AccountForm):
    """Whose password is forgotten."""

    email = EmailField(render_kw=_OWN_EMAIL)


class ResetForm(AccountForm):
    """A password for an account whose address has been shown."""

    password = PasswordField(render_kw=_NEW_PASSWORD)


class KeyForm(AccountForm):
    """A key that an administrator wants: what it is for, and what it may do."""

    name = StringField(
        render_kw={"maxlength": str(LONGEST_NAME), "autocomplete": "off", "required": ""}
    )
    role = StringField()


_WORDS = {
    "name": f"Give it a name of 1 to {LONGEST_NAME} characters that can be seen.",
    "role": "Choose one of the roles.",
    "email": "Write an e-mail address, like ida@example.org.",
    "password": "Choose a password of 12 to 256 characters.",
    "code": "Write a code that your telephone shows, or one of the recovery codes.",
    "current": "Write the password that you have now.",
}


class EventForm(Form):
    """What an event needs, in the order in which one thinks; `details` once it is valid."""

    name = StringField(
        render_kw={"maxlength": str(MAX_TEXT), "autocomplete": "off", "required": ""}
    )
    date = StringField(render_kw={"autocomplete": "off", "required": ""})
    capacity = StringField(
        render_kw={"inputmode": "numeric", "autocomplete": "off", "required": ""}
    )
    costPerTicket = StringField(  # noqa: N815 - as the API calls it
        render_kw={"inputmode": "decimal", "autocomplete": "off", "required": ""}
    )
    venue = StringField(
        render_kw={"maxlength": str(MAX_TEXT), "autocomplete": "off", "list": "rooms"}
    )

    def details(self, *, needs_day: bool = True) -> EventDetails | None:
        """Return the event's details as the commands take them, or None and the errors.

        Only an event that has no day yet may stay without.
        """
        readers: Mapping[str, tuple[str, Callable[[str], object]]] = {
            "name": ("name", _name),
            "date": ("day", _day if needs_day else _day_or_none),
            "capacity": ("capacity", _capacity),
            "costPerTicket": ("price", _price),
            "venue": ("venue", _venue),
        }
        values: dict[str, object] = {}
        for field, (detail, read) in readers.items():
            try:
                values[detail] = read((self[field].data or "").strip())
            except ValidationError as fault:
                self[field].errors = [str(fault)]
        return None if self.errors else cast(EventDetails, values)

    @property
    def day(self) -> dt.date | None:
        """The day that is written there, if it is one."""
        try:
            return parse_day((self.date.data or "").strip())
        except ValueError:
            return None


def _name(text: str) -> str:
    if not text:
        raise ValidationError("Give it a name.")
    return _text(text)


def _venue(text: str) -> str | None:
    return _text(text) if text else None


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ValidationError(f"Make the name shorter: {MAX_TEXT} characters at most.")
    if has_control_characters(text):
        raise ValidationError("The name has a character that can’t be shown.")
    return text


def _day(text: str) -> dt.date:
    try:
        return parse_day(text)
    except ValueError:
        raise ValidationError("Write the day like 31/12/2026 or 2026-12-31.") from None


def _day_or_none(text: str) -> dt.date | None:
    return _day(text) if text else None


def _capacity(text: str) -> int:
    number = whole_number(text, 1, MAX_CAPACITY)
    if number is None:
        raise ValidationError(f"Write a whole number from 1 to {MAX_CAPACITY:,}.")
    return number


def _price(text: str) -> int:
    try:
        if not _AMOUNT.fullmatch(text):
            raise ValueError
        amount = Decimal(text.replace(",", "."))
        minor = to_minor(amount)
    except ValueError:
        raise ValidationError("Write the price with at most two decimals, like 12.50.") from None
    if amount > MAX_PRICE:
        raise ValidationError(f"At most {MAX_PRICE:,}.")
    return minor
