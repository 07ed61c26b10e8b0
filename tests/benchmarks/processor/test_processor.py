"""The benchmark itself, with loads too small to mean anything."""

import json
import subprocess
import sys

import pytest

from benchmarks.processor.subjects import TITLES, missing
from tests.server import ROOT

pytestmark = pytest.mark.server

USERS = 2000
SHORTEST = (
    *("--rounds=2", f"--users={USERS}", "--slice-seconds=1", "--memory-seconds=12"),
    *(f"--prometheus-users={USERS}", "--prometheus-seconds=1"),
)


def test_it_measures_every_way_and_each_has_counted_all_requests() -> None:
    command = [sys.executable, "-m", "benchmarks.processor", "--json", *SHORTEST]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["rounds"] == 2
    assert (figures["users"], figures["users_per_export"], figures["instances"]) == (USERS, USERS // 20, 2)
    absent = missing(list(TITLES))
    assert set(figures["missing"]) == set(absent)
    for name in TITLES:
        if name in absent:
            assert figures[f"{name}_dps"] is None
            continue
        found = figures[f"{name}_dps"]
        assert found["rounds"] == 2
        assert found["median"] > 0
        assert found["overall"] > 0
    assert figures["decode_to_state_over_parse_only"] > 0
    assert figures["bytes_per_user"] > 0
    assert figures["memory"]["by_part"]["repeats"] > 0
    assert 0 < figures["empty_state_bytes"] < 20_000
    for name in ("close_window_100_users_ms", "encode_window_100_users_ms", "block_128_us"):
        assert figures[name] > 0
    assert "round 2" in finished.stderr


def test_only_what_is_asked_for_is_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.processor", "--only=parse_only", "--only=python_loop", *SHORTEST]
    finished = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(finished.stdout)
    measured = {name for name in TITLES if figures[f"{name}_dps"] is not None}
    assert measured == {"parse_only", "python_loop"}
    assert figures["bytes_per_user"] is None
    assert figures["missing"] == {}
