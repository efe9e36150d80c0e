"""Whatever anybody sends, wherever: a clear 4xx or a plain answer, and never a 500.

The routes, their parameters, headers and fields are taken from the OpenAPI document, so that none
is forgotten; the client holds each answer against it (`tests.api.documented`).
"""

from __future__ import annotations

import base64
import json

import pytest

from tests.api.conftest import GALA, refused
from tests.api.documented import document_of
from tests.api.test_story import BODIES

# As WSGI hands them on: each character is a byte.
BYTES = {
    "no utf-8": "caf\xe9",
    "a byte that utf-8 never has": "\xff",
    "half a surrogate": "\xed\xa0\x80",
    "a surrogate pair in utf-8": "\xed\xa0\xbd\xed\xb8\x80",
    "an overlong slash": "\xc0\xaf",
    "beyond unicode": "\xf4\x90\x80\x80",
    "cut short": "\xf0\x9f\x98",
}
TEXTS = {
    "nothing": "",
    "a null": "a\x00b",
    "a line feed": "a\r\nX-Evil: 1",
    "a delete": "\x7f",
    "a blank": " ",
    "an operator": "$where",
    "a path": "a.b.$c",
    "JSON": '{"$gt":""}',
    "a per cent": "%",
    "dots": "..",
    "markup": "<script>",
    "not a number": "NaN",
    "2^63": str(2**63),
    "less than -2^63": str(-(2**63) - 1),
    "many digits": "9" * 400,
    "long": "x" * 3000,
    "astral": "\U0001f3ab".encode().decode("latin-1"),
    "a noncharacter": "\uffff".encode().decode("latin-1"),
    "right to left": "\u202e".encode().decode("latin-1"),
}


def percent(text: str) -> str:
    return "".join(f"%{ord(character):02x}" for character in text)


def cursor_of(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


CURSORS = {
    "half a surrogate": cursor_of('[null,"\\ud800"]'),
    "half a surrogate alone": cursor_of('["\\ud800"]'),
    "half a surrogate as a day": cursor_of('["\\udc00","a"]'),
    "surrogates in utf-8": cursor_of(b'["\xed\xa0\x80"]'),
    "no utf-8": cursor_of(b'["\xff"]'),
    "utf-16": cursor_of('["a"]'.encode("utf-16")),
    "2^63": cursor_of(f"[{2**63}]"),
    "-2^63 - 1": cursor_of(f"[{-(2**63) - 1}]"),
    "minus one": cursor_of("[-1]"),
    "a long number": cursor_of("[" + "9" * 5000 + "]"),
    "true": cursor_of("[true]"),
    "a float": cursor_of("[1.0]"),
    "an exponent": cursor_of("[1e400]"),
    "NaN": cursor_of("[NaN]"),
    "null": cursor_of("[null]"),
    "nulls": cursor_of("[null,null]"),
    "null itself": cursor_of("null"),
    "nothing": "",
    "an empty list": cursor_of("[]"),
    "too many": cursor_of('["a","b","c"]'),
    "a list in it": cursor_of('[["a"]]'),
    "an object": cursor_of('{"$gt":""}'),
    "an operator": cursor_of('[{"$gt":""}]'),
    "deep": cursor_of("[" * 3000 + "]" * 3000),
    "a day that is none": cursor_of('["2024-02-30","a"]'),
    "no base64": "&&&",
    "half of base64": "A",
    "base64 of another alphabet": "W+/=",
    "a word": "next",
    "padding": "====",
    "not ASCII": "caf\u00e9",
}


# JSON texts, as they stand.
VALUES = {
    "a null in a text": '"a\\u0000b"',
    "half a surrogate": '"\\ud800"',
    "a noncharacter": '"\\uffff"',
    "right to left": '"\\u202e"',
    "markup": '"<script>"',
    "an operator": '{"$gt": ""}',
    "a list": '["a"]',
    "nothing": "null",
    "true": "true",
    "an empty text": '""',
    "a long text": json.dumps("x" * 30_000),
    "2^31": str(2**31),
    "2^63": str(2**63),
    "-2^63 - 1": str(-(2**63) - 1),
    "40 digits": "9" * 40,
    "minus nothing": "-0",
    "a float of minus nothing": "-0.0",
    "a fraction": "0.1",
    "nothing, large": "0e999999",
    "nothing, small": "0E-999999",
    "large": "1e999999",
    "small": "1e-999999",
    "larger than any decimal": "1e9999999999999999999",
    "a day of the year 0": '"0000-01-01"',
    "29 February": '"2023-02-29"',
    "a day with a null": '"2024-01-01\\u0000"',
    "an address with a null": '"a\\u0000@example.org"',
    "an address beyond ASCII": '"\u00e4@\u00e4.example"',
}

# Headers that a view looks at, and those that are looked at before one.
OF_VIEWS = ("Idempotency-Key", "If-Match", "If-None-Match")
OF_ALL = (
    "X-Request-ID", "Authorization", "Host", "Cookie", "Content-Type", "Content-Length",
    "X-Forwarded-For", "X-Forwarded-Proto", "Upgrade", "Connection", "Range", "If-Range",
    "Accept", "Expect", "Origin",
)  # fmt: skip
HEADER_VALUES = {
    **BYTES,
    **{name: text for name, text in TEXTS.items() if not set(text) & set("\r\n\x00")},
    "a list": "a, b, c",
    "quotes": '"""',
    "a weak tag": 'W/"',
    "stars": "*, *",
    "parameters": "a;b=c;charset*=utf-8''%ff;q=x",
    "an open bracket": "[::1",
    "a port": "a:99999999",
    "a number below nothing": "-1",
}

BASICS = {
    "no utf-8": b"\xff:\xff",
    "half a surrogate": b"\xed\xa0\x80:x",
    "a null": b"a\x00b@example.org:pass\x00word",
    "no colon": b"ada",
    "nothing": b"",
    "only a colon": b":",
    "long": b"x" * 5000 + b":" + b"y" * 5000,
    "an operator": b'{"$gt":""}:{"$gt":""}',
}
AUTHORIZATIONS = {
    **{name: "Basic " + base64.b64encode(pair).decode() for name, pair in BASICS.items()},
    **{f"Bearer {name}": f"Bearer {value}" for name, value in HEADER_VALUES.items()},
    **{f"Basic {name}": f"Basic {value}" for name, value in HEADER_VALUES.items()},
    **{f"Digest {name}": f"Digest {value}" for name, value in HEADER_VALUES.items()},
    "a token whose head is no JSON": "Bearer " + ".".join([cursor_of("{"), cursor_of("{}"), "x"]),
    "a token whose head is deep": "Bearer " + ".".join([cursor_of("[" * 3000), "e30", "x"]),
    "a token whose head is a list": "Bearer " + ".".join([cursor_of("[]"), "e30", "x"]),
    "a token by no algorithm": "Bearer " + ".".join([cursor_of('{"alg":"none"}'), "e30", ""]),
    "a token by an odd algorithm": "Bearer " + ".".join([cursor_of('{"alg":{}}'), "e30", "x"]),
    "a token whose head is no utf-8": "Bearer " + ".".join([cursor_of(b"\xff"), "e30", "x"]),
}


@pytest.fixture
def document(api):
    return document_of(api.application)


def operations(document):
    """Give each operation with what is asked of it where nothing goes by its names."""
    for name, said in document.operations():
        yield name, *name.split(" "), said


def ask(api, method, path, body=None, headers=None, **environ):
    """Ask with a WSGI environment of the test's own: no client would send this."""
    return api.open(path, method=method, json=body, headers=headers, environ_overrides=environ)


def with_header(api, name, method, path, header, value):
    key = header if header.startswith("Content-") else f"HTTP_{header}"
    environ = {key.upper().replace("-", "_"): value}
    return ask(api, method, path.replace("{id}", "e1"), BODIES.get(name), **environ)


CODES = {"POST /api/v1/verifications/{id}", "POST /api/v1/password-resets/{id}"}


def test_finds_nothing_under_a_hostile_id(api, document):
    for name, method, path, said in operations(document):
        keyed = "Idempotency-Key" in document.parameters(name, "header")
        for number, (kind, text) in enumerate({**BYTES, **TEXTS}.items()):
            if "{id}" not in path or not text:
                continue
            hostile = path.replace("{id}", text)
            key = {"Idempotency-Key": f"{said['operationId']}-{number}"}
            for headers in ({}, key) if keyed else ({},):
                answer = ask(api, method, path, BODIES.get(name), headers, PATH_INFO=hostile)
                # Without mail there are no codes at all.
                expected = 409 if name in CODES else 404
                assert answer.status_code == expected, (name, kind, answer.data)


def test_finds_no_hostile_file_of_the_docs(api):
    for kind, text in {**BYTES, **TEXTS}.items():
        if text:
            answer = ask(api, "GET", "/docs/", PATH_INFO=f"/docs/{text}")
            assert answer.status_code == 404, (kind, answer.data)


def test_refuses_a_query_that_is_not_utf_8_everywhere(api, document):
    for name, method, path, _ in operations(document):
        parameters = document.parameters(name, "query") or {"unknown"}
        for text in BYTES.values():
            queries = [f"{parameter}={percent(text)}" for parameter in parameters]
            for query in (*queries, f"a={text}", f"{percent(text)}=1"):
                answer = ask(api, method, path, BODIES.get(name), QUERY_STRING=query)
                refused(answer, 400, "bad_request")


def test_reads_any_other_query_as_it_stands(api, document):
    event = api.post("/api/v1/events", json=GALA).json["id"]

    for name, method, path, _ in operations(document):
        for parameter in document.parameters(name, "query"):
            for kind, text in TEXTS.items():
                for query in (f"{parameter}={percent(text)}", f"{percent(text)}={parameter}"):
                    answer = ask(api, method, path.replace("{id}", event), QUERY_STRING=query)
                    assert answer.status_code in (200, 400), (name, parameter, kind)


def test_takes_no_cursor_that_is_not_its_own(api, document):
    event = api.post("/api/v1/events", json=GALA).json["id"]

    for name, method, path, _ in operations(document):
        if "cursor" in document.parameters(name, "query"):
            url = path.replace("{id}", event)
            for kind, cursor in CURSORS.items():
                answer = api.open(url, method=method, query_string={"cursor": cursor})
                assert answer.status_code == 400, (name, kind)
                assert answer.json["errors"].keys() == {"cursor"}, (name, kind)


def test_goes_on_from_its_own_cursors(api):
    """Whatever an id looks like: those of the briefs are of the caller's choice."""
    ids = {"1", "true", "-", "_", "null", "a" * 64, "9" * 30}
    for id_ in ids:
        api.post("/initialize", json={"id": id_, "name": "Gala", "capacity": 1})

    url, seen = "/api/v1/events?limit=1", []
    while url:
        page = api.get(url)
        seen += [event["id"] for event in page.json["items"]]
        url = page.headers.get("Link", "").partition(">")[0].removeprefix("<")

    assert seen == sorted(ids)


def test_takes_a_hostile_value_for_what_it_is(api, document):
    schemas = document.said["components"]["schemas"]
    for name, method, path, said in operations(document):
        if "requestBody" not in said:
            continue
        reference = said["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for field in schemas[reference.rpartition("/")[2]]["properties"]:
            for kind, value in VALUES.items():
                body = json.dumps({**BODIES.get(name, {}), field: "@"}).replace('"@"', value)
                answer = api.open(path, method=method, data=body, content_type="application/json")
                assert answer.status_code in (200, 201, 202, 400, 401, 403, 404, 409, 410), (
                    name, field, kind, answer.data,
                )  # fmt: skip


def test_takes_a_hostile_header_for_what_it_is(api, document):
    for name, method, path, _ in operations(document):
        for header in document.parameters(name, "header").intersection(OF_VIEWS):
            for kind, value in HEADER_VALUES.items():
                answer = with_header(api, name, method, path, header, value)
                assert answer.status_code < 500, (name, header, kind, answer.data)


def test_takes_a_hostile_header_anywhere(api):
    for name in ("GET /api/v1/events", "POST /book"):
        method, path = name.split(" ")
        for header in OF_ALL:
            for kind, value in HEADER_VALUES.items():
                answer = with_header(api, name, method, path, header, value)
                assert answer.status_code < 500, (name, header, kind, answer.data)


def test_lets_nobody_in_with_hostile_credentials(api_at):
    api, in_open_mode = api_at(auth="required"), api_at()
    for kind, value in AUTHORIZATIONS.items():
        for method, path in (("POST", "/api/v1/tokens"), ("GET", "/api/v1/users/me")):
            answer = ask(api, method, path, HTTP_AUTHORIZATION=value)
            assert answer.status_code == 401, (kind, answer.data)
        for path in ("/book", "/api/v1/transactions"):
            body = BODIES[f"POST {path}"]
            answer = ask(in_open_mode, "POST", path, body, HTTP_AUTHORIZATION=value)
            assert answer.status_code < 500, (kind, path, answer.data)


def test_takes_no_key_that_is_no_key(api, document):
    for name, method, path, _ in operations(document):
        if "Idempotency-Key" in document.parameters(name, "header"):
            answer = with_header(api, name, method, path, "Idempotency-Key", "caf\xe9")
            refused(answer, 400, "bad_request")
