"""The user as the service itself has noted it: `request.state` and `request.session`."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from starlette.datastructures import State
from starlette.requests import Request

from reduse.distro.sources.users.resolvers.identifier import UnfitAnswerError
from reduse.distro.sources.users.resolvers.registry import resolver_of


class Mapped:
    """As SQLAlchemy's objects are: what has expired is not in memory, and a look at it is a query."""

    def __init__(self, **loaded: Any) -> None:
        self.__dict__.update(loaded, _sa_instance_state=object())

    @property
    def email(self) -> str:
        raise AssertionError("a query")


class Slotted:
    __slots__ = ("id",)

    def __init__(self, number: int) -> None:
        self.id = number


class Computed:
    @property
    def id(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("path", "value", "user"),
    [
        ("partner", "ann", "ann"),
        ("partner", 7, "7"),
        ("partner", 0, "0"),
        ("partner", UUID(int=7), str(UUID(int=7))),
        ("partner", "", None),
        ("partner", None, None),
        ("partner.id", {"id": "ann"}, "ann"),
        ("partner.id", SimpleNamespace(id=7), "7"),
        ("partner.id", Slotted(7), "7"),
        ("partner.id", Computed(), "7"),
        ("partner.id", State({"id": 7}), "7"),
        ("partner.id", Mapped(id=7), "7"),
        ("partner.email", Mapped(id=7), None),
        ("partner.id", "ann", None),
        ("partner.account.id", {"account": SimpleNamespace(id=7)}, "7"),
        ("partner.account.id", {}, None),
    ],
)
@pytest.mark.parametrize("kind", ["state", "session"])
def test_a_value_at_a_path(kind: str, path: str, value: Any, user: str | None) -> None:
    assert resolver_of(f"{kind}:{path}")({kind: {"partner": value}}) == user


@pytest.mark.parametrize("scope", [{}, {"state": {}}, {"state": None}, {"state": {"other": "ann"}}])
def test_what_was_not_noted_names_nobody(scope: dict[str, Any]) -> None:
    assert resolver_of("state:partner")(scope) is None


def test_what_a_request_of_starlette_notes() -> None:
    scope: dict[str, Any] = {"type": "http"}
    Request(scope).state.partner = "ann"
    assert resolver_of("state:partner")(scope) == "ann"


@pytest.mark.parametrize("value", [SimpleNamespace(id=7), True, 7.5, ["ann"], b"ann"])
def test_what_cannot_be_an_id_is_an_error_that_tells_its_type_and_not_its_value(value: Any) -> None:
    """An object as text would be another user at each request."""
    with pytest.raises(UnfitAnswerError, match=f"state:partner returns a value of the type {type(value).__name__}"):
        resolver_of("state:partner")({"state": {"partner": value}})
