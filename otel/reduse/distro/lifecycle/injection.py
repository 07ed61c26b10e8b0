"""What `opentelemetry-instrument` does at the start of a process, for one that is running and was not asked."""

import logging
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.instrumentation.auto_instrumentation._load import _load_instrumentors
from opentelemetry.instrumentation.version import __version__ as auto_version
from opentelemetry.util._importlib_metadata import EntryPoint, entry_points

from reduse.distro.base.errors import ConfigurationError, raise_instead_of_ending
from reduse.distro.lifecycle.configurator import ReduseConfigurator
from reduse.distro.lifecycle.distro import ReduseDistro

_OWN = "reduse"
_EXPORTER_OF_PROTOCOL = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


class _Injected:
    """Our distro, without the instrumentations that an application has for itself."""

    def __init__(self, distro: ReduseDistro, packages: Collection[str]) -> None:
        self._distro = distro
        self._packages = packages

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        if entry_point.dist is not None and entry_point.dist.name in self._packages:
            self._distro.load_instrumentor(entry_point, **kwargs)


def measure(environment: MutableMapping[str, str], packages: Collection[str], *, forked: bool) -> None:
    """Start the distro in this process, whose command knows nothing of it.

    Args:
        environment: of this process.
        packages: names of the distributions that the application does not have itself.
        forked: this is a child that was forked after the interpreter had started, a worker of gunicorn for example.

    Raises:
        ConfigurationError: a setting cannot be used; nothing is in place then.
    """
    raise_instead_of_ending()
    wanted = environment.get("OTEL_PYTHON_DISTRO", _OWN)
    if wanted != _OWN:
        raise ConfigurationError(f"OTEL_PYTHON_DISTRO={wanted} asks for another distro")
    for signal in ("traces", "logs"):
        _leave_out(signal, environment)
    distro = ReduseDistro()
    distro.configure()
    ReduseConfigurator().configure(auto_instrumentation_version=auto_version, forked=forked)
    with _without_tracebacks():
        _load_instrumentors(_Injected(distro, packages))  # type: ignore[no-untyped-call]


def _leave_out(signal: str, environment: MutableMapping[str, str]) -> None:
    """Take `otlp` for `none` where nothing exports this signal: the operator sets it where nobody has set anything."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    if environment.get(variable, "").strip() != "otlp":
        return
    protocol = (
        environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL")
        or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    exporter = _EXPORTER_OF_PROTOCOL.get(protocol, protocol)
    if not entry_points(group=f"opentelemetry_{signal}_exporter", name=exporter):
        environment[variable] = "none"


@contextmanager
def _without_tracebacks() -> Iterator[None]:
    # What of it fails is raised as well, and becomes our line.
    logger = logging.getLogger("opentelemetry.instrumentation.auto_instrumentation._load")
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False
