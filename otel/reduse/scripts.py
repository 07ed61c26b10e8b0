"""The console scripts, which are there in every installation: where an extra is missing, one line says which.

Imports nothing but the standard library before it knows.
"""

import sys
from collections.abc import Callable
from importlib import import_module

WITHOUT_EXTRA = 2


def reduse() -> None:
    """`reduse`: the command line."""
    _run("reduse", "reduse.cli.main", "stack")


def processor() -> None:
    """`reduse-processor`: the processor."""
    _run("reduse-processor", "reduse.processor.__main__", "processor")


def _run(script: str, module: str, extra: str) -> None:
    try:
        main: Callable[[], None] = import_module(module).main
        main()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "reduse"):
            raise
        sys.stderr.write(f"{script}: {package} is not installed: pip install 'reduse[{extra}]'\n")
        sys.exit(WITHOUT_EXTRA)
