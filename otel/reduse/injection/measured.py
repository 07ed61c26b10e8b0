"""Which modules would be measured if an application imported them: those that the distro waits for.

Asked of a process of its own, since whoever starts the distro has it.
"""

import json
import subprocess
import sys
from collections.abc import Callable

import wrapt

from reduse.errors import StackError

# Who uses the API has something to be measured too.
ALWAYS = ("opentelemetry",)


def measured_modules() -> list[str]:
    """The top-level names."""
    command = (sys.executable, "-m", "reduse.injection.measured")
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise StackError(f"the distro does not start: {finished.stderr.strip().splitlines()[-1]}")
    names: list[str] = json.loads(finished.stdout)
    return names


def _asked_for() -> list[str]:
    names: set[str] = set(ALWAYS)

    def note(_hook: Callable[..., object], name: str) -> None:
        names.add(name.partition(".")[0])

    wrapt.register_post_import_hook = note  # type: ignore[assignment]
    from reduse.distro.base.settings import Settings, set_defaults
    from reduse.distro.lifecycle.instrumentations import start_instrumentations
    from reduse.distro.lifecycle.telemetry import Telemetry

    environment: dict[str, str] = {}
    set_defaults(environment)
    start_instrumentations(Telemetry(Settings.from_environment(environment)), environment)
    return sorted(names - sys.stdlib_module_names)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_asked_for()))
