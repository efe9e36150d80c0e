"""A second factor: setting one up, and the codes that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields

from ticketing.api.schemas.fields import Text
from ticketing.api.schemas.inputs import Input

_LONGEST_CODE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Who begins: by the password, and by a code where there is a second factor already."""

    current_password: str = field(repr=False)
    code: str | None = field(default=None, repr=False)


class NewSecondFactor(Input[Enrolment]):
    """What shows that it is oneself who wants a second factor."""

    current_password = fields.String(required=True, data_key="currentPassword")
    code = Text(1, _LONGEST_CODE)


class Proposal(Schema):
    """What an authenticator needs: the secret in base32, and the same as an `otpauth` link."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class FirstCode(Input[str]):
    """The first code that an authenticator shows."""

    code = Text(1, _LONGEST_CODE, required=True)

    def value(self, data: dict[str, Any]) -> str:
        """Return the code."""
        return str(data["code"])


class RecoveryCodes(Schema):
    """Codes for a lost telephone, shown this once; each is good once."""

    codes = fields.List(fields.String(), required=True, data_key="recoveryCodes")


class SignIn(Input[str | None]):
    """The code beside the password, where the account has a second factor."""

    code = Text(1, _LONGEST_CODE)

    def value(self, data: dict[str, Any]) -> str | None:
        """Return the code, if there is one."""
        return data.get("code")


ENROLMENT = NewSecondFactor()
PROPOSAL = Proposal()
FIRST_CODE = FirstCode()
RECOVERY_CODES = RecoveryCodes()
SIGN_IN = SignIn()
