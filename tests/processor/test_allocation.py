"""Freed memory stays for the next columns, up to a bound."""

import platform
import subprocess
import sys

import pytest

from reduse.processor import allocation

_PROGRAM = """
import resource, sys
import numpy as np
from reduse.processor.allocation import keep_freed_memory
assert keep_freed_memory() or sys.argv[1] == "as it is"

def churn():
    for _ in range(20):
        # Touched from end to end, and given back together, as the columns of a window are.
        [np.ones(size) for size in [500_000] * 12]

churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(program: str) -> int:
    """Pages that the system had to give anew."""
    finished = subprocess.run([sys.executable, "-c", program, ""], capture_output=True, text=True, check=True)
    return int(finished.stdout)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told so")
def test_columns_that_come_and_go_take_no_new_pages() -> None:
    without = _PROGRAM.replace("assert keep_freed_memory()", "assert True")
    assert faults(_PROGRAM) < 1000 < faults(without)


def test_a_c_library_that_cannot_be_told_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert not allocation.keep_freed_memory()
