"""Every command is there at once: what takes long to import is imported by those alone that need it."""

import json
import subprocess
import sys

import pytest

SLOW = {"locust", "matplotlib", "numba", "numpy", "pyarrow"}


@pytest.mark.slow
def test_what_takes_long_to_import_is_not_imported_at_the_start() -> None:
    program = "import json, sys, reduse.cli.main; print(json.dumps(list(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(json.loads(finished.stdout)) & SLOW == set()
