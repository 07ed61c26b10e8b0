"""The user as a claim of the bearer token names it; the signature is not looked at."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.resolvers.jwt import (
    LONGEST_AUTHORIZATION,
    LONGEST_CACHED_AUTHORIZATION,
    LONGEST_CLAIM,
    claim_of,
    jwt,
)
from tests.distro.sources.users.tokens import bearer


def bearer_of(claims: Any) -> bytes:
    return bearer(json.dumps(claims).encode())


def user_of(authorization: bytes, claim: str = "sub") -> str | None:
    return jwt(claim)({"headers": [(b"accept", b"*/*"), (b"authorization", authorization)]})


def test_the_claim_is_the_user() -> None:
    assert user_of(bearer_of({"sub": "ann", "exp": 1})) == "ann"
    assert user_of(bearer_of({"https://id.example/user": "žofie"}), "https://id.example/user") == "žofie"
    assert user_of(bearer_of({"sub": "ann"}).replace(b"Bearer", b"bEARER")) == "ann"
    assert user_of(bearer(b'{"sub": "ann"}', signature=b"")) == "ann"


@pytest.mark.parametrize("scheme", [b"Token ", b"JWT ", b"DPoP  ", b"token ", b"x-own_scheme ", b""])
def test_any_scheme_and_none_will_do(scheme: bytes) -> None:
    assert user_of(bearer_of({"sub": "ann"}).replace(b"Bearer ", scheme)) == "ann"


def test_a_whole_number_is_the_same_user_as_its_text() -> None:
    assert user_of(bearer_of({"sub": 7})) == user_of(bearer_of({"sub": "7"})) == "7"
    assert user_of(bearer_of({"user_id": 0}), "user_id") == "0"
    assert user_of(bearer_of({"sub": 2**63})) == str(2**63)


def test_a_claim_within_a_claim() -> None:
    assert user_of(bearer_of({"user": {"id": 7}}), "user.id") == "7"
    assert user_of(bearer_of({"user.id": "ann", "user": {"id": 7}}), "user.id") == "ann"
    assert user_of(bearer_of({"user": "ann"}), "user.id") is None


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic YW5uOnNlY3JldA==",
        b"Bearer opaque-token",
        b"Bearer a.b",
        b"Bearer a.b.c.d.e",
        b"Bearer " + b"." * 1000,
        bearer(b""),
        bearer(b"{"),
        bearer(b"[]"),
        bearer(b'"sub"'),
        bearer(b"null"),
        bearer(b"\xff\xfe"),
        bearer(b"[" * 5000),
        bearer(b'{"sub":' * 800),
        bearer(b'{"sub": ' + b"9" * 5000 + b"}"),
        bearer_of({}),
        bearer_of({"sub": ""}),
        bearer_of({"sub": True}),
        bearer_of({"sub": False}),
        bearer_of({"sub": 7.0}),
        bearer_of({"sub": 10**LONGEST_CLAIM}),
        b"Bearer Bearer " + bearer_of({"sub": "ann"}).removeprefix(b"Bearer "),
        b"Be,arer " + bearer_of({"sub": "ann"}).removeprefix(b"Bearer "),
        bearer_of({"sub": None}),
        bearer_of({"sub": ["ann"]}),
        bearer_of({"SUB": "ann"}),
        bearer_of({"sub": "a" * (LONGEST_CLAIM + 1)}),
        bearer_of({"sub": "ann"}).replace(b".", b"=."),
        bearer_of({"sub": "ann", "more": "x" * LONGEST_AUTHORIZATION}),
        b"\xff\x00",
    ],
)
def test_what_is_not_as_it_should_be_names_nobody(authorization: bytes) -> None:
    assert user_of(authorization) is None


def test_a_token_in_the_standard_alphabet_is_refused() -> None:
    """RFC 7515, section 2: base64url only. An application that verifies would refuse it too."""
    token = bearer('{"sub": "ÿÿÿ"}'.encode())
    assert b"_" in token or b"-" in token
    assert user_of(token) == "ÿÿÿ"
    assert user_of(token.replace(b"_", b"/").replace(b"-", b"+")) is None


def test_without_the_header_there_is_nobody() -> None:
    assert jwt("sub")({"headers": [(b"x-authorization", bearer_of({"sub": "ann"}))]}) is None
    assert jwt("sub")({}) is None


def test_a_long_token_is_read_but_not_remembered_and_a_usual_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def reading(authorization: bytes, claim: str) -> str | None:
        read.append(authorization)
        return claim_of(authorization, claim)

    monkeypatch.setattr("reduse.distro.sources.users.resolvers.jwt.claim_of", reading)
    long, usual = bearer_of({"sub": "ann", "more": "x" * LONGEST_CACHED_AUTHORIZATION}), bearer_of({"sub": "bob"})
    resolve = jwt("sub")
    for authorization, user in ((long, "ann"), (usual, "bob")) * 3:
        assert resolve({"headers": [(b"authorization", authorization)]}) == user
    assert (read.count(long), read.count(usual)) == (3, 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["sub", "user", "exp"]), json_values) | json_values, st.booleans())
def test_agrees_with_a_straightforward_decoding(claims: Any, ascii_only: bool) -> None:
    authorization = bearer(json.dumps(claims, ensure_ascii=ascii_only).encode("utf-8", "replace"))
    payload = authorization.split(b".")[1].decode()
    decoded = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    expected = decoded.get("sub") if isinstance(decoded, dict) else None
    named = isinstance(expected, str | int) and not isinstance(expected, bool) and expected != ""
    assert user_of(authorization) == (str(expected) if named else None)
