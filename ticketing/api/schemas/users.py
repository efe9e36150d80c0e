"""Users and tokens."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.fields import Email, Flag, Instant, Password
from ticketing.api.schemas.inputs import SomeFields
from ticketing.api.schemas.pages import Page
from ticketing.domain.identity.users import ROLES


class NewUser(Schema):
    """Who wants to sign in from now on."""

    email = Email(required=True)
    password = Password(required=True)


class UserChange(SomeFields):
    """What an administrator changes; at least one."""

    role = fields.String(validate=ma.validate.OneOf(ROLES))
    active = Flag()
    password = Password()


class OwnPassword(Schema):
    """A new password, by somebody who knows the current one."""

    current = fields.String(required=True, data_key="currentPassword")
    password = Password(required=True)


class User(Schema):
    """Somebody who can sign in."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.Function(
        lambda user: user.role.word, metadata={"type": "string", "enum": list(ROLES)}
    )
    active = fields.Boolean(required=True)
    created_at = Instant(required=True, data_key="createdAt")


class UserPage(Page):
    """Some users, and where to go on."""

    items = fields.List(fields.Nested(User), required=True)


class Token(Schema):
    """A token for `Authorization: Bearer`, good for so many seconds."""

    token = fields.String(required=True)
    token_type = fields.String(required=True, data_key="tokenType")
    expires_in = fields.Integer(required=True, data_key="expiresIn")


NEW_USER = NewUser()
USER_CHANGE = UserChange()
OWN_PASSWORD = OwnPassword()
USER = User()
USER_PAGE = UserPage()
TOKEN = Token()
