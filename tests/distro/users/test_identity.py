"""Who the user is: authentication middleware first, then the header, else nobody."""

from typing import Any

import pytest
from starlette.authentication import BaseUser, SimpleUser, UnauthenticatedUser

from reduse.distro.users.identity import user_hash
from reduse.distro.users.pseudonym import pseudonym
from tests.distro.doubles import KEY, settings


class Numbered:
    identity = 7


def scope(user: Any = None, **headers: str) -> dict[str, Any]:
    values: dict[str, Any] = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    return values | ({"user": user} if user is not None else {})


@pytest.mark.parametrize(
    ("request_scope", "user"),
    [
        (scope(SimpleUser("ann")), "ann"),
        (scope(Numbered()), "7"),
        (scope(SimpleUser("ann"), **{"x-user": "bob"}), "ann"),
        (scope(UnauthenticatedUser(), **{"x-user": "bob"}), "bob"),
        (scope(BaseUser(), **{"x-user": "bob"}), "bob"),
        (scope(**{"x-user": "bob"}), "bob"),
        (scope(**{"x-user": "žofie"}), "žofie"),
    ],
)
def test_a_known_user_becomes_a_pseudonym(request_scope: dict[str, Any], user: str) -> None:
    assert user_hash(settings())(request_scope) == pseudonym(KEY, user)


@pytest.mark.parametrize(
    "request_scope", [scope(), scope(**{"x-user": ""}), scope(SimpleUser("")), scope(**{"x-other": "bob"}), {}]
)
def test_an_unknown_user_stays_unidentified(request_scope: dict[str, Any]) -> None:
    assert user_hash(settings())(request_scope) is None


def test_without_a_header_setting_headers_are_not_looked_at() -> None:
    assert user_hash(settings(user_header=None))(scope(**{"x-user": "bob"})) is None


def test_without_a_key_everybody_is_unidentified() -> None:
    resolve = user_hash(settings(user_hash_key=None, user_header=None))
    assert resolve(scope(SimpleUser("ann"))) is None
