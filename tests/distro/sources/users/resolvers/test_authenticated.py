"""The user whom the application has authenticated."""

from typing import Any

import pytest
from starlette.authentication import BaseUser, SimpleUser, UnauthenticatedUser

from reduse.distro.sources.users.resolvers.authenticated import authenticated


class Numbered:
    identity = 7


class First:
    identity = 0


class Guest:
    """Has an identity, and says that it is not authenticated."""

    is_authenticated = False
    identity = "guest"


class Unsaid(BaseUser):
    """Leaves out what Starlette's class raises for."""

    @property
    def identity(self) -> str:
        return "ann"


class WithoutIdentity(BaseUser):
    """As SimpleUser is up to Starlette 1.0."""

    is_authenticated = True
    display_name = "Ann"

    def __init__(self, username: Any) -> None:
        self.username = username


class Displayed(BaseUser):
    """Has a name to show, which others may share."""

    is_authenticated = True
    display_name = "Ann"


class LeftOut(WithoutIdentity):
    is_authenticated = False


class NoText:
    """Would be another user at each request."""

    identity = object()


class Truth:
    identity = True


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("on purpose")


class Strange:
    identity = Unprintable()


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        (SimpleUser("ann"), "ann"),
        (Numbered(), "7"),
        (First(), "0"),
        (Unsaid(), "ann"),
        (WithoutIdentity("ann"), "ann"),
        (WithoutIdentity(7), "7"),
        (WithoutIdentity(""), None),
        (WithoutIdentity(None), None),
        (WithoutIdentity(object()), None),
        (LeftOut("ann"), None),
        (Displayed(), None),
        (Guest(), None),
        (NoText(), None),
        (Truth(), None),
        (SimpleUser(""), None),
        (UnauthenticatedUser(), None),
        (BaseUser(), None),
        (Strange(), None),
        ("no user at all", None),
        (None, None),
    ],
)
def test_identity(user: Any, identity: str | None) -> None:
    assert authenticated(None)({"user": user}) == identity


def test_without_authentication_there_is_nobody() -> None:
    assert authenticated(None)({}) is None
