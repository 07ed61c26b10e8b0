"""Flask applications are measured without a line in them.

`http.route` is the rule that Flask has matched, as it is written there, behind the application's root. An exception
that Flask answers by itself is told by its signal. The user is whom Flask-Login has loaded, if the application asked.
"""

import functools
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.harmless import is_the_services
from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.sources.http.requests import HttpRequests
from reduse.distro.sources.http.route import SCOPE_KEY, MatchedRoute
from reduse.distro.sources.http.wsgi.adapters import follow_adapters
from reduse.distro.sources.http.wsgi.environ_scope import AuthenticatedUser, Environ
from reduse.distro.sources.http.wsgi.meter import StartResponse, WsgiMeter
from reduse.distro.sources.instrumentation import Instrumentation, Process


def wsgi_meter(process: Process) -> WsgiMeter:
    """What measures WSGI applications in a process."""
    requests = process.source(HttpRequests)
    return WsgiMeter(
        requests.aggregation, process.users.identification.user, process.settings.known_methods, requests.open
    )


def measure_wsgi_class(application: Any, meter: WsgiMeter) -> None:
    """Measure every application of this class."""
    original = application.__call__

    @functools.wraps(original)
    def measured(self: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if SCOPE_KEY in environ:
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        return meter(functools.partial(original, self), environ, start_response)

    application.__call__ = measured


def follow_requests(flask: Any) -> None:
    """Note the rule, the exception and the user of each request, by Flask's signals."""

    def matched() -> MatchedRoute | None:
        return flask.request.environ.get(SCOPE_KEY)  # type: ignore[no-any-return]

    def started(_sender: Any, **_signal: Any) -> None:
        route, rule = matched(), flask.request.url_rule
        if route is not None and rule is not None:
            # Mounted in an ASGI application, the template of the mount: its path may have parameters.
            root = route.prefix or flask.request.environ.get("SCRIPT_NAME", "")
            route.template = root.rstrip("/") + rule.rule

    def failed(_sender: Any, exception: BaseException | None = None, **_signal: Any) -> None:
        route = matched()
        if route is not None and exception is not None:
            route.error = error_type(exception)

    def ending(_sender: Any, **_signal: Any) -> None:
        route = matched()
        if route is not None:
            route.user = user_of(flask.g.get("_login_user"))

    for signal, receiver in (
        (flask.request_started, started),
        (flask.got_request_exception, failed),
        (flask.request_tearing_down, ending),
    ):
        # A Flask before 2.3 has signals only where blinker is installed.
        with suppress(RuntimeError):
            signal.connect(receiver, weak=False)


def user_of(user: Any) -> AuthenticatedUser | None:
    """Whom Flask-Login has loaded; it loads nobody for who does not ask."""
    try:
        identity = user.get_id() if user is not None and user.is_authenticated else None
        return AuthenticatedUser(str(identity)) if identity else None
    except Exception as raised:
        # Methods of the application.
        if is_the_services(raised):
            raise
        return None


def _start(process: Process) -> None:
    meter = wsgi_meter(process)
    follow_adapters()
    register_post_import_hook(lambda module: measure_wsgi_class(module.Flask, meter), "flask.app")
    register_post_import_hook(follow_requests, "flask")


FLASK_APPLICATIONS = Instrumentation(None, _start, replaces=frozenset({"flask", "wsgi"}))
"""Measures Flask where it is imported."""
