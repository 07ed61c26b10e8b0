"""The benchmark itself, with rounds too short to mean anything."""

import json
import subprocess
import sys

import pytest

from benchmarks.distro.database_client import DRIVERS
from benchmarks.distro.messaging_client import OPERATIONS
from benchmarks.distro.subjects import BARE, CONTRIB, FLOOR, OURS, OURS_BY_PATH, OURS_POLICIES, OURS_RED
from tests.server import ROOT

pytestmark = pytest.mark.server

USERS = 200
SHORTEST = ("--rounds=2", "--passes=1", "--first-requests=100", f"--users={USERS}", "--exports=2", "--starts=1")


@pytest.mark.timeout(700)
def test_it_measures_every_subject_and_each_has_counted_all_requests() -> None:
    command = [sys.executable, "-m", "benchmarks.distro", "--json", *SHORTEST]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["rounds"] == 2
    assert figures["steady"] is False
    assert figures["bare_us"]["median"] > 0
    added = figures["added_us"]
    others = {"prometheus-fastapi-instrumentator", "starlette-exporter", "fastapi", "contrib-metrics", "contrib-traces"}
    assert set(added) == {FLOOR, OURS_RED, OURS, OURS_POLICIES, CONTRIB} | others
    assert BARE not in added
    assert added.pop(FLOOR)["counted"] is None
    for subject in added.values():
        assert set(subject) == {"median", "background", "interval", "quartiles", "rounds", "requests", "counted"}
        assert subject["rounds"] == 2
        assert subject["counted"] == subject["requests"] > 100
    assert figures["lightest"] in others | {CONTRIB}
    for ratio in ("ratio_lightest", "ratio_contrib"):
        assert isinstance(figures[ratio], float)
        assert len(figures[f"{ratio}_interval"]) == 2
    for kind, operations in (("database", set(DRIVERS)), ("messaging", set(OPERATIONS))):
        assert set(figures[f"ratio_{kind}"]) == set(figures[f"ratio_{kind}_interval"]) == operations
        assert set(figures[f"{kind}_us"]) == operations
        for costs in figures[f"{kind}_us"].values():
            assert {subject: cost["rounds"] for subject, cost in costs.items()} == {"bare": 2, "ours": 2, "contrib": 2}
            assert costs["bare"]["median"] > 0
    assert figures["bytes_per_user"] > 0
    assert set(figures["added_footprint"]) == {OURS, OURS_BY_PATH, CONTRIB}
    for footprint in figures["added_footprint"].values():
        assert set(footprint) == {"memory_mb", "threads", "start_ms", "start_cpu_ms"}
        assert footprint["memory_mb"] > 0
    export = figures["export"]
    assert (export.pop("users"), export.pop("exports")) == (USERS, 2)
    holds = {"hold_ms", "median_hold_ms", "idle_hold_ms", "median_idle_hold_ms"}
    assert set(export) == {"cpu_ms"} | holds
    assert "round 2:" in finished.stderr
