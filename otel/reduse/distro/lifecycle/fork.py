"""When a forked child must send its last values."""

import functools
import os
from contextlib import suppress
from typing import Any, NoReturn

from wrapt import register_post_import_hook

from reduse.distro.lifecycle.telemetry import Telemetry


def flush_forked_processes(telemetry: Telemetry) -> None:
    """Have forked processes that end without running anything at exit send their last values before that, once.

    Those of `multiprocessing` (its pools and executors too) and of Celery tell when they end; what remains of all
    others is the call of `os._exit`. There, a child that has measured nothing is not held up. A process that a signal
    ends as it is, as `multiprocessing.Pool.terminate` has it, sends nothing more.
    """
    end = _End(telemetry)
    telemetry.on_fork(end.forked)
    register_post_import_hook(end.follow_multiprocessing, "multiprocessing.util")
    register_post_import_hook(end.follow_celery, "celery.signals")
    end.follow_exits()


class _End:
    """The end of this process, if it is a forked one."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._is_forked = False
        self._flushed = False

    def forked(self) -> None:
        """This process is a child now."""
        self._is_forked, self._flushed = True, False

    def flush(self) -> None:
        """Send the last values, if that was not done."""
        if not self._flushed:
            self._flushed = True
            self._telemetry.flush()

    def follow_multiprocessing(self, util: Any) -> None:
        """Hear of the end of each process that `multiprocessing` forks from this one."""

        def forked(end: _End) -> None:
            util.Finalize(None, end.flush, exitpriority=0)

        util.register_after_fork(self, forked)

    def follow_celery(self, signals: Any) -> None:
        """Hear of the end of each process of Celery's pool, which its parent may wait for only so long after that."""

        def ended(**_signal: Any) -> None:
            self.flush()

        signals.worker_process_shutdown.connect(ended, weak=False)

    def follow_exits(self) -> None:
        """Hear of `os._exit` in a child."""
        exit_at_once = os._exit

        @functools.wraps(exit_at_once)
        def _exit(status: int) -> NoReturn:
            if self._is_forked and self._telemetry.active:
                with suppress(Exception):
                    self.flush()
            exit_at_once(status)

        os._exit = _exit
