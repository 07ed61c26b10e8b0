"""A claim of the token in a cookie or a header; and a word where the token itself would be the user."""

import json
import logging
from typing import Any

import pytest

from reduse.distro.sources.users.resolvers.registry import resolver_of
from tests.distro.sources.users.tokens import bearer


def token_of(**claims: Any) -> bytes:
    return bearer(json.dumps(claims).encode()).removeprefix(b"Bearer ")


@pytest.mark.parametrize("before", [b"", b"Bearer "])
def test_a_claim_of_the_token_in_a_cookie(before: bytes) -> None:
    cookies = b'theme=dark; session="' + before + token_of(sub="ann", user_id=7) + b'"'
    scope = {"headers": [(b"cookie", cookies)]}
    assert resolver_of("cookie:session:jwt:sub")(scope) == "ann"
    assert resolver_of("cookie: session : jwt : user_id")(scope) == "7"
    assert resolver_of("cookie:theme:jwt:sub")(scope) is None
    assert resolver_of("cookie:absent:jwt:sub")(scope) is None


def test_a_claim_of_the_token_in_a_header_and_a_claim_with_colons() -> None:
    scope = {"headers": [(b"x-token", token_of(**{"https://id.example/user": "ann"}))]}
    assert resolver_of("header:X-Token:jwt:https://id.example/user")(scope) == "ann"
    assert resolver_of("header:x-other:jwt:sub")(scope) is None


@pytest.mark.parametrize(
    ("specification", "headers"),
    [
        ("cookie:session", [(b"cookie", b"session=" + token_of(sub="ann"))]),
        ("cookie:session", [(b"cookie", b'session="Bearer ' + token_of(sub="ann") + b'"')]),
        ("cookie:session", [(b"cookie", b"session=eyJ1c2VyX2lkIjogMX0=.Zx1.sig")]),
        ("header:authorization", [(b"authorization", b"Bearer " + token_of(sub="ann"))]),
    ],
)
def test_signed_data_in_the_place_of_an_id_is_said_once(
    specification: str, headers: list[tuple[bytes, bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    resolve = resolver_of(specification)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert resolve({"headers": headers})
    (line,) = caplog.messages
    assert f"{specification}:jwt:sub" in line
    assert "sig" not in line.replace("signed", "")


def test_of_what_does_change_not_there_is_no_word(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert resolver_of("cookie:session")({"headers": [(b"cookie", b"session=0123456789")]})
        assert resolver_of("header:x-api-key")({"headers": [(b"x-api-key", b"key eye")]})
        assert resolver_of("cookie:session:jwt:sub")({"headers": [(b"cookie", b"session=" + token_of(sub="ann"))]})
    assert caplog.messages == []
