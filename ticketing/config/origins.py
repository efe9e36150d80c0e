"""Origins whose pages may ask the service, written as browsers write them (RFC 6454, 6.2)."""

from __future__ import annotations

import ipaddress
import re

from marshmallow import ValidationError

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?",
    re.ASCII,
)
_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253


def require_origins(texts: list[str]) -> None:
    """Refuse a list with anything else in it; what is empty is passed over."""
    wrong = [text for text in texts if text.strip() and not _origin(text)]
    if wrong:
        raise ValidationError(
            f"Not an origin such as https://shop.example.org: {', '.join(wrong)}. An origin is "
            "http or https, a host and perhaps a port, written out: no path, no pattern."
        )


def normalized(texts: list[str]) -> tuple[str, ...]:
    """Write origins as browsers do, each once."""
    return tuple(dict.fromkeys(origin for text in texts if (origin := _origin(text))))


def _origin(text: str) -> str | None:
    """Write an origin as browsers do, without the port that goes without saying.

    None for what is none.
    """
    found = _ORIGIN.fullmatch(text.strip().lower())
    if found is None:
        return None
    scheme, host, port = found["scheme"], _host(found["host"]), found["port"]
    if host is None or (port and not 1 <= int(port) <= 65_535):
        return None
    is_written = port and int(port) != _PORTS[scheme]
    return f"{scheme}://{host}:{int(port)}" if is_written else f"{scheme}://{host}"


def _host(text: str) -> str | None:
    """Write a host as browsers do; None for one that they would never send."""
    try:
        if text.startswith("["):
            return f"[{ipaddress.IPv6Address(text[1:-1])}]"
        # What ends in a number is an address to browsers, or nothing.
        if text.rpartition(".")[2].isdecimal():
            return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None
    return text if len(text) <= _LONGEST_HOST else None
