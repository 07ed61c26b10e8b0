"""The parts of the measurement of WSGI applications, without a server."""

import weakref
import wsgiref.util
from collections.abc import Callable, Iterable
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from reduse.distro.base.semantic_conventions import KNOWN_METHODS
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.wsgi.django_applications import template_of, user_of
from reduse.distro.sources.http.wsgi.environ_scope import EnvironScope
from reduse.distro.sources.http.wsgi.meter import WsgiMeter
from tests.garbage import without_garbage_collector


@pytest.mark.parametrize(
    ("route", "template"),
    [
        ("", "/"),
        ("articles/<int:year>/", "/articles/{year}/"),
        ("articles/<slug>", "/articles/{slug}"),
        (r"^articles/(?P<year>[0-9]{4})/$", "/articles/{year}/"),
        (r"nested/^articles/(?P<n>(a|b)+)/(\d+)/?$", "/nested/articles/{n}/{}/?"),
        (r"^v1\.0/\Z", "/v1.0/"),
    ],
)
def test_a_django_route_is_a_template_from_the_root_on(route: str, template: str) -> None:
    assert template_of(route) == template
    assert template_of(route, "/base/") == "/base" + template


def test_no_user_is_looked_up_whom_the_application_did_not_look_at() -> None:
    """A lazy user is not touched: it would ask the database."""
    lazy = SimpleNamespace(_wrapped=object())
    known = SimpleNamespace(pk=5, is_authenticated=True)
    assert user_of(SimpleNamespace(user=lazy)) is None
    assert user_of(SimpleNamespace()) is None
    for request in (SimpleNamespace(user=lazy, _cached_user=known), SimpleNamespace(user=known)):
        user = user_of(request)
        assert user is not None
        assert user.identity == "5"


def test_resolvers_see_a_scope() -> None:
    scope = EnvironScope(
        {"HTTP_X_USER": "ann", "CONTENT_TYPE": "text/plain", "REMOTE_ADDR": "10.0.0.1"}, "GET", "http", None
    )
    assert sorted(scope.get("headers")) == [(b"content-type", b"text/plain"), (b"x-user", b"ann")]
    assert (scope["client"], scope.get("user")) == (("10.0.0.1", 0), None)


class FileWrapper:
    """As servers have one: what it wraps is sent in a way of the server's own."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    def __iter__(self) -> Any:
        return iter(())


def test_what_the_server_knows_is_given_to_it_as_it_is() -> None:
    """A list has its length, a wrapped file its type; both end the request when they are closed."""
    http = HttpAggregation(10)
    meter = WsgiMeter(http, lambda *_request: None, KNOWN_METHODS, http.open)
    file = FileWrapper()
    bodies: list[Iterable[bytes]] = [[b"whole"], file]
    for body in bodies:
        environ = {"REQUEST_METHOD": "GET", "wsgi.file_wrapper": FileWrapper}

        def application(_environ: Any, start_response: Any, body: Iterable[bytes] = body) -> Iterable[bytes]:
            start_response("200 OK", [])
            return body

        given: Any = meter(application, environ, lambda *_arguments: None)
        if body is file:
            assert given is file
        else:
            assert (len(given), list(given)) == (1, [b"whole"])
        given.close()
    assert file.closed == 1
    state = http.collect(1, 2)
    assert state is not None
    assert [sum(series.bucket_counts) for series in state.durations] == [2]
    assert [active.value for active in state.active] == [0]


@pytest.mark.parametrize(
    "make", [FileWrapper, lambda: wsgiref.util.FileWrapper(BytesIO())], ids=["close of the class", "close of its own"]
)
def test_a_file_that_was_closed_leaves_nothing_to_the_garbage_collector(make: Callable[[], Any]) -> None:
    http = HttpAggregation(10)
    meter = WsgiMeter(http, lambda *_request: None, KNOWN_METHODS, http.open)

    def answer() -> weakref.ref[Any]:
        file = make()
        environ = {"REQUEST_METHOD": "GET", "wsgi.file_wrapper": type(file)}
        given: Any = meter(lambda *_request: file, environ, lambda *_arguments: None)
        given.close()
        given.close()
        return weakref.ref(file)

    with without_garbage_collector():
        assert answer()() is None
    state = http.collect(1, 2)
    assert state is not None
    assert [sum(series.bucket_counts) for series in state.durations] == [1]
