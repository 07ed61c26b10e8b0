"""One HTTP request measured from the outside of a WSGI application, once, however deep it is nested.

It ends when the server closes what the application has returned (PEP 3333, "Specification Details").
"""

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

from reduse.distro.base.aggregation import Key
from reduse.distro.base.semantic_conventions import OTHER, error_type
from reduse.distro.sources.http.aggregation import HttpAggregation
from reduse.distro.sources.http.attributes import INCOMPLETE, PROTOCOL_VERSIONS, SERVER_ERROR, request_error
from reduse.distro.sources.http.route import SCOPE_KEY, MatchedRoute
from reduse.distro.sources.http.wsgi.environ_scope import Environ, EnvironScope
from reduse.distro.sources.users.identity import Identify

StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_PROTOCOL = "HTTP/"


class WsgiMeter:
    """Measures what passes through a WSGI application.

    Args:
        http: where requests are counted.
        identify: gives the request's user, as it is reported.
        known_methods: methods that are reported by name.
        opened: called before the first request of the process.
    """

    def __init__(
        self,
        http: HttpAggregation,
        identify: Identify,
        known_methods: frozenset[str],
        opened: Callable[[], None],
    ) -> None:
        self.http = http
        self.identify = identify
        self._known_methods = known_methods
        self._opened = opened

    def __call__(self, application: Application, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Call the application, and measure what an outer application does not measure already."""
        if SCOPE_KEY in environ:
            return application(environ, start_response)
        if not self.http.is_open:
            self._opened()
        method = environ["REQUEST_METHOD"]
        request = _Request(self, environ, start_response, method if method in self._known_methods else OTHER)
        try:
            body = application(environ, request.start_response)
        except BaseException as error:
            request.close(error_type(error))
            raise
        return request.closing(body)


class _Request:
    """Counted when it is closed, once."""

    __slots__ = (
        "_environ",
        "_meter",
        "_method",
        "_route",
        "_scheme",
        "_start_response",
        "_started",
        "_status",
    )

    def __init__(self, meter: WsgiMeter, environ: Environ, start_response: StartResponse, method: str) -> None:
        self._meter: WsgiMeter | None = meter
        self._environ = environ
        self._start_response = start_response
        self._method = method
        self._scheme: str = environ.get("wsgi.url_scheme", "http")
        self._status: int | None = None
        self._route = environ[SCOPE_KEY] = MatchedRoute()
        meter.http.begin(self)
        self._started = perf_counter()

    @property
    def active_attributes(self) -> Key:
        """Method and scheme."""
        return (self._method, self._scheme)

    def start_response(self, status: str, *arguments: Any, **named: Any) -> Any:
        """Pass the response's beginning on; a later one takes the place of one before."""
        try:
            self._status = int(status[:3])
        except (TypeError, ValueError):
            # The server refuses it, in its own words.
            self._status = None
        return self._start_response(status, *arguments, **named)

    def closing(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the application has returned, which ends the request when it is closed."""
        wrapper = self._environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return self._closing_file(body)
        return _SizedBody(body, self) if hasattr(body, "__len__") else _Body(body, self)

    def _closing_file(self, body: Any) -> Iterable[bytes]:
        """A server sends a wrapped file in its own way if it is what it has made: it stays as it is."""
        close = getattr(body, "close", None)
        of_class = close is None or getattr(close, "__self__", None) is body

        def close_all() -> None:
            try:
                # As it was: an object that refers to itself is left to the garbage collector.
                if of_class:
                    del body.close
                else:
                    body.close = close
                if close is not None:
                    close()
            finally:
                self.close(None)

        try:
            body.close = close_all
        except AttributeError:
            self.close(None)
        return body  # type: ignore[no-any-return]

    def close(self, error: str | None) -> None:
        """Count the request; `error`: the exception that ended it, or that it was not sent to its end."""
        meter, self._meter = self._meter, None
        if meter is None:
            return
        seconds = perf_counter() - self._started
        status, route = self._status, self._route
        if error is None and status is not None and status >= SERVER_ERROR:
            error = route.error
        version: str = self._environ.get("SERVER_PROTOCOL", "")
        series = (
            self._method,
            route.template,
            status,
            self._scheme,
            PROTOCOL_VERSIONS.get(version.removeprefix(_PROTOCOL)),
            error or request_error(status, None, complete=True),
        )
        scope = EnvironScope(self._environ, self._method, self._scheme, route.user)
        mounted = route.template is route.remainder
        meter.http.end(self, series, seconds, meter.identify(scope, status, route.template, mounted))

    def unfinished(self) -> str | None:
        """What it is when the server closes the body before its end: the client left, or wanted only the headers."""
        return None if self._method == "HEAD" else INCOMPLETE


class _Body:
    """An application's iterable, passed on part by part."""

    __slots__ = ("_body", "_ended", "_iterator", "_request")

    def __init__(self, body: Iterable[bytes], request: _Request) -> None:
        self._body = body
        self._iterator: Iterator[bytes] | None = None
        self._request = request
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._iterator is None:
                self._iterator = iter(self._body)
            return next(self._iterator)
        except StopIteration:
            self._ended = True
            raise
        except BaseException as error:
            self._request.close(error_type(error))
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def close(self) -> None:
        """Close what the application has returned."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._request.close(None if self._ended else self._request.unfinished())

    def __del__(self) -> None:
        # Of a server that does not close.
        self._request.close(None if self._ended else self._request.unfinished())


class _SizedBody(_Body):
    """One whose parts can be counted: of one part some servers tell the length."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]
