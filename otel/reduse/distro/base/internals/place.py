"""Private parts of the API: the places where it keeps the global providers."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from reduse.distro.base.internals.missing import NOT_THERE, say_once


class Global:
    """The place of one global provider in OpenTelemetry's API: what is there, who stands in until something is."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._provider, self._proxy, self._once = f"_{name}", f"_PROXY_{name}", f"_{name}_SET_ONCE"

    @property
    def provider(self) -> Any:
        """The provider that was set; None as long as there is none."""
        return getattr(import_module(self._module), self._provider, None)

    @property
    def variables(self) -> tuple[dict[str, Any], str] | None:
        """The variables of the API's module, and which of them is the provider; None where it is not there."""
        variables = vars(import_module(self._module))
        return (variables, self._provider) if self._provider in variables else None

    def stand_in(self, make: Callable[[Any], Any], on_set: Callable[[Any], object]) -> bool:
        """Put what `make` makes in the place of the API's proxy provider; False where that cannot be.

        Args:
            make: makes the one that stands in; gets the API's own, of whose class it must be.
            on_set: called with the provider that the application sets.
        """
        module: Any = import_module(self._module)
        try:
            proxy, once = getattr(module, self._proxy), getattr(module, self._once)
            do_once = once.do_once
            if getattr(module, self._provider) is not None:
                return False
            standing_in = make(proxy)
        except NOT_THERE:
            say_once("an application cannot set a provider of its own")
            return False

        def noticing(function: Callable[[], object]) -> bool:
            done = bool(do_once(function))
            if done:
                on_set(self.provider)
            return done

        once.do_once = noticing
        setattr(module, self._proxy, standing_in)
        return True


METRICS = Global("opentelemetry.metrics._internal", "METER_PROVIDER")
TRACES = Global("opentelemetry.trace", "TRACER_PROVIDER")
LOGS = Global("opentelemetry._logs._internal", "LOGGER_PROVIDER")
