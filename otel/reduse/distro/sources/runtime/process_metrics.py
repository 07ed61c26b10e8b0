"""CPU, memory, threads, open files and garbage collection of the process, by contrib's system-metrics instrumentation.

Source: OpenTelemetry semantic conventions, "Process metrics" and "CPython metrics".
"""

from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
from opentelemetry.metrics import MeterProvider

from reduse.distro.sources.instrumentation import Instrumentation, Process

NAME = "system_metrics"

# Only the process: the machine is the collector's to watch, once, and not each worker's.
METRICS: dict[str, list[str] | None] = {
    "process.cpu.time": ["user", "system"],
    "process.cpu.utilization": None,
    "process.memory.usage": None,
    "process.memory.virtual": None,
    "process.thread.count": None,
    "process.open_file_descriptor.count": None,
    "cpython.gc.collections": None,
    "cpython.gc.collected_objects": None,
    "cpython.gc.uncollectable_objects": None,
}


def start_process_metrics(provider: MeterProvider | None) -> None:
    """Report the process that calls, which is the one that does the work; in a forked child, the child."""
    # There is one instrumentor for all; making it again points it at the process that does so.
    instrumentor = SystemMetricsInstrumentor(config=METRICS)
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument(skip_dep_check=True, meter_provider=provider)


def _start(process: Process) -> None:
    process.on_activation(lambda: start_process_metrics(process.meter_provider))


PROCESS_METRICS = Instrumentation(NAME, _start, supersedes=frozenset({NAME}))
