"""VictoriaMetrics and vmalert, built from the Go module that `victoriametrics/go.mod` pins, once, into the cache."""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import commands, golang

MODULE = "github.com/VictoriaMetrics/VictoriaMetrics/app"
STORE = "victoria-metrics"
VMALERT = "vmalert"
# For the tests alone.
RULE_TESTER = "vmalert-tool"
# As `go` in go.mod says.
OLDEST_GO = (1, 26, 6)
BUILD_BYTES = 2 * 2**30
BUILD_CURE = "Check the network to the Go module proxy and the free disk."


def find(settings: Settings, program: str) -> Path | None:
    """The one that was built from what it would be built from now."""
    built = _cache(settings) / program
    return built if built.exists() else None


def build(settings: Settings, program: str) -> Path:
    """Build one, and put it into the cache in one move."""
    target = _cache(settings) / program
    log = settings.log_dir / f"{program}-build.log"
    work = settings.cache / f"building-{program}-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    # Go ignores a go.mod in the folder of temporary files.
    (work / "tmp").mkdir(parents=True)
    try:
        go = golang.find(OLDEST_GO) or golang.install(settings, log)
        for file in _sources(settings):
            shutil.copy(file, work / file.name)
        commands.run(
            [
                *[str(go), "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", str(work / program)],
                f"{MODULE}/{program}",
            ],
            log=log,
            cure=BUILD_CURE,
            environment=golang.environment(go) | {"TMPDIR": str(work / "tmp")},
            directory=work,
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        (work / program).replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _cache(settings: Settings) -> Path:
    """The name changes with all that they are built from."""
    source = hashlib.sha256(b"".join(file.read_bytes() for file in _sources(settings)) + platform.machine().encode())
    return settings.cache / f"victoriametrics-{source.hexdigest()[:12]}"


def _sources(settings: Settings) -> list[Path]:
    return [settings.root / "victoriametrics" / name for name in ("go.mod", "go.sum")]
