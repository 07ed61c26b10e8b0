"""The benchmark measures everything it names, on a real broker and real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.scaling.__main__ import INTERRUPTED
from benchmarks.scaling.report import ROWS

pytestmark = pytest.mark.server

PROGRAM = [sys.executable, "-m", "benchmarks.scaling"]
TINY = ["--users=200", "--seconds=2", "--latency-seconds=6", "--rounds=1", "--json"]
NAMED = (
    "served_durable_us",
    "kafka_worker_us",
    "broker_us",
    "sixteen_shards_over_one",
    "latency_p50_s",
    "latency_p99_s",
    "state_bytes_per_user",
)
SECONDS = 150


def test_every_figure_is_measured() -> None:
    finished = subprocess.run([*PROGRAM, *TINY], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert {*NAMED, *(row.name for row in ROWS)} <= found.keys()
    assert found["points"] == 2 * (200 // 10 + 2) + 2
    assert found["windows_timed"] >= 1
    assert all(found[name] > 0 for name in NAMED)


def test_an_interrupt_ends_all_that_it_has_started(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*PROGRAM, *TINY], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "shards" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == INTERRUPTED, rest
    assert "Stopped." in rest
    assert list(tmp_path.iterdir()) == []
    left = [each.pid for each in psutil.process_iter(["environ"]) if _is_of(each, tmp_path)]
    assert left == []


def _is_of(process: psutil.Process, folder: Path) -> bool:
    """Whether it is one that the benchmark started; of others' processes nobody may be told."""
    environment = process.info["environ"] or {}
    return environment.get("TMPDIR") == str(folder)
