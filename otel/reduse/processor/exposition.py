"""The processor's own port: /metrics for Prometheus, /healthz (the process is up), /readyz (it takes requests)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from prometheus_client import CollectorRegistry, Counter, make_wsgi_app

from reduse.processor.bounded_server import BoundedHandler, BoundedServer, Refused
from reduse.processor.otlp.encoding import SERVICE_NAME as OWN_NAME

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@contextmanager
def meter_provider(instance: str, registry: CollectorRegistry) -> Iterator[MeterProvider]:
    """What this `instance` of the processor measures of itself is in the registry, until the block ends."""
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    resource = Resource({SERVICE_NAME: OWN_NAME, SERVICE_INSTANCE_ID: instance})
    provider = MeterProvider([reader], resource, AlwaysOffExemplarFilter(), shutdown_on_exit=False)
    try:
        yield provider
    finally:
        provider.shutdown()


class Exposition:
    """Raises OSError when it cannot listen there."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self._metrics = make_wsgi_app(registry)
        # Replaced when there is something that can be ready.
        self.ready: Callable[[], bool] = lambda: False
        try:
            self._server = make_server(host, port, self._answer, BoundedServer, BoundedHandler)
        except OSError as error:
            raise OSError(f"cannot listen on {host}:{port}: {error}") from error
        refused = Counter(
            "reduse_processor_connections_refused",
            "Connections to this port that were closed at a limit, or made no request.",
            ["port", "reason"],
            registry=registry,
        )
        counts = {reason: refused.labels("metrics", reason.value) for reason in Refused}
        self._server.refuse = lambda reason: counts[reason].inc()
        self._thread = threading.Thread(target=self._server.serve_forever, name="exposition", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def _page(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            metrics: Iterable[bytes] = self._metrics(environ, start_response)
        except Exception:
            if "HTTP_ACCEPT" not in environ:
                raise
            del environ["HTTP_ACCEPT"]
            metrics = self._metrics(environ, start_response)
        return metrics

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return self._page(environ, start_response)
            case "/healthz":
                status = HTTPStatus.OK
            case "/readyz":
                status = HTTPStatus.OK if self.ready() else HTTPStatus.SERVICE_UNAVAILABLE
            case _:
                status = HTTPStatus.NOT_FOUND
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{status.phrase}\n".encode()]
