"""Which passwords are taken, and that one is one on every keyboard."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.errors import UnusablePassword
from ticketing.domain.identity.passwords import prepared, require_usable

ADDRESS = "ada.lovelace@m\u00fcnchen.example"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a long password",
        "my four black cats",
        "w\u00f6rter die es gibt",
        "Xk7#pQ2!vLm9",
        "ada likes her garden chairs",
        "\u05e9\u05dc\u05d5\u05dd \u05e2\u05dc\u05d9\u05db\u05dd 77",
        "\U0001f3ad curtain goes up",
        "x" + "y z" * 85,
    ],
)
def test_takes_what_is_hard_to_guess(password):
    require_usable(password, ADDRESS)


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "P@ssw0rd1234",
        "passwordpassword",
        "password1234" * 4,
        "qwertyuiop12",
        "1234567890123456",
        "aaaaaaaaaaaa",
        "x" * 256,
        "abcdefghijklmnop",
        "letmeinletmein",
        "iloveyou1234",
        "1q2w3e4r5t6y",
        "changeme1234",
        "administrator",
    ],
)
def test_refuses_what_is_tried_first(password):
    with pytest.raises(UnusablePassword) as refused:
        require_usable(password, ADDRESS)
    assert "guess" in refused.value.fault


@pytest.mark.parametrize(
    "password",
    [
        ADDRESS,
        ADDRESS.upper(),
        unicodedata.normalize("NFD", ADDRESS),
        "ada.lovelace1234",
        "Ada-Lovelace-1815",
        "adalovelaceadalovelace",
        "lovelace@m\u00fcnchen!",
        ADDRESS[::-1],
        "adalovelacem\u00fcnchenexample",
        "!! ada.lovelace !!",
    ],
)
def test_refuses_what_is_little_more_than_the_address(password):
    with pytest.raises(UnusablePassword):
        require_usable(password, ADDRESS)


@pytest.mark.parametrize("password", ["", "elevenchars", "x1 " * 86, "u\u0308" * 11])
def test_counts_characters_as_people_do(password):
    with pytest.raises(UnusablePassword) as refused:
        require_usable(password, ADDRESS)
    assert "between 12 and 256" in refused.value.fault


@pytest.mark.parametrize("password", ["correct\nhorse battery", "correct horse \ud800 battery"])
def test_refuses_what_no_keyboard_sends(password):
    with pytest.raises(UnusablePassword) as refused:
        require_usable(password, ADDRESS)
    assert "Control" in refused.value.fault


@given(st.text())
def test_is_one_password_on_every_keyboard(password):
    for form in ("NFC", "NFD"):
        assert prepared(unicodedata.normalize(form, password)) == prepared(password)
    assert prepared(password.replace(" ", "\u00a0")) == prepared(password)
    assert prepared(prepared(password)) == prepared(password)


@given(st.text(min_size=12, max_size=300), st.sampled_from([ADDRESS, "a@b.org", ""]))
def test_says_yes_or_why_not_of_any_password(password, address):
    try:
        require_usable(password, address)
    except UnusablePassword as fault:
        fault.fault.encode()
