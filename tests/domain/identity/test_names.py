"""What people are called, and the key that it has, or why it has none."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.errors import UnusableName
from ticketing.domain.identity.names import (
    _SIMPLE_ADDRESS,
    _key_of,
    address_key,
    as_shown,
    canonical_key,
)

ADA = "address:ada@example.org"
MUNICH = "address:ada@xn--mnchen-3ya.example"
UE = "address:m\u00fcller@example.org"

# What is given, and its key.
KEYS = [
    # Addresses.
    ("ada@example.org", ADA),
    ("ADA@Example.ORG", ADA),
    ("  ada@example.org ", ADA),
    ("\u00a0ada@example.org\u3000", ADA),
    ("ada+gala@example.org", "address:ada+gala@example.org"),
    ("a.d.a@example.org", "address:a.d.a@example.org"),
    ("o'neil@example.org", "address:o'neil@example.org"),
    ("1@example.org", "address:1@example.org"),
    ("ada@localhost", "address:ada@localhost"),
    ("ada@office.local", "address:ada@office.local"),
    ("Postmaster@example.org", "address:postmaster@example.org"),
    # Letters that look alike in print, or were one letter once, are others.
    ("office@example.org", "address:office@example.org"),
    ("of\ufb01ce@example.org", "address:of\ufb01ce@example.org"),
    ("ada@wei\u00df.example", "address:ada@xn--wei-7ka.example"),
    ("ada@weiss.example", "address:ada@weiss.example"),
    ("wei\u00df@example.org", "address:wei\u00df@example.org"),
    ("WEI\u1e9e@example.org", "address:wei\u00df@example.org"),
    ("\u0430da@example.org", "address:\u0430da@example.org"),
    # One letter, composed or not, in capitals or not.
    ("m\u00fcller@example.org", UE),
    ("mu\u0308ller@example.org", UE),
    ("M\u00dcLLER@example.org", UE),
    ("MU\u0308LLER@example.org", UE),
    ("\u212bngstrom@example.org", "address:\u00e5ngstrom@example.org"),
    ("\u0130da@example.org", "address:i\u0307da@example.org"),
    # One domain.
    ("ada@m\u00fcnchen.example", MUNICH),
    ("ada@mu\u0308nchen.example", MUNICH),
    ("ada@M\u00dcNCHEN.example", MUNICH),
    ("ada@xn--mnchen-3ya.example", MUNICH),
    ("ada@XN--MNCHEN-3YA.EXAMPLE", MUNICH),
    ("ada@\uff45xample.org", ADA),
    ("ada@example\u3002org", ADA),
    # As long as it may be.
    ("a" * 64 + "@example.org", "address:" + "a" * 64 + "@example.org"),
    # Plain names.
    ("Ada", "name:Ada"),
    ("ada", "name:ada"),
    ("  Ada   Lovelace ", "name:Ada Lovelace"),
    ("Ada\u00a0Lovelace", "name:Ada Lovelace"),
    ("Ada\u2009\u3000Lovelace", "name:Ada Lovelace"),
    ("J\u00fcrgen", "name:J\u00fcrgen"),
    ("Ju\u0308rgen", "name:J\u00fcrgen"),
    ("of\ufb01ce", "name:of\ufb01ce"),
    ("1", "name:1"),
    ("007", "name:007"),
    ("-1", "name:-1"),
    ("user:1", "name:user:1"),
    ("name:Ada", "name:name:Ada"),
    ("the mayor (row 1)", "name:the mayor (row 1)"),
    ("L\u00b7L", "name:L\u00b7L"),
    ("\u05d0\u05d3\u05d4", "name:\u05d0\u05d3\u05d4"),
    ("\U0001f3ad", "name:\U0001f3ad"),
    ("x" * 254, "name:" + "x" * 254),
    ("u\u0308" * 254, "name:" + "\u00fc" * 254),
]

# What is given, and what the reason says.
REFUSALS = [
    ("", "blank"),
    (" \u00a0\u3000", "blank"),
    ("x" * 255, "254"),
    ("\u00fc" * 255, "254"),
    ("u\u0308" * 255, "254"),
    ("x" * 60_000, "254"),
    # What can't be seen.
    ("a\u200bda@example.org", "seen"),
    ("ada@exam\u00adple.org", "seen"),
    ("ad\u00ada@example.org", "seen"),
    ("\u202eada@example.org", "seen"),
    ("\u2066ada\u2069@example.org", "seen"),
    ("\ufeffada@example.org", "seen"),
    ("ada\u2060@example.org", "seen"),
    ("ada\u3164@example.org", "seen"),
    ("ada\ufe0f@example.org", "seen"),
    ("ada\u034f@example.org", "seen"),
    ("Ada\u200d", "seen"),
    ("Ada\U000e0041", "seen"),
    ("Ada\u2800", "seen"),
    ("Ada\tLovelace", "Control"),
    ("ada@example.org\n", "Control"),
    ("ada@example.org\x00", "Control"),
    ("Ada\x85", "Control"),
    ("Ada\u2028Lovelace", "Line breaks"),
    ("Ada\ud800", "Half"),
    ("ada\udfff@example.org", "Half"),
    ("Ada\ue000", "private"),
    ("Ada\u0378", "assigned"),
    # What is no address.
    ("ada\uff20example.org", "plain @"),
    ("ada\ufe6bexample.org", "plain @"),
    ("@", "before the @"),
    ("@example.org", "before the @"),
    ("ada@", "after the @"),
    ("ada@example", "no full stop"),
    ("ada@ example.org", "invalid characters"),
    ("a da@example.org", "invalid characters"),
    ("a\u00a0da@example.org", "invalid characters"),
    ("a@b@example.org", "invalid characters"),
    ("Ada <ada@example.org>", "display name"),
    ("ada@example.org.", "end with a period"),
    (".ada@example.org", "start with a period"),
    ("ada.@example.org", "period immediately before"),
    ("a..da@example.org", "two periods"),
    ("ada@example..org", "two periods"),
    ("ada@-example.org", "hyphen"),
    ("ada@exam_ple.org", "invalid characters"),
    ("ada@[127.0.0.1]", "bracketed"),
    ("ada@[IPv6:::1]", "bracketed"),
    ("ada@127.0.0.1", "number"),
    ("ada@\u2603.example", "invalid"),
    ("ada@xn--a.example", "IDNA"),
    ('"ada"@example.org', "quotes"),
    ('"a b"@example.org', "quotes"),
    ('"a:b"@example.org', "colon"),
    ("a:b@example.org", "invalid characters"),
    ("a" * 65 + "@example.org", "too long before"),
    ("ada@" + "b" * 64 + ".org", "separated by so many"),
    ("a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 60 + ".org", "254|too long"),
    ("\u00fc" * 64 + "@" + "b" * 60 + "." + "c" * 63 + ".org", "too long"),
]


@pytest.mark.parametrize(("given", "key"), KEYS, ids=ascii)
def test_makes_one_key_of_whatever_means_the_same(given, key):
    assert canonical_key(given) == key


@pytest.mark.parametrize(("given", "reason"), REFUSALS, ids=lambda text: ascii(text)[:60])
def test_refuses_with_a_reason_what_has_no_key(given, reason):
    with pytest.raises(UnusableName) as refused:
        canonical_key(given)

    assert re.search(reason, str(refused.value)), str(refused.value)
    str(refused.value).encode()  # an answer can carry it


@pytest.mark.parametrize("given", ["Ada", "1", ""])
def test_takes_an_address_only_where_one_is_needed(given):
    with pytest.raises(UnusableName):
        address_key(given)


def test_shows_a_name_as_it_was_given_but_for_what_nobody_sees():
    assert as_shown(" ADA@Mu\u0308nchen.example ") == "ADA@M\u00fcnchen.example"
    assert as_shown("Ada\u00a0 Lovelace") == "Ada Lovelace"


# Mostly what addresses are made of, and now and then anything at all.
COMMON = "aAbB@@.-_1 \u00fc\u00df\u0130\u03a3\u0308\ufb01\uff21\uff0e"
TEXTS = st.text(st.sampled_from(COMMON) | st.characters(), max_size=40)


@given(TEXTS)
def test_finds_the_key_again_in_any_spelling_of_it(text):
    try:
        key = canonical_key(text)
    except UnusableName:
        return

    rest = key.partition(":")[2]
    assert canonical_key(rest) == key
    for form in ("NFC", "NFD"):
        assert canonical_key(unicodedata.normalize(form, text)) == key
    assert canonical_key(as_shown(text)) == key
    assert unicodedata.is_normalized("NFC", key)


PARTS = st.lists(
    st.sampled_from(["a", "B", "1", "127", "a-b", "xn", "xn--a", "ab--cd", "x" * 64, "_", "+"]),
    min_size=1,
    max_size=4,
).map(".".join)


@given(PARTS, PARTS)
def test_takes_a_simple_address_as_the_library_does(local, domain):
    address = f"{local}@{domain}.org"
    if _SIMPLE_ADDRESS.fullmatch(address.lower()):
        assert canonical_key(address) == _key_of(address)
