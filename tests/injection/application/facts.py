"""A program that says what it sees of its own packages, after it has imported what is measured."""

import importlib
import json
import sys
from importlib import metadata

import starlette.applications  # noqa: F401 - what is measured

NAMES = {
    "google.protobuf": "protobuf",
    "typing_extensions": "typing-extensions",
    "wrapt": "wrapt",
    "psutil": "psutil",
    "opentelemetry.trace": "opentelemetry-api",
}


def fact(module: str, distribution: str) -> list[str | None] | str:
    try:
        found = importlib.import_module(module)
        return [found.__file__, metadata.version(distribution)]
    except (ImportError, metadata.PackageNotFoundError) as error:
        return type(error).__name__


present = set(sys.argv[1:])
facts = {module: fact(module, name) for module, name in NAMES.items() if module in present}
print(json.dumps([facts, sys.path]))
print("measured" if "reduse.distro.lifecycle.telemetry" in sys.modules else "plain", file=sys.stderr)
