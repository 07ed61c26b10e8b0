"""Which programs are run: those that settings name, else those on PATH, else those of Debian's packages."""

import os
import shutil
from pathlib import Path

from reduse.errors import SettingError
from reduse.settings.stack import PREFIX, Settings
from reduse.stack.packages import ALERTMANAGER, AMTOOL, JAVA, MAVEN, POSTGRES_BIN, PROMETHEUS, PROMTOOL

POSTGRESQL_PROGRAMS = ("initdb", "postgres")


def prometheus(settings: Settings) -> Path:
    """Each of these: raises SettingError when a program is named and not there."""
    return _named("prometheus_program", settings) or _found("prometheus") or PROMETHEUS


def promtool(settings: Settings) -> Path:
    return (
        _named("promtool_program", settings)
        or _beside(settings.prometheus_program, "promtool")
        or _found("promtool")
        or PROMTOOL
    )


def alertmanager(settings: Settings) -> Path:
    # Debian's has a name of its own.
    return (
        _named("alertmanager_program", settings)
        or _found("alertmanager")
        or _found("prometheus-alertmanager")
        or ALERTMANAGER
    )


def amtool(settings: Settings) -> Path:
    return (
        _named("amtool_program", settings)
        or _beside(settings.alertmanager_program, "amtool")
        or _found("amtool")
        or AMTOOL
    )


def victoriametrics(settings: Settings) -> Path | None:
    """The one that is named; otherwise it is built, and so is the next."""
    return _named("victoriametrics_program", settings)


def vmalert(settings: Settings) -> Path | None:
    return _named("vmalert_program", settings)


def java(settings: Settings) -> Path:
    return _named("java_program", settings) or _found("java") or JAVA


def maven() -> Path:
    """What the jars of Kafka are fetched with: its own settings say from where."""
    return _found("mvn") or MAVEN


def postgresql(settings: Settings) -> Path:
    """The folder of PostgreSQL's programs."""
    folder = settings.postgresql_bin
    if folder is None:
        return POSTGRES_BIN
    lacking = [name for name in POSTGRESQL_PROGRAMS if not _runs(folder / name)]
    if lacking:
        raise SettingError(
            f"REDUSE_POSTGRESQL_BIN={folder}: no program {lacking[0]} is there; name another, or unset it."
        )
    return folder


def _named(field: str, settings: Settings) -> Path | None:
    program: Path | None = getattr(settings, field)
    if program is not None and not _runs(program):
        raise SettingError(f"{PREFIX}{field.upper()}={program}: no such program; name another, or unset it.")
    return program


def _beside(program: Path | None, name: str) -> Path | None:
    return program.with_name(name) if program is not None and _runs(program.with_name(name)) else None


def _found(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _runs(program: Path) -> bool:
    return program.is_file() and os.access(program, os.X_OK)
