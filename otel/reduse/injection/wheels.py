"""Wheels: fetched for another interpreter than this one, and unpacked each to a folder of its own."""

import email
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name, parse_wheel_filename

from reduse.errors import StackError
from reduse.injection.requirements import Metadata
from reduse.injection.targets import Target

_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def fetch(lines: Iterable[str], target: Target, to: Path) -> list[Path]:
    """The wheels of these lines of a lock file, checked by their hashes, as the target needs them."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        platforms = [f"--platform={each}" for each in target.platforms]
        _run(
            *(*_PIP, "download", "--require-hashes", "--no-deps", "--only-binary=:all:", *platforms),
            *(
                "--implementation=cp",
                f"--python-version={target.version}",
                f"--dest={to}",
                f"--requirement={file.name}",
            ),
        )
    return sorted(to.glob("*.whl"))


def build(root: Path, to: Path) -> Path:
    """The wheel of this checkout."""
    _run(*_PIP, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={to}", str(root))
    return next(to.glob("*.whl"))


def _run(*command: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        said = [line for line in finished.stderr.splitlines() if line.strip()]
        raise StackError(f"pip: {said[-1] if said else 'failed'}")


def metadata_of(wheel: Path) -> Metadata:
    """What it says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        file = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = email.message_from_bytes(archive.read(file))
    return Metadata(str(headers["Version"]), tuple(headers.get_all("Requires-Dist", ())))


def name_of(wheel: Path) -> str:
    """Of the distribution."""
    return canonicalize_name(parse_wheel_filename(wheel.name)[0])


def is_pure(wheel: Path) -> bool:
    """Whether every interpreter and system can use it."""
    return all(tag.abi == "none" and tag.platform == "any" for tag in parse_wheel_filename(wheel.name)[3])


def unpack(wheel: Path, to: Path) -> None:
    """As an installer does that compiles nothing and makes no scripts (PEP 427)."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".data/purelib/" in name or ".data/platlib/" in name:
                raise StackError(f"{wheel.name} has parts elsewhere than at its root.")
        archive.extractall(to, [name for name in archive.namelist() if ".data/" not in name])


def modules(wheel: Path) -> list[str]:
    """The top-level modules and packages, without those that are spread over several distributions (PEP 420)."""
    with zipfile.ZipFile(wheel) as archive:
        paths = [PurePosixPath(name) for name in archive.namelist()]
    packages = {path.parts[0] for path in paths if path.parts[1:] == ("__init__.py",)}
    single = {path.name.split(".")[0] for path in paths if len(path.parts) == 1 and path.suffix in (".py", ".so")}
    return sorted(packages | single)
