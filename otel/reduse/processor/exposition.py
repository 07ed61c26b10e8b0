"""The processor's own port: /metrics for Prometheus, /healthz (the process is up), /readyz (it takes requests)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from prometheus_client import CollectorRegistry, make_wsgi_app

from reduse.processor.otlp.encoding import SERVICE_NAME as OWN_NAME

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

REQUEST_TIMEOUT_SECONDS = 10.0


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


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_address = True


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_TIMEOUT_SECONDS

    def log_message(self, *_: object) -> None:
        """Scrapes are not worth a line each."""


class Exposition:
    """Raises OSError when it cannot listen there."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self._metrics = make_wsgi_app(registry)
        # Replaced when there is something that can be ready.
        self.ready: Callable[[], bool] = lambda: False
        try:
            self._server = make_server(host, port, self._answer, _Server, _Handler)
        except OSError as error:
            raise OSError(f"cannot listen on {host}:{port}: {error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="exposition", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                metrics: Iterable[bytes] = self._metrics(environ, start_response)
                return metrics
            case "/healthz":
                status = HTTPStatus.OK
            case "/readyz":
                status = HTTPStatus.OK if self.ready() else HTTPStatus.SERVICE_UNAVAILABLE
            case _:
                status = HTTPStatus.NOT_FOUND
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{status.phrase}\n".encode()]
