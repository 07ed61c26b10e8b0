"""The collector binary: one that is given or found, else one built from the module `collector/otelcol` and cached."""

import functools
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reduse.errors import SettingError, StackError
from reduse.settings.stack import Settings
from reduse.stack import commands, golang
from reduse.stack.part import Part
from reduse.yaml_text import read_yaml

BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.160.0"
OLDEST_GO = (1, 26, 0)
# What is in it.
COLLECTOR = "builder.yaml"
PROGRAM = "otelcol"
# What the builder makes of that.
LOCKED = ("components.go", "go.mod", "go.sum", "main.go", "main_others.go")
COMPONENT_KINDS = ("receivers", "processors", "exporters", "extensions")
BUILD_CURE = "Check the network to the Go module proxy and the free disk, or name a built collector in REDUSE_OTELCOL."


def find(settings: Settings) -> Path | None:
    """The collector to use without building: `REDUSE_OTELCOL`, the cached one, or `otelcol-contrib` on PATH."""
    if settings.otelcol is not None:
        lacking = lacking_components(settings.otelcol, settings)
        if lacking:
            raise SettingError(
                f"REDUSE_OTELCOL={settings.otelcol} lacks {', '.join(sorted(lacking))}: unset it to have one built."
            )
        return settings.otelcol
    cached = cached_path(settings)
    if cached.exists():
        return cached
    contrib = shutil.which("otelcol-contrib")
    if contrib and not lacking_components(Path(contrib), settings):
        return Path(contrib)
    return None


def cached_path(settings: Settings) -> Path:
    """Where the built collector is kept: the name changes with all that it is built from."""
    source = hashlib.sha256(platform.machine().encode())
    for part in sorted(sources(settings).rglob("*")):
        if part.suffix in (".go", ".mod", ".sum") and not part.name.endswith("_test.go"):
            source.update(part.relative_to(sources(settings)).as_posix().encode() + part.read_bytes())
    return settings.cache / f"{PROGRAM}-{source.hexdigest()[:12]}" / PROGRAM


def sources(settings: Settings) -> Path:
    """The Go modules that it is built from: the program, which lists its components, and the components of our own."""
    return settings.root / "collector"


def components(wanted: Mapping[str, Any]) -> list[dict[str, str]]:
    """The entries of all kinds of components of a builder file."""
    return [entry for kind in COMPONENT_KINDS for entry in wanted.get(kind, [])]


def build(settings: Settings) -> Path:
    """Build the collector from a copy of its modules, and put it in the cache in one move."""
    target = cached_path(settings)
    log = settings.log_dir / "collector-build.log"
    work = settings.cache / f"building-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        shutil.copytree(sources(settings), work / "collector")
        built = work / PROGRAM
        golang.build(settings, OLDEST_GO, work / "collector" / PROGRAM, built, ["."], log=log, cure=BUILD_CURE)
        target.parent.mkdir(parents=True, exist_ok=True)
        built.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def lock(settings: Settings) -> Path:
    """Write the module `collector/otelcol` with what the collector builder makes of `builder.yaml`; return its folder.

    To run the builder at each build instead would cost more than half of the time: it is compiled first, and then
    fetches every module that any test of any component requires.
    """
    log = settings.log_dir / "collector-lock.log"
    work = settings.cache / f"locking-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        go = golang.toolchain(settings, OLDEST_GO, log)
        environment = golang.environment(go) | {"GOBIN": str(work / "bin"), "TMPDIR": str(work)}
        run = functools.partial(commands.run, log=log, cure=BUILD_CURE, directory=work)
        run([str(go), "install", BUILDER], environment=environment)
        shutil.copytree(sources(settings), work / "collector")
        module = work / "collector" / PROGRAM
        shutil.rmtree(module, ignore_errors=True)
        builder = [str(work / "bin" / "builder"), "--skip-compilation", "--config", str(builder_file(settings))]
        # The builder reads its environment over the recipe, by the names of its keys.
        run(builder, environment={**environment, "dist.output_path": str(module)})
        written = [module / name for name in LOCKED]
        run(
            [str(go.with_name("gofmt")), "-w", *(str(path) for path in written if path.suffix == ".go")],
            environment=environment,
        )
        target = sources(settings) / PROGRAM
        target.mkdir(exist_ok=True)
        for path in written:
            shutil.copy(path, target / path.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def builder_file(settings: Settings) -> Path:
    return settings.root / "collector-config" / COLLECTOR


def validate(collectors: Iterable[Part], settings: Settings) -> None:
    """Let the collector read the configuration of each, before anything starts.

    A binary can have every component and still refuse: receivers of one release do not always fit the core of another.
    """
    for part in collectors:
        program, *configuration = part.command
        commands.run(
            [program, "validate", *configuration],
            log=settings.log_dir / "collector-validate.log",
            cure="Unset REDUSE_OTELCOL (or take otelcol-contrib off PATH) to have a collector built that fits.",
            environment={"PATH": os.environ["PATH"], **part.environment},
            directory=part.directory,
        )


def lacking_components(binary: Path, settings: Settings) -> set[str]:
    """The components of the builder file that `binary` does not have, by Go module."""
    wanted = read_yaml(builder_file(settings).read_text())
    modules = {entry["gomod"].split()[0] for entry in components(wanted)}
    try:
        output = subprocess.run([binary, "components"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise StackError(f"{binary} does not run as a collector: {error}.") from None
    return {module for module in modules if module not in output}
