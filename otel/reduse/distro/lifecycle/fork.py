"""When a forked child must send its last values."""

from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.lifecycle.telemetry import Telemetry


def flush_forked_processes(telemetry: Telemetry) -> None:
    """Have a process that `multiprocessing` forked send its last values: it ends without running anything at exit."""

    def when_imported(util: Any) -> None:
        def forked(telemetry: Telemetry) -> None:
            util.Finalize(None, telemetry.flush, exitpriority=0)

        util.register_after_fork(telemetry, forked)

    register_post_import_hook(when_imported, "multiprocessing.util")
