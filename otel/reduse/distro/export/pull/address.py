"""Where the page is served: OTEL_EXPORTER_PROMETHEUS_HOST and OTEL_EXPORTER_PROMETHEUS_PORT.

Source: OpenTelemetry specification, "Environment Variable Specification", Prometheus exporter.
"""

from collections.abc import Mapping
from typing import NamedTuple

from reduse.distro.base.errors import ConfigurationError

HOST = "OTEL_EXPORTER_PROMETHEUS_HOST"
PORT = "OTEL_EXPORTER_PROMETHEUS_PORT"

# The specification's "localhost", without asking which family of addresses that is.
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = "9464"
_HIGHEST_PORT = 65_535


class Address(NamedTuple):
    """A host name or address, and a port."""

    host: str
    port: int


def address_of(environment: Mapping[str, str]) -> Address:
    """The address to listen on.

    Raises:
        ConfigurationError: the port is none, or the host has white space in it.
    """
    host = environment.get(HOST) or DEFAULT_HOST
    if len(host.split()) != 1 or host != host.strip():
        raise ConfigurationError(f"{HOST}={host!r} is not a host: use e.g. {DEFAULT_HOST}, or 0.0.0.0 for all")
    text = environment.get(PORT) or DEFAULT_PORT
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= _HIGHEST_PORT:
        raise ConfigurationError(f"{PORT}={text!r} is not a port from 1 to {_HIGHEST_PORT}: use e.g. {DEFAULT_PORT}")
    return Address(host, port)
