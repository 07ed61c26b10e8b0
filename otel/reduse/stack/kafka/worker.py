"""The processor on Kafka: a worker in a Python environment of its own, whose engine wants other versions than ours."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from reduse.errors import StackError
from reduse.settings.passthrough import PROCESSOR_SETTINGS, given
from reduse.settings.stack import Settings
from reduse.stack import commands, security
from reduse.stack.part import PROCESSOR, Part

LOCK = "requirements-kafka.lock"
BYTES = 2**31


def find(settings: Settings) -> Path | None:
    """The Python of the environment that was made from the lock as it is now."""
    python = _environment(settings) / "bin" / "python"
    return python if python.exists() else None


def build(settings: Settings) -> Path:
    """Make that environment in the cache, in one move. Raises StackError when a package cannot be had."""
    target = _environment(settings)
    work = target.with_name(f"{target.name}.partial-{os.getpid()}")
    log = settings.log_dir / "kafka-worker.log"
    cure = "Check the network to the Python package index and the free disk."
    shutil.rmtree(work, ignore_errors=True)
    try:
        # Its programs would name the folder that it is made in; what is run is the Python alone, which finds its own.
        commands.run([sys.executable, "-m", "venv", str(work)], log=log, cure=cure)
        commands.run(
            [
                *[str(work / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
                *["--require-hashes", "--requirement", str(_lock(settings))],
            ],
            log=log,
            cure=cure,
        )
        try:
            work.rename(target)
        except OSError:
            # Another process was first.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target / "bin" / "python"


def part(settings: Settings) -> Part:
    """The worker in the place of the one processor: its metrics are on the same port."""
    environment = {
        **given(PROCESSOR_SETTINGS),
        "PYTHONPATH": str(settings.root / "otel"),
        "REDUSE_PROCESSOR_METRICS_PORT": str(settings.processor_metrics_port),
        "REDUSE_PROCESSOR_STATE_DIR": str(settings.data_dir / "kafka-worker"),
        **security.processor_environment(settings),
        **security.kafka_environment("processor", settings, settings.secrets_dir),
    }
    python = find(settings)
    if python is None:
        raise StackError(f"the worker's environment is gone from {settings.cache}: start again, which makes it.")
    return Part("processor", PROCESSOR, [str(python), "-m", "reduse.processor.kafka"], environment)


def _environment(settings: Settings) -> Path:
    source = hashlib.sha256(_lock(settings).read_bytes() + sys.version.encode())
    return settings.cache / f"kafka-worker-{source.hexdigest()[:12]}"


def _lock(settings: Settings) -> Path:
    lock = settings.root / LOCK
    if not lock.exists():
        raise StackError(f"{lock} is not there, which the environment of Kafka's workers is made from.")
    return lock
