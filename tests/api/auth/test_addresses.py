"""One caller has one address, however a proxy writes it."""

from __future__ import annotations

import pytest

from tests.api.auth.test_rates import per_minute, reads
from tests.api.conftest import refused
from ticketing.api.auth.addresses import UNKNOWN, network_of

ALIASES = {
    "203.0.113.7": [
        "203.0.113.7",
        " 203.0.113.7 ",
        "203.0.113.7:51234",
        "203.0.113.7:",
        '"203.0.113.7"',
        "[203.0.113.7]:443",
        "::ffff:203.0.113.7",
        "::FFFF:cb00:7107",
        "[::ffff:203.0.113.7]",
        "[::ffff:203.0.113.7]:8080",
        "::ffff:203.0.113.7:8080",
        "::ffff:203.0.113.7%eth0",
    ],
    "2001:db8:1:2::/64": [
        "2001:db8:1:2::1",
        "2001:db8:1:2:ffff:ffff:ffff:ffff",
        "2001:DB8:1:2::1",
        "2001:0db8:0001:0002:0000:0000:0000:0001",
        "2001:db8:1:2::1%eth0",
        "[2001:db8:1:2::1]",
        "[2001:db8:1:2::1]:443",
        "[2001:db8:1:2::1%25eth0]:443",
        '"[2001:db8:1:2::1]:443"',
        "2001:db8:1:2:0:0:0:1:8080",
    ],
    "::/64": ["::1", "[::1]:80", "::"],
    "fe80::/64": ["fe80::1%eth0", "fe80::2%1"],
    UNKNOWN: [
        None,
        "",
        " ",
        "unknown",
        "_hidden",
        "localhost",
        "unix:",
        ":80",
        "[]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]x",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.007",
        "203.0.113.7:x",
        "203.0.113.7:80:80",
        "203.0.113.7/24",
        "0xcb007107",
        "3405803783",
        "\u0662\u0660\u0663.0.113.7",
        "1.1.1.1, 2.2.2.2",
        "x" * 8000,
        "%eth0",
        ":",
        "\x00",
    ],
}


@pytest.mark.parametrize(
    ("text", "network"), [(t, network) for network, texts in ALIASES.items() for t in texts]
)
def test_knows_a_network_by_any_spelling(text, network):
    assert network_of(text) == network


def test_tells_two_networks_apart():
    texts = ["203.0.113.7", "203.0.113.8", "2001:db8:1:2::1", "2001:db8:1:3::1", "::1"]

    assert len({network_of(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("network", ALIASES)
def test_counts_all_spellings_of_an_address_together(api_at, network):
    api = api_at(auth="required", rates=per_minute(reads=1), trusted_proxies=1)
    forwarded = [text for text in ALIASES[network] if text and text.isprintable()]
    forwarded = [text for text in forwarded if text.isascii() and "," not in text and text.strip()]

    statuses = [reads(api, text) for text in forwarded]

    assert statuses == [200] + [429] * (len(forwarded) - 1)
    refused(
        api.get("/api/v1/events", headers={"X-Forwarded-For": forwarded[0]}),
        429,
        "too_many_requests",
    )
