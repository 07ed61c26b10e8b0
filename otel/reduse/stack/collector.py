"""The collector binary: one that is given or found, else one built from a file in `collector-config` and cached."""

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
# What it is built from.
COLLECTOR = "builder.yaml"
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
    file = builder_file(settings)
    wanted = read_yaml(file.read_text())
    source = hashlib.sha256(file.read_bytes() + BUILDER.encode() + platform.machine().encode())
    for module in own_modules(wanted, settings):
        for part in sorted(module.rglob("*")):
            if part.suffix in (".go", ".mod", ".sum") and not part.name.endswith("_test.go"):
                source.update(part.relative_to(module).as_posix().encode() + part.read_bytes())
    name: str = wanted["dist"]["name"]
    return settings.cache / f"{name}-{source.hexdigest()[:12]}" / name


def own_modules(wanted: Mapping[str, Any], settings: Settings) -> list[Path]:
    """The folders of the Go modules of this repository that a builder file names."""
    return sorted({settings.root / entry["path"] for entry in components(wanted) if "path" in entry})


def components(wanted: Mapping[str, Any]) -> list[dict[str, str]]:
    """The entries of all kinds of components of a builder file."""
    return [entry for kind in COMPONENT_KINDS for entry in wanted.get(kind, [])]


def build(settings: Settings) -> Path:
    """Build the collector with the collector builder, and put it in the cache in one move."""
    target = cached_path(settings)
    log = settings.log_dir / "collector-build.log"
    work = settings.cache / f"building-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        go = golang.toolchain(settings, OLDEST_GO, log)
        environment = golang.environment(go) | {"GOBIN": str(work / "bin")}
        commands.run([str(go), "install", BUILDER], log=log, cure=BUILD_CURE, environment=environment, directory=work)
        copy_sources(work, settings)
        commands.run(
            [str(work / "bin" / "builder"), "--config", f"collector-config/{COLLECTOR}"],
            log=log,
            cure=BUILD_CURE,
            # The builder reads its environment over the recipe, by the names of its keys.
            environment={**environment, "dist.output_path": str(work / "source"), "TMPDIR": str(work)},
            directory=work,
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        (work / "source" / target.name).replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def copy_sources(folder: Path, settings: Settings) -> None:
    """Put what is built from into `folder`, laid out as in the repository, as Dockerfile.collector does.

    A `path` of the recipe is from there. In the repository itself the builder could not run: in the go.mod that it
    writes no path may have a space.
    """
    file = builder_file(settings)
    for module in own_modules(read_yaml(file.read_text()), settings):
        shutil.copytree(module, folder / module.relative_to(settings.root), dirs_exist_ok=True)
    copy = folder / file.relative_to(settings.root)
    copy.parent.mkdir()
    shutil.copy(file, copy)


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
