"""Private parts of FastAPI: it asks at each request whether somebody has set a provider for telemetry of its own.

It looks three times into the environment for that, which takes longer than all that is measured of a request here. So
the answer is remembered as long as no global provider is set.
"""

import functools
from typing import Any

from reduse.distro.base.internals.place import LOGS, METRICS, TRACES


def remember_that_telemetry_is_disabled(module: Any) -> None:
    """Have FastAPI's telemetry ask anew only once a global provider is set. `module`: where FastAPI has it.

    An application with a provider of its own is enabled, which is not remembered. A version that is another inside is
    left as it is.
    """
    telemetry: Any = getattr(module, "NativeTelemetry", None)
    enabled = getattr(telemetry, "enabled", None)
    in_traces, in_metrics, in_logs = TRACES.variables, METRICS.variables, LOGS.variables
    if enabled is None or in_traces is None or in_metrics is None or in_logs is None:
        return
    (traces, tracer), (metrics, meter), (logs, logger) = in_traces, in_metrics, in_logs

    @functools.wraps(enabled)
    def asked_once(self: Any) -> bool:
        if traces[tracer] is not None or metrics[meter] is not None or logs[logger] is not None:
            return bool(enabled(self))
        if self._reduse_found_disabled:
            return False
        if enabled(self):
            return True
        # Asking sets a provider that the environment names.
        self._reduse_found_disabled = traces[tracer] is None and metrics[meter] is None and logs[logger] is None
        return False

    # Of the telemetry of one application: it was asked, and had none.
    telemetry._reduse_found_disabled = False  # noqa: SLF001 - a name of ours
    telemetry.enabled = asked_once
