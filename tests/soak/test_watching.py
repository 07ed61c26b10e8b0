"""What a soak sees of the memory of parts."""

import subprocess
import sys

import pytest

from reduse.soak.watching import memory_of_family

SHARED = 64 << 20
# As PostgreSQL: memory that all of the family have mapped, and each has touched.
PROGRAM = f"""
import mmap, os, sys
shared = mmap.mmap(-1, {SHARED})
shared.write(b"x" * {SHARED})
for _ in range(3):
    come, go = os.pipe()
    if os.fork() == 0:
        sum(memoryview(shared)[::4096])
        os.write(go, b"x")
        sys.stdin.read()
        os._exit(0)
    os.read(come, 1)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_what_a_family_of_processes_shares_is_counted_once() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as head:
        assert head.stdin is not None
        assert head.stdout is not None
        assert head.stdout.readline() == b"ready\n"
        found = memory_of_family(head.pid)
        head.stdin.close()
    assert SHARED < found < 2 * SHARED
