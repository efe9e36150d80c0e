"""What a page needs beside itself: style sheets, scripts and the icon, each under a hashed name.

A name changes with what is in the file, so a browser may keep it for ever, and a new version of the
service is never shown in an old one's clothes. The colours and the icon are written at the start,
from the accent that is set.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ticketing.web.presenters.accent import accent_of, icon, stylesheet

_STATIC = Path(__file__).with_name("static")

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, plain and packed."""

    name: str
    content_type: str
    content: bytes
    packed: bytes


class Assets:
    """All files, by the name that pages use and by the name that they are served under."""

    def __init__(self, accent: str) -> None:
        colours = accent_of(accent)
        files = {file.name: file.read_bytes() for file in sorted(_STATIC.iterdir())}
        files["theme.css"] = stylesheet(colours).encode()
        files["icon.svg"] = icon(colours).encode()
        self._assets = {name: _hashed(name, content) for name, content in files.items()}
        self.served: Mapping[str, Asset] = {asset.name: asset for asset in self._assets.values()}

    def hashed(self, name: str) -> str:
        """Return the name that a file is served under."""
        return self._assets[name].name


def _hashed(name: str, content: bytes) -> Asset:
    stem, suffix = Path(name).stem, Path(name).suffix
    digest = hashlib.sha256(content).hexdigest()[:12]
    packed = gzip.compress(content, mtime=0)
    return Asset(f"{stem}.{digest}{suffix}", _TYPES[suffix], content, packed)
