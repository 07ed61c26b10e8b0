"""VictoriaMetrics and vmalert, built from the Go module that `victoriametrics/go.mod` pins, once, into the cache."""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import golang

MODULE = "github.com/VictoriaMetrics/VictoriaMetrics/app"
STORE = "victoria-metrics"
VMALERT = "vmalert"
# For the tests alone: ours, on the package of theirs.
RULE_TESTER = "rule-tester"
# As `go` in go.mod says.
OLDEST_GO = (1, 26, 6)
BUILD_BYTES = 2 * 2**30
BUILD_CURE = "Check the network to the Go module proxy and the free disk."


def find(settings: Settings, program: str) -> Path | None:
    """The one that was built from what it would be built from now."""
    built = _cache(settings, program) / program
    return built if built.exists() else None


def build(settings: Settings, program: str) -> Path:
    """Build one, and put it into the cache in one move."""
    target = _cache(settings, program) / program
    log = settings.log_dir / f"{program}-build.log"
    work = settings.cache / f"building-{program}-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    built = work / "built"
    work.mkdir(parents=True)
    try:
        for file in _sources(settings, program):
            copied = work / file.relative_to(_module(settings))
            copied.parent.mkdir(exist_ok=True)
            shutil.copy(file, copied)
        package = f"./{program}" if program == RULE_TESTER else f"{MODULE}/{program}"
        golang.build(settings, OLDEST_GO, work, built, [package], log=log, cure=BUILD_CURE)
        target.parent.mkdir(parents=True, exist_ok=True)
        built.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _cache(settings: Settings, program: str) -> Path:
    """The name changes with all that they are built from."""
    sources = b"".join(file.read_bytes() for file in _sources(settings, program))
    built_from = hashlib.sha256(sources + platform.machine().encode())
    return settings.cache / f"victoriametrics-{built_from.hexdigest()[:12]}"


def _sources(settings: Settings, program: str) -> list[Path]:
    own = [_module(settings) / program / "main.go"] if program == RULE_TESTER else []
    return [*(_module(settings) / name for name in ("go.mod", "go.sum")), *own]


def _module(settings: Settings) -> Path:
    return settings.root / "victoriametrics"
