"""The beginning: look, then add what is missing, then measure; or leave everything as it was and say why."""

import importlib
import os
import sys
from pathlib import Path

from .fitness import Contents, application_versions, misfits, satisfaction
from .packages import Packages, forget, interpreter

_CURE = "install compatible versions in the application, or remove the annotation"


def begin(root: Path, *, forked: bool) -> None:
    """Measure this process, or say one line on stderr why not. Never raises."""
    try:
        reason = _begin(root, forked)
    except Exception as error:  # noqa: BLE001 - whatever of ours fails, the application goes on
        reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        _say(reason)


def _begin(root: Path, forked: bool) -> str | None:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    ours = root / interpreter()
    if not ours.is_dir():
        there = ", ".join(sorted(each.name for each in root.glob("cpython-*")))
        return f"there are no packages for {interpreter()} here: there are for {there}"
    contents = Contents.read(ours / "packages.json")
    versions = application_versions(contents.packages)
    satisfies = satisfaction(root / "any" / "packaging" / "packaging")
    if reasons := misfits(contents.needs, versions, satisfies):
        return f"{'; '.join(reasons)}: {_CURE}"
    added = [each for each in contents.packages if each.name not in versions]
    return _measure(Packages([root / each.folder for each in added]), forked)


def _measure(packages: Packages, forked: bool) -> str | None:
    environment = dict(os.environ)
    sys.meta_path.append(packages)
    try:
        importlib.import_module("reduse.distro.lifecycle.injection").measure(os.environ, forked=forked)
    except Exception as error:  # noqa: BLE001 - as above
        if type(error).__name__ != "ConfigurationError" and not isinstance(error, ImportError):
            # Something is in place already, and needs its modules.
            return f"{type(error).__name__}: {error}"
        forget(packages)
        return str(error)
    finally:
        _set_back(environment)
    return None


def _set_back(environment: dict[str, str]) -> None:
    for name in [name for name in os.environ if name not in environment]:
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _say(reason: str) -> None:
    line = " ".join(reason.split())
    try:
        sys.stderr.write(f"reduse: not measured: {line}\n")
    except Exception:  # noqa: BLE001 - stderr is closed, or there is none
        return
