"""Who the user is: resolvers in their order, the answer's status, the route; and never an error."""

import logging
from typing import Any

import pytest
from starlette.authentication import SimpleUser

from reduse.distro.base.settings import UserMode
from reduse.distro.sources.users.identity import Identification, identification
from reduse.distro.sources.users.resolvers.resolver import Scope, verified
from reduse.wire import user_hash
from tests.distro.doubles import KEY, settings


def scope(user: Any = None, **headers: str) -> dict[str, Any]:
    values: dict[str, Any] = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    return values | ({"user": user} if user is not None else {})


def same(user_id: str) -> str:
    return user_id


@pytest.mark.parametrize(
    ("request_scope", "user"),
    [
        (scope(SimpleUser("ann")), "ann"),
        (scope(SimpleUser("ann"), **{"x-user": "bob"}), "ann"),
        (scope(SimpleUser(""), **{"x-user": "bob"}), "bob"),
        (scope(**{"x-user": "žofie"}), "žofie"),
    ],
)
def test_the_first_resolver_with_an_answer_names_the_user(request_scope: dict[str, Any], user: str) -> None:
    assert identification(settings()).user(request_scope, 200, "/plain") == user_hash(KEY, user)


def test_the_setting_gives_the_order() -> None:
    resolvers = ("header:x-user", "authenticated")
    user = identification(settings(user_resolvers=resolvers)).user
    assert user(scope(SimpleUser("ann"), **{"x-user": "bob"}), 200, "/plain") == user_hash(KEY, "bob")


@pytest.mark.parametrize("request_scope", [scope(), scope(**{"x-user": ""}), scope(**{"x-other": "bob"}), {}])
def test_an_unknown_user_stays_unidentified(request_scope: dict[str, Any]) -> None:
    assert identification(settings()).user(request_scope, 200, "/plain") is None


def test_without_a_key_everybody_is_unidentified() -> None:
    user = identification(settings(user_hash_key=None)).user
    assert user(scope(SimpleUser("ann"), **{"x-user": "bob"}), 200, "/plain") is None


@pytest.mark.parametrize("status", [301, 303, 307, 400, 401, 402, 403, 405, 407, 422, 429, 499, 500, 503, None])
def test_credentials_that_were_not_accepted_name_nobody(status: int | None) -> None:
    """Refused, sent on to a login, answered before anybody looked at them, or not answered at all."""
    assert identification(settings()).user(scope(**{"x-user": "bob"}), status, "/plain") is None


@pytest.mark.parametrize("status", [200, 201, 204, 206, 304, 404, 409, 410, 412])
def test_an_answer_about_the_thing_that_was_asked_for_shows_that_the_credentials_were_accepted(status: int) -> None:
    user = identification(settings()).user
    assert user(scope(**{"x-user": "bob"}), status, "/plain") == user_hash(KEY, "bob")


@pytest.mark.parametrize(("template", "mounted"), [(None, True), (None, False), ("/mounted/{path}", True)])
def test_where_no_route_is_known_a_success_counts_and_nothing_else(template: str | None, mounted: bool) -> None:
    """An application of another framework, or files; not found there is not a user's thing."""
    user = identification(settings()).user
    known = scope(**{"x-user": "bob"})
    assert user(known, 200, template, mounted) == user_hash(KEY, "bob")
    assert [user(known, status, template, mounted) for status in (304, 307, 404, 405, 409)] == [None] * 5


def test_a_preflight_is_nobodys() -> None:
    user = identification(settings()).user
    assert user(scope(**{"x-user": "bob"}) | {"method": "OPTIONS"}, 200, "/plain") is None
    assert user(scope(**{"x-user": "bob"}) | {"method": "HEAD"}, 200, "/plain") == user_hash(KEY, "bob")


def test_on_public_routes_only_who_was_authenticated_is_a_user() -> None:
    user = identification(settings(user_public_routes=("/prices", "/docs*"))).user
    known = scope(**{"x-user": "bob"})
    assert [user(known, 200, route) for route in ("/prices", "/docs", "/docs/oauth2-redirect")] == [None] * 3
    assert user(known, 200, "/plain") == user_hash(KEY, "bob")
    assert user(scope(SimpleUser("ann"), **{"x-user": "bob"}), 200, "/prices") == user_hash(KEY, "ann")


def test_the_setting_says_which_statuses_show_that_a_claim_was_believed() -> None:
    user = identification(settings(user_accepted_statuses=frozenset({200, 403}))).user
    known = scope(**{"x-user": "bob"})
    assert user(known, 403, "/plain") == user(known, 200, "/plain") == user_hash(KEY, "bob")
    assert user(known, 404, "/plain") is None


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 500, None])
@pytest.mark.parametrize("template", ["/plain", None])
def test_what_stands_in_front_has_verified_counts_whatever_the_answer(status: int | None, template: str | None) -> None:
    user = identification(settings(user_resolvers=("verified:header:x-user",))).user
    assert user(scope(**{"x-user": "bob"}) | {"method": "OPTIONS"}, status, template) == user_hash(KEY, "bob")


@pytest.mark.parametrize("resolvers", [("authenticated", "header:x-user"), ("header:x-user", "authenticated")])
def test_who_was_authenticated_sent_the_request_whatever_the_answer(resolvers: tuple[str, ...]) -> None:
    user = identification(settings(user_resolvers=resolvers)).user
    assert user(scope(SimpleUser("ann"), **{"x-user": "bob"}), 401, "/plain") == user_hash(KEY, "ann")


def test_an_address_sent_the_request_whatever_the_answer() -> None:
    user = identification(settings(user_resolvers=("client",))).user
    assert user({"client": ("192.0.2.1", 5)}, 401, "/plain") == user_hash(KEY, "192.0.2.1")


def test_only_the_listed_routes_are_counted_by_user() -> None:
    user = identification(settings(user_routes=("/plain", "/api/*"))).user
    known = scope(**{"x-user": "bob"})
    assert user(known, 200, "/plain") == user(known, 200, "/api/items/{item_id}") == user_hash(KEY, "bob")
    assert user(known, 200, "/health") is None
    assert user(known, 404, None) is None


def test_in_plain_mode_ids_go_out_as_they_are_and_need_no_key() -> None:
    plain = settings(user_mode=UserMode.PLAIN, user_hash_key=None)
    assert identification(plain).user(scope(**{"x-user": "bob"}), 200, "/plain") == "bob"
    assert plain.user_attribute == "user.id"
    assert settings().user_attribute == "user.hash"


@pytest.mark.parametrize("answer", ["raises", "not a string"])
def test_a_resolver_that_fails_leaves_the_request_unidentified_and_is_reported_once(
    answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All failures are counted; the one line names the place and not the user."""

    def broken(_scope: Scope) -> Any:
        if answer == "raises":
            raise KeyError("user-7")
        return 7

    identified = Identification([broken], lambda user_id: user_id.upper())
    with caplog.at_level(logging.WARNING):
        assert [identified.user({}, 200, "/plain") for _ in range(3)] == [None, None, None]
    assert identified.errors == 3
    (line,) = caplog.messages
    assert "user-7" not in line
    assert __file__ in line
    identified.reset()
    assert identified.errors == 0


def test_a_plug_in_may_say_that_it_does_not_take_the_requests_own_word() -> None:
    @verified
    def session_owner(scope: Scope) -> str | None:
        return str(scope["state"]["owner"])

    def claimed(_scope: Scope) -> str | None:
        return "bob"

    identified = Identification([claimed, session_owner], same)
    assert identified.user({"state": {"owner": "ann"}}, 200, "/plain") == "bob"
    assert identified.user({"state": {"owner": "ann"}}, 401, "/plain") == "ann"
