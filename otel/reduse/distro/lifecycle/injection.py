"""What `opentelemetry-instrument` does at the start of a process, for one that is running and was not asked."""

from collections.abc import MutableMapping

from opentelemetry.instrumentation.version import __version__ as auto_version

from reduse.distro.base.errors import ConfigurationError, raise_instead_of_ending
from reduse.distro.lifecycle.chosen import DISTRO, NAME
from reduse.distro.lifecycle.configurator import ReduseConfigurator
from reduse.distro.lifecycle.defaults import withdraw_defaults
from reduse.distro.lifecycle.distro import ReduseDistro


def measure(environment: MutableMapping[str, str], *, forked: bool) -> None:
    """Start the distro in this process, whose command knows nothing of it; metrics only.

    Contrib's instrumentations are not started: those that the application has are the application's. What is changed
    in the environment meanwhile is for the caller to set back.

    Args:
        environment: of this process.
        forked: this is a child that was forked after the interpreter had started, a worker of gunicorn for example.

    Raises:
        ConfigurationError: a setting cannot be used; nothing is in place then.
    """
    raise_instead_of_ending()
    wanted = environment.get(DISTRO) or NAME
    if wanted != NAME:
        raise ConfigurationError(f"{DISTRO}={wanted} selects another distro")
    # The operator asks for all signals where nobody has asked for any.
    environment.update({"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"})
    ReduseDistro().configure()
    ReduseConfigurator().configure(auto_instrumentation_version=auto_version, forked=forked)
    withdraw_defaults()
