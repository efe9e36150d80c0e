"""The secrets of the MongoDB that `make run` brings, in its data folder, for its owner alone."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

USER = "ticketing"

# Who knows the key may do everything, as the nodes of a replica set among themselves.
_KEY = "mongodb-key"
_PASSWORD = "mongodb-password"  # noqa: S105 - a file's name

# mongod takes 6 to 1,024 characters of base64.
_KEY_BYTES = 96


def key_file(data: Path) -> Path:
    """Return the file with the node's own key, made where there is none."""
    return _ensure_written(data / _KEY, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())


def key(data: Path) -> str:
    """Return the node's own key."""
    return key_file(data).read_text().strip()


def password_file(data: Path) -> Path:
    """Return the file with the password of `USER`, made where there is none."""
    return _ensure_written(data / _PASSWORD, secrets.token_urlsafe(32))


def password(data: Path) -> str:
    """Return the password of `USER`."""
    return password_file(data).read_text().strip()


def _ensure_written(file: Path, secret: str) -> Path:
    """Write the secret unless the file holds one; nobody else may read it, also after a copy."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "r+", encoding="ascii") as opened:  # noqa: PTH123 - a descriptor
        os.fchmod(descriptor, 0o600)
        if not opened.read().strip():
            opened.seek(0)
            opened.write(f"{secret}\n")
    return file
