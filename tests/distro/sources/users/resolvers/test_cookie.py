"""The user as a cookie names it."""

from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection, cookie_parser

from reduse.distro.sources.users.resolvers.cookie import cookie

# RFC 6265, section 4.1.1: what a cookie's name and value are made of, without the backslash, which is in neither.
NAME_CHARACTERS = "abz09-_.!$"
VALUE_CHARACTERS = "abz09-_.!$=/:+()"

names = st.text(NAME_CHARACTERS, min_size=1, max_size=3)
octets = st.text(VALUE_CHARACTERS, max_size=6)
values = octets | octets.map('"{}"'.format)
pairs = st.tuples(names, values)


@pytest.mark.parametrize(
    ("cookies", "user"),
    [
        (b"session=ann", "ann"),
        (b"a=b; session=ann; c=d", "ann"),
        (b"a=b;session=ann;c=d", "ann"),
        (b'session="ann"', "ann"),
        (b"session = ann ", "ann"),
        (b"session=ann=bob==", "ann=bob=="),
        (b"session=ann; session=bob", "bob"),
        (b"session=ann; xsession=bob; sessions=eve", "ann"),
        (b"other=session=eve; session=ann; more=session", "ann"),
        (b"session=ann; other=;session", "ann"),
        (b"session=", None),
        (b"session", None),
        (b"Session=ann", None),
        (b"", None),
        (b";;;", None),
    ],
)
def test_the_value_of_the_named_cookie(cookies: bytes, user: str | None) -> None:
    assert cookie("session")({"headers": [(b"cookie", cookies)]}) == user


def test_cookies_may_be_spread_over_headers() -> None:
    headers = [(b"cookie", b"a=b"), (b"cookie", b"session=ann"), (b"cookie", b"c=d")]
    assert cookie("session")({"headers": headers}) == "ann"


def test_without_cookies_there_is_nobody() -> None:
    assert cookie("session")({"headers": [(b"x-session", b"session=ann")]}) is None
    assert cookie("session")({}) is None


@given(st.lists(st.lists(pairs, max_size=6), max_size=3), names)
def test_agrees_with_what_a_starlette_application_sees(spread: list[list[tuple[str, str]]], name: str) -> None:
    headers = [(b"cookie", "; ".join(map("=".join, header)).encode()) for header in spread]
    seen = HTTPConnection({"type": "http", "headers": headers}).cookies.get(name)
    assert cookie(name)({"headers": headers}) == (seen or None)


@given(st.text('a;= \t"', max_size=20))
def test_agrees_with_starlette_about_what_is_not_well_formed(cookies: str) -> None:
    seen = cookie_parser(cookies).get("a")
    assert cookie("a")({"headers": [(b"cookie", cookies.encode())]}) == (seen or None)


@given(st.lists(st.tuples(st.text("abc09-_", min_size=1, max_size=3), octets), max_size=6))
def test_agrees_with_the_standard_library(cookies: list[tuple[str, str]]) -> None:
    text = "; ".join(map("=".join, cookies))
    for name, morsel in SimpleCookie(text).items():
        assert cookie(name)({"headers": [(b"cookie", text.encode())]}) == (morsel.value or None)
