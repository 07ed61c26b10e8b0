"""What a forked child must not take over from its parent, and when it must send its last values."""

from threading import Lock
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics._internal.metric_reader_storage import MetricReaderStorage
from wrapt import register_post_import_hook

from reduse.distro.lifecycle.telemetry import Telemetry


def forget_parents_sums(provider: MeterProvider) -> None:
    """Have the SDK's instruments start from nothing, in a forked child.

    The SDK gives a child an instance id of its own and leaves it the parent's sums, which would then be counted twice;
    and a lock that the parent's reader held at the fork stays locked in the child for ever. The instruments themselves
    stay: applications hold them.
    """
    consumer: Any = provider._measurement_consumer  # noqa: SLF001 - the SDK has no public way; a test holds it
    consumer._lock = Lock()  # noqa: SLF001
    consumer._reader_storages = {  # noqa: SLF001
        reader: MetricReaderStorage(
            consumer._sdk_config,  # noqa: SLF001
            reader._instrument_class_temporality,  # noqa: SLF001
            reader._instrument_class_aggregation,  # noqa: SLF001
        )
        for reader in consumer._reader_storages  # noqa: SLF001
    }


def flush_forked_processes(telemetry: Telemetry) -> None:
    """Have a process that `multiprocessing` forked send its last values: it ends without running anything at exit."""

    def when_imported(util: Any) -> None:
        def forked(telemetry: Telemetry) -> None:
            util.Finalize(None, telemetry.flush, exitpriority=0)

        util.register_after_fork(telemetry, forked)

    register_post_import_hook(when_imported, "multiprocessing.util")
