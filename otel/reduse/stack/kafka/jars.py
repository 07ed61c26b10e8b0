"""The jars of Apache Kafka: fetched by Maven by `kafka/pom.xml`, held to the hashes in `kafka/jars.lock`, cached."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from reduse.errors import StackError
from reduse.settings.stack import Settings
from reduse.stack import commands, programs

BYTES = 2**28
CURE = "Check the network to Maven's repositories, as its settings.xml names them, and the free disk."
WRITE = "`./reduse kafka-lock` writes it anew from kafka/pom.xml."


def find(settings: Settings) -> Path | None:
    """The folder with the jars that the lock names, where they have been fetched; they were checked then."""
    folder = _cache(settings)
    return folder if folder.is_dir() else None


def fetch(settings: Settings) -> Path:
    """Fetch them, check each, and put the folder into the cache in one move.

    Raises:
        StackError: Maven cannot fetch them, or one is missing, too many, or another than the lock says.
    """
    target = _cache(settings)
    work = settings.cache / f"fetching-kafka-{os.getpid()}"
    try:
        jars = _resolve(settings, work)
        check(hashes(jars), locked(settings))
        try:
            jars.rename(target)
        except OSError:
            # Another process was first.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def lock(settings: Settings) -> Path:
    """Write the lock from what Maven makes of `kafka/pom.xml` now; for who changes a version there."""
    work = settings.cache / f"fetching-kafka-{os.getpid()}"
    try:
        found = hashes(_resolve(settings, work))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    file = _lock_file(settings)
    file.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(found.items())), encoding="utf-8")
    return file


def check(found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Raise StackError unless these are the files of the lock, by name and SHA-256."""
    for name in sorted({*found, *wanted}):
        if name not in found:
            raise StackError(f"Maven did not fetch {name}, which kafka/jars.lock names: {WRITE}")
        if name not in wanted:
            raise StackError(f"Maven fetched {name}, which kafka/jars.lock does not name: {WRITE}")
        if found[name] != wanted[name]:
            raise StackError(
                f"{name} is another file than the one in kafka/jars.lock ({found[name]}, not {wanted[name]}): "
                "do not run it; ask the operator of the repository that Maven uses."
            )


def locked(settings: Settings) -> dict[str, str]:
    """The SHA-256 of each jar, by its name. Lines are those of sha256sum."""
    lines = _lock_file(settings).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def hashes(folder: Path) -> dict[str, str]:
    """The same of the files of a folder."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def _resolve(settings: Settings, work: Path) -> Path:
    """A folder below `work` with what Maven fetches, by a repository of its own: what others have there is not used."""
    shutil.rmtree(work, ignore_errors=True)
    jars = work / "jars"
    jars.mkdir(parents=True)
    commands.run(
        [
            *[
                str(programs.maven()),
                "--batch-mode",
                "--no-transfer-progress",
                "--file",
                str(_folder(settings) / "pom.xml"),
            ],
            *["dependency:copy-dependencies", "-DincludeScope=runtime"],
            *[f"-DoutputDirectory={jars}", f"-Dmaven.repo.local={work / 'repository'}"],
        ],
        log=settings.log_dir / "kafka-jars.log",
        cure=CURE,
        directory=work,
    )
    return jars


def _cache(settings: Settings) -> Path:
    """The name changes with what is locked."""
    return settings.cache / f"kafka-{hashlib.sha256(_lock_file(settings).read_bytes()).hexdigest()[:12]}"


def _lock_file(settings: Settings) -> Path:
    return _folder(settings) / "jars.lock"


def _folder(settings: Settings) -> Path:
    return settings.root / "kafka"
