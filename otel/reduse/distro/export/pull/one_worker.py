"""One port does not support several workers: each would answer with its own part of the counts.

So a supervisor that is about to start more than one ends with a line, whoever asked for them: the command line,
WEB_CONCURRENCY, a configuration file or the application's own call.
"""

import functools
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.base.errors import ConfigurationError, stop


def refuse_several_workers() -> None:
    """Refuse them in the supervisors of uvicorn (`fastapi run` too) and gunicorn, now or when these are imported."""
    register_post_import_hook(_in_uvicorn, "uvicorn.supervisors.multiprocess")
    register_post_import_hook(_in_gunicorn, "gunicorn.arbiter")


def _in_uvicorn(module: Any) -> None:
    supervisor = module.Multiprocess
    run = supervisor.run

    @functools.wraps(run)
    def run_one(self: Any) -> None:
        _refuse("uvicorn", self.processes_num)
        run(self)

    supervisor.run = run_one


def _in_gunicorn(module: Any) -> None:
    supervisor = module.Arbiter
    start = supervisor.start

    @functools.wraps(start)
    def start_one(self: Any) -> None:
        _refuse("gunicorn", self.num_workers)
        start(self)

    supervisor.start = start_one


def _refuse(server: str, workers: int) -> None:
    if workers > 1:
        stop(
            ConfigurationError(
                f"OTEL_METRICS_EXPORTER=prometheus does not support {workers} workers of {server}: "
                "run one worker, or push with OTEL_METRICS_EXPORTER=otlp"
            )
        )
