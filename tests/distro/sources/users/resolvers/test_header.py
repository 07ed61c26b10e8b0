"""The user as a header names it."""

from reduse.distro.sources.users.resolvers.header import header


def test_the_name_is_case_insensitive_and_the_first_value_counts() -> None:
    resolve = header("X-API-Key")
    assert resolve({"headers": [(b"x-other", b"eve"), (b"x-api-key", b"ann"), (b"x-api-key", b"bob")]}) == "ann"


def test_an_absent_or_empty_header_is_nobody() -> None:
    resolve = header("x-user")
    assert resolve({"headers": [(b"x-other", b"eve")]}) is None
    assert resolve({"headers": [(b"x-user", b"")]}) is None
    assert resolve({}) is None


def test_bytes_that_are_no_utf_8_stay_distinct() -> None:
    resolve = header("x-user")
    assert resolve({"headers": [(b"x-user", b"\xff")]}) != resolve({"headers": [(b"x-user", b"\xfe")]})
