"""The benchmark measures everything it names, on a real broker and real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.scaling.__main__ import INTERRUPTED
from benchmarks.scaling.report import ROWS
from tests.process import Process

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
    made = tmp_path / "made"
    made.mkdir()
    with Process([*PROGRAM, *TINY], tmp_path / "log", environment=os.environ | {"TMPDIR": str(made)}) as process:
        process.wait_until(lambda: "shards" in process.output(), SECONDS)
        assert process.interrupt() == INTERRUPTED, process.output()
    assert "Stopped." in process.output()
    assert list(made.iterdir()) == []
    left = [each.pid for each in psutil.process_iter(["environ"]) if _is_of(each, made)]
    assert left == []


def _is_of(process: psutil.Process, folder: Path) -> bool:
    """Whether it is one that the benchmark started; of others' processes nobody may be told."""
    environment = process.info["environ"] or {}
    return environment.get("TMPDIR") == str(folder)
