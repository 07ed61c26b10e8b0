"""The user as Basic credentials name it, and nothing of the password."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.resolvers.basic import LONGEST_CREDENTIALS, basic
from reduse.distro.sources.users.resolvers.header import header


def user_of(authorization: bytes) -> str | None:
    return basic(None)({"headers": [(b"accept", b"*/*"), (b"authorization", authorization)]})


def credentials(pair: bytes, scheme: bytes = b"Basic ") -> bytes:
    return scheme + base64.b64encode(pair)


@pytest.mark.parametrize("scheme", [b"Basic ", b"basic ", b"BASIC  "])
def test_the_name_is_the_user(scheme: bytes) -> None:
    assert user_of(credentials(b"ann:secret", scheme)) == "ann"
    assert user_of(credentials(b"ann:", scheme)) == "ann"
    assert user_of(credentials("žofie:secret".encode(), scheme)) == "žofie"


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Basic rubbish!",
        b"Basic YW5u=",
        credentials(b"ann"),
        credentials(b":secret"),
        credentials(b"ann:secret", b"Bearer "),
        credentials(b"a" * LONGEST_CREDENTIALS + b":secret"),
    ],
)
def test_what_is_not_as_it_should_be_names_nobody(authorization: bytes) -> None:
    assert user_of(authorization) is None


def test_without_the_header_there_is_nobody() -> None:
    assert basic(None)({}) is None


@given(st.text(min_size=1).filter(lambda name: ":" not in name), st.text(), st.text())
def test_another_password_is_the_same_user(name: str, password: str, other: str) -> None:
    """As `header:authorization` too, which takes the whole value of other schemes."""
    for resolve in (basic(None), header("Authorization")):
        users = {
            resolve({"headers": [(b"authorization", credentials(f"{name}:{each}".encode("utf-8", "replace")))]})
            for each in (password, other)
        }
        assert users == {name.encode("utf-8", "replace").decode()}
