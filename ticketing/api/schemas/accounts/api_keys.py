"""API keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.fields import Instant, KeyName
from ticketing.api.schemas.inputs import Input
from ticketing.api.schemas.pages import Page
from ticketing.domain.identity.api_keys import KEY_ROLES
from ticketing.domain.identity.users import Role, role_of

_ROLES = [role.word for role in KEY_ROLES]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that somebody wants."""

    name: str
    role: Role


class NewApiKeyInput(Input[NewApiKey]):
    """A key for a till, a door or a program."""

    name = KeyName(required=True)
    role = fields.String(required=True, validate=ma.validate.OneOf(_ROLES))

    def value(self, data: dict[str, Any]) -> NewApiKey:
        """Return what is wanted, with a role in place of its word."""
        return NewApiKey(name=data["name"], role=role_of(data["role"]))


class ApiKey(Schema):
    """A key, but for the key itself."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.Function(
        lambda key: key.role.word, metadata={"type": "string", "enum": list(_ROLES)}
    )
    prefix = fields.String(required=True)
    created_at = Instant(required=True, data_key="createdAt")
    created_by = fields.String(required=True, data_key="createdBy")
    last_used_at = Instant(required=True, allow_none=True, data_key="lastUsedAt")
    revoked_at = Instant(required=True, allow_none=True, data_key="revokedAt")
    revoked_by = fields.String(required=True, allow_none=True, data_key="revokedBy")


class MadeApiKey(ApiKey):
    """A key as it is shown once."""

    secret = fields.String(required=True, data_key="key")


class ApiKeyPage(Page):
    """Some keys, and where to go on."""

    items = fields.List(fields.Nested(ApiKey), required=True)


NEW_API_KEY = NewApiKeyInput()
MADE_API_KEY = MadeApiKey()
API_KEY_PAGE = ApiKeyPage()
