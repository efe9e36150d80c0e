"""Where a request comes from, in one spelling: what failures and requests are counted by.

A proxy tells the address in `X-Forwarded-For` as it likes: with a port, in brackets, with the zone
of a link. Written otherwise, one caller would be counted as many.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from flask import request

# What is no address is counted together.
UNKNOWN = "unknown"

_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::[0-9]*)?")
_WITH_PORT = re.compile(r"(.*):[0-9]*")

# Whoever has one IPv6 address has all that begin alike: nobody is given less (RFC 6177).
_SITE_BITS = 64


def source() -> str:
    """Return where this request comes from, as far as trusted proxies tell it."""
    return network_of(request.remote_addr)


@lru_cache(maxsize=4096)
def network_of(text: str | None) -> str:
    """Return the IPv4 address or the IPv6 network that a text names, or UNKNOWN."""
    address = _address(text or "")
    if address is None:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address), _SITE_BITS), strict=False))
        address = address.ipv4_mapped
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = text.strip(' \t"')
    bracketed = _BRACKETED.fullmatch(text)
    with_port = _WITH_PORT.fullmatch(text)
    # An IPv6 address without brackets may end like a port, so it is tried whole first.
    for candidate in (bracketed[1] if bracketed else text, with_port[1] if with_port else ""):
        try:
            return ipaddress.ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
    return None
