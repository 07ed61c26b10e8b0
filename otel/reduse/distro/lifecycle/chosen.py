"""Which distro runs where several are installed.

OpenTelemetry takes the first that it comes across, which is any, unless OTEL_PYTHON_DISTRO names one, and the first
configurator likewise. `opentelemetry-distro` only sets defaults and comes along with many packages: who has installed
this one wants this one. Between this one and a third only the deployment can choose; a line says which it is, and how.
"""

import logging
from collections.abc import Mapping, MutableMapping
from importlib.metadata import entry_points
from os import environ

from reduse.distro.base.errors import ConfigurationError, stop
from reduse.distro.base.say import say

NAME = "reduse"
DISTRO = "OTEL_PYTHON_DISTRO"
CONFIGURATOR = "OTEL_PYTHON_CONFIGURATOR"

_GROUP = "opentelemetry_distro"
_CONTRIBS = "opentelemetry.distro:"
_LOADER = "opentelemetry.instrumentation.auto_instrumentation._load"


def prefer_to_contribs(environment: MutableMapping[str, str]) -> None:
    """Choose this distro where nothing is chosen and contrib's is the only other one."""
    if DISTRO not in environment and not _strangers():
        environment[DISTRO] = NAME


def keep_together(environment: MutableMapping[str, str]) -> None:
    """This distro runs: have its configurator run too, here and in the processes that this one starts."""
    if DISTRO not in environment:
        if strangers := _strangers():
            say(f"the distro {strangers[0]} is also installed but does not run: set {DISTRO} to the one to run")
        environment[DISTRO] = NAME
    if not environment.get(CONFIGURATOR):
        environment[CONFIGURATOR] = NAME
    # Contrib warns of each configurator that is not chosen, in every process.
    logging.getLogger(_LOADER).addFilter(_is_no_choice)


def say_if_another() -> None:
    """The hook that runs in every instrumented process: a line where another distro runs that nobody has chosen."""
    from reduse.distro.lifecycle.distro import ReduseDistro

    try:
        refuse_unknown_distro(environ)
    except ConfigurationError as error:
        stop(error)
    if ReduseDistro.configured or DISTRO in environ:
        return
    running = next((each.name for each in entry_points(group=_GROUP) if each.name != NAME), None)
    if running is not None:
        say(f"the distro {running} runs and this one does not, so it measures nothing: set {DISTRO}={NAME}")
        # So that the processes that this one starts have the same, and do not say it again.
        environ[DISTRO] = running


def refuse_unknown_distro(environment: Mapping[str, str]) -> None:
    """Contrib takes a distro that it does not find for none, and would then count by itself without a word.

    Raises:
        ConfigurationError: the distro that is chosen is not installed.
    """
    wanted = environment.get(DISTRO)
    names = {each.name for each in entry_points(group=_GROUP)}
    if wanted is not None and wanted not in names:
        raise ConfigurationError(f"{DISTRO}={wanted} is not installed: use one of {', '.join(sorted(names))}")


def _strangers() -> list[str]:
    found = entry_points(group=_GROUP)
    return sorted(each.name for each in found if each.name != NAME and not each.value.startswith(_CONTRIBS))


def _is_no_choice(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Configuration of %s not loaded")
