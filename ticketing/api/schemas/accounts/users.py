"""Users and tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.fields import Email, Flag, Instant, Password
from ticketing.api.schemas.inputs import Input, SomeFields
from ticketing.api.schemas.pages import Page, PageFields, PageRequest
from ticketing.domain.identity.account_changes import ACTIONS
from ticketing.domain.identity.users import ROLES, role_of
from ticketing.services.accounts.users import AccountUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What somebody wants to sign in with."""

    email: str
    password: str = field(repr=False)


class NewUser(Input[Registration]):
    """Who wants to sign in from now on."""

    email = Email(required=True)
    password = Password(required=True)


class UserChange(SomeFields, Input[AccountUpdate]):
    """What an administrator changes; at least one. Staff may say that an address is verified."""

    role = fields.String(validate=ma.validate.OneOf(ROLES))
    active = Flag()
    verified = Flag()
    password = Password()
    current_password = fields.String(data_key="currentPassword")

    @ma.validates_schema
    def _current_with_new(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "current_password" in data and "password" not in data:
            raise ma.ValidationError("Goes with a new password.", "currentPassword")

    def value(self, data: dict[str, Any]) -> AccountUpdate:
        """Return the update, with a role in place of its word."""
        role = role_of(data["role"]) if "role" in data else None
        return AccountUpdate(**{**data, "role": role})


class OwnChange(Input[AccountUpdate]):
    """A new password or address, by somebody who knows the current password."""

    current_password = fields.String(required=True, data_key="currentPassword")
    password = Password()
    email = Email()

    @ma.validates_schema
    def _require_something_new(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data.keys() & {"password", "email"}:
            raise ma.ValidationError("Nothing to change.")


class WhoForgot(Input[str]):
    """Whose password is forgotten."""

    email = Email(required=True)

    def value(self, data: dict[str, Any]) -> str:
        """Return the address."""
        return str(data["email"])


class ChosenPassword(Input[str]):
    """A password for an account whose address has been shown."""

    password = Password(required=True)

    def value(self, data: dict[str, Any]) -> str:
        """Return the password."""
        return str(data["password"])


class Sent(Schema):
    """What is answered alike, whether or not an address has an account."""

    email = fields.String(required=True)
    message = fields.String(required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPageRequest(PageRequest):
    """Which users to list: all, or those with an address."""

    email: str | None = None


class UserQuery(PageFields, Input[UserPageRequest]):
    """Which users to list."""

    email = Email()


class User(Schema):
    """Somebody who can sign in."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.Function(
        lambda user: user.role.word, metadata={"type": "string", "enum": list(ROLES)}
    )
    active = fields.Boolean(required=True)
    verified = fields.Boolean(required=True)
    second_factor = fields.Function(
        lambda user: bool(user.second_factor),
        data_key="secondFactor",
        metadata={"type": "boolean"},
    )
    created_at = Instant(required=True, data_key="createdAt")


class UserPage(Page):
    """Some users, and where to go on."""

    items = fields.List(fields.Nested(User), required=True)


_OUTSIDE = {"second_factor": "secondFactor"}


class AccountChanges(fields.Dict):
    """What an entry says has changed: `{field: [old, new]}`; a password has neither."""

    documented: ClassVar[dict[str, Any]] = {
        "type": "object",
        "additionalProperties": {
            "type": "array",
            "items": {"type": ["string", "boolean", "null"]},
            "minItems": 2,
            "maxItems": 2,
        },
    }

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return {_OUTSIDE.get(name, name): list(pair) for name, pair in value.items()}


class UserAuditEntry(Schema):
    """One change of one account."""

    sequence = fields.Integer(required=True)
    action = fields.String(required=True, metadata={"enum": list(ACTIONS)})
    changes = AccountChanges(required=True)
    actor = fields.String(required=True)
    at = Instant(required=True)
    request_id = fields.String(required=True, data_key="requestId")


class UserAuditPage(Page):
    """A part of what has been done to an account, and where to go on."""

    items = fields.List(fields.Nested(UserAuditEntry), required=True)


class Session(Schema):
    """Where somebody is signed in by a token."""

    id = fields.String(required=True)
    created_at = Instant(required=True, data_key="createdAt")
    expires_at = Instant(required=True, data_key="expiresAt")
    address = fields.String(
        required=True,
        metadata={"description": "The network address from which somebody signed in."},
    )
    agent = fields.String(
        required=True,
        metadata={"description": "What their program called itself (`User-Agent`)."},
    )


class SessionPage(Page):
    """Some sessions, and where to go on."""

    items = fields.List(fields.Nested(Session), required=True)


class Token(Schema):
    """A token for `Authorization: Bearer`, good for so many seconds."""

    token = fields.String(required=True)
    token_type = fields.String(required=True, data_key="tokenType")
    expires_in = fields.Integer(required=True, data_key="expiresIn")


NEW_USER = NewUser()
USER_CHANGE = UserChange()
OWN_CHANGE = OwnChange()
WHO_FORGOT = WhoForgot()
CHOSEN_PASSWORD = ChosenPassword()
SENT = Sent()
USER = User()
USER_QUERY = UserQuery()
USER_PAGE = UserPage()
SESSION_PAGE = SessionPage()
USER_AUDIT_PAGE = UserAuditPage()
TOKEN = Token()
