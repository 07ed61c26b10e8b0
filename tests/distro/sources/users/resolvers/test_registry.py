"""Resolvers by their names: built in, or of another distribution; and each mistake is one line with what there is."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType
from typing import Any

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.sources.users.resolvers import registry
from reduse.distro.sources.users.resolvers.registry import BUILT_IN, ENTRY_POINT_GROUP, resolvers_of
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, is_verified


def tenant(argument: str | None) -> Resolver:
    """A plug-in, as another distribution has it."""

    def tenant_of(scope: Scope) -> str | None:
        return str(scope["state"][argument])

    return tenant_of


def broken(_argument: str | None) -> Resolver:
    raise RuntimeError("two\nlines")


def makes_nothing(_argument: str | None) -> None:
    pass


@pytest.fixture(autouse=True)
def plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another distribution with four plug-ins, one of which its module does not have."""
    module = ModuleType("plug_ins_of_a_test")
    module.__dict__.update(tenant=tenant, broken=broken, makes_nothing=makes_nothing)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = ("tenant", "broken", "makes_nothing", "absent")
    found = EntryPoints(EntryPoint(name, f"{module.__name__}:{name}", ENTRY_POINT_GROUP) for name in names)
    monkeypatch.setattr(registry, "entry_points", found.select)


def test_resolvers_come_in_the_order_of_the_setting() -> None:
    made = resolvers_of(["header:x-user", "cookie: session", "jwt:sub", "client", "authenticated"])
    assert [resolver.__qualname__.split(".")[0] for resolver in made] == [
        "header",
        "cookie",
        "jwt",
        "client_network",
        "authenticated_user",
    ]


def test_a_plug_in_gets_what_stands_behind_the_colon() -> None:
    (resolver,) = resolvers_of(["tenant:owner"])
    assert resolver({"state": {"owner": "ann"}}) == "ann"


@pytest.mark.parametrize(
    ("specification", "said"),
    [
        (
            "haeder:x-user",
            "'haeder'.*authenticated, basic, broken, client, .* python, session, state, tenant, verified",
        ),
        ("header", "header:x-api-key"),
        ("header:", "header:x-api-key"),
        ("header:x user", "header:x-api-key"),
        ("cookie", "cookie:session"),
        ("cookie:a=b", "cookie:session"),
        ("cookie::jwt:sub", "cookie:session"),
        ("cookie:a:b", "cookie:session:jwt:sub"),
        ("cookie:a:jwt", "cookie:session:jwt:sub"),
        ("header:x-token:jwt:", "header:x-api-key:jwt:sub"),
        ("basic:name", "basic takes no argument"),
        ("state", "state:user.id"),
        ("state:user..id", "empty part"),
        ("session:", "session:user_id"),
        ("python", "python:billing.users:user_of"),
        ("python:billing.users", "python:billing.users:user_of"),
        ("python:billing users:user_of", "python:billing.users:user_of"),
        ("verified", "verified:header:x-consumer"),
        ("verified:haeder:x-user", "there is no resolver 'haeder'"),
        ("jwt", "jwt:sub"),
        ("authenticated:x", "authenticated takes no argument"),
        ("client:x", "client takes no argument"),
        ("broken", "RuntimeError: two lines"),
        ("makes_nothing", "returned no resolver"),
        ("absent", "plug_ins_of_a_test:absent.*AttributeError"),
        ("", "there is no resolver ''"),
    ],
)
def test_a_mistake_is_one_line_with_the_setting(specification: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        resolvers_of([specification])
    assert str(raised.value).startswith("REDUSE_USER_RESOLVERS")
    assert "\n" not in str(raised.value)


def test_a_built_in_name_goes_before_a_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_wanted: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(registry, "entry_points", never)
    assert len(resolvers_of(["authenticated"])) == 1
    assert set(BUILT_IN) == {
        "authenticated",
        "basic",
        "client",
        "cookie",
        "header",
        "jwt",
        "python",
        "session",
        "state",
    }


def test_what_takes_the_requests_own_word_is_not_verified_unless_the_setting_says_so() -> None:
    claims = ["header:x-user", "jwt:sub", "cookie:a", "basic", "python:a:b", "state:x"]
    assert [is_verified(made) for made in resolvers_of(claims)] == [False] * 5 + [True]
    believed = [f"verified:{claim}" for claim in claims] + ["verified:authenticated", "verified: verified:client"]
    assert all(map(is_verified, resolvers_of(believed)))
    assert resolvers_of(["verified:header:x-user"])[0]({"headers": [(b"x-user", b"ann")]}) == "ann"
