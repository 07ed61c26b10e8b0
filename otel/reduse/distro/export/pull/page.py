"""The HTTP server that scrapes are answered by. It belongs to one process, the one that works."""

import errno
import os
import time
from collections.abc import Callable
from threading import Lock
from wsgiref.simple_server import WSGIServer

from prometheus_client import start_http_server
from prometheus_client.registry import Collector

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.say import say
from reduse.distro.export.pull.address import HOST, PORT, Address

# Long enough for a worker that is being replaced to end.
PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = 0.1

# uvicorn and gunicorn take it for a worker that cannot start, and do not start it again and again.
STARTUP_FAILURE = 3


class Page:
    """Serves the metrics of a registry while it is open."""

    def __init__(self, address: Address, registry: Collector) -> None:
        self._address = address
        self._registry = registry
        self._lock = Lock()
        self._server: WSGIServer | None = None

    def open(self) -> None:
        """Listen.

        Raises:
            ConfigurationError: the address is taken, or is none of this machine.
        """
        with self._lock:
            if self._server is not None:
                return
            try:
                self._server, _ = start_http_server(self._address.port, self._address.host, self._registry)
            except OSError as error:
                raise self._refusal(error) from error

    def open_or_say(self) -> None:
        """Listen; where that cannot be, say so in a line: the process has begun its work, and goes on with it."""
        try:
            self.open()
        except ConfigurationError as error:
            say(f"this process cannot be scraped: {error}")

    def open_or_end(self, patience: float = PATIENCE_SECONDS, end: Callable[[int], object] = os._exit) -> None:
        """Listen, before the process serves anything; a process that could not be scraped ends here.

        An address that is taken is tried again for `patience` seconds: a worker that this one replaces may have it.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                self.open()
            except ConfigurationError as error:
                if _is_taken(error) and time.monotonic() < deadline:
                    time.sleep(_RETRY_SECONDS)
                    continue
                say(str(error))
                end(STARTUP_FAILURE)
            return

    def close(self) -> None:
        """Stop listening; the port is free when this returns."""
        with self._lock:
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()
                self._server = None

    def after_fork(self) -> None:
        """Leave the port to the parent: a forked child holds it too, and would keep it when the parent ends."""
        self._lock = Lock()
        if self._server is not None:
            self._server.socket.close()
            self._server = None

    def _refusal(self, error: OSError) -> ConfigurationError:
        host, port = self._address
        if error.errno == errno.EADDRINUSE:
            return ConfigurationError(
                f"{PORT}={port} is already in use on {host}, by another worker or service: "
                "run one worker and give each service a port, or push with OTEL_METRICS_EXPORTER=otlp"
            )
        return ConfigurationError(
            f"{HOST}={host} {PORT}={port} cannot be used to listen on ({error.strerror}): "
            "set an address of this machine and a port that this process may use"
        )


def _is_taken(error: ConfigurationError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
