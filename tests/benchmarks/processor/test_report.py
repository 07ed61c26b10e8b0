"""What is reported, with and without all figures."""

import numpy as np
import pytest
from rich.console import Console

from benchmarks.processor.memory import BYTES_PER_USER, Memory, parts
from benchmarks.processor.prometheus_way import PROMETHEUS_WAY
from benchmarks.processor.report import Report, as_dict, tables
from benchmarks.processor.rounds import Measurement
from benchmarks.processor.small_windows import SmallWindows
from benchmarks.processor.subjects import TITLES
from benchmarks.processor.worker import DECODE_TO_STATE, PARSE_ONLY

SMALL = SmallWindows(0.25, 0.25, 9_000, 8.0)
MEMORY = Memory(1000, 90.0, 120.0, 200.0, {"repeats": 48.0})


def test_goals_are_held_against_what_was_measured() -> None:
    measured = Measurement({name: [100.0, 100.0] for name in TITLES})
    figures = as_dict(Report(1000, 50, measured, MEMORY, SMALL, {}))
    assert figures["decode_to_state_over_parse_only"] == 1
    assert figures["bytes_per_user"] == 90
    assert figures["empty_state_bytes"] == 9000
    assert {name: goal["reached"] for name, goal in figures["goals"].items()} == {
        "decode_to_state_over_parse_only": True,
        "served_durable_over_parse_only": True,
        "served_durable_over_prometheus_way": False,
        "served_with_history_over_served_durable": True,
        BYTES_PER_USER: True,
        "close_window_100_users_ms": True,
        "encode_window_100_users_ms": False,
        "empty_state_bytes": True,
        "block_128_us": True,
    }
    assert figures["parse_only_dps"] == {
        "median": 100,
        "interval": [100, 100],
        "quartiles": [100, 100],
        "rounds": 2,
        "overall": 100,
    }


def test_what_is_missing_is_null_and_the_table_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    measured = Measurement({PARSE_ONLY: [100.0], DECODE_TO_STATE: [50.0]})
    report = Report(1000, 50, measured, None, None, {PROMETHEUS_WAY: "no collector"})
    figures = as_dict(report)
    assert figures["decode_to_state_over_parse_only"] == 0.5
    for name in ("served_durable_dps", "prometheus_way_dps", "bytes_per_user", "memory", "peer_dps", "block_128_us"):
        assert figures[name] is None
    assert figures["served_durable_over_prometheus_way_interval"] is None
    assert figures["goals"][BYTES_PER_USER] == {"measured": None, "goal": 100, "reached": None}
    assert figures["missing"] == {PROMETHEUS_WAY: "no collector"}
    Console(width=200).print(tables(report))
    assert "prometheus_way was not measured: no collector" in capsys.readouterr().out


def test_parts_of_the_state_are_weighed_by_their_arrays() -> None:
    words = np.zeros(10, np.uint64)
    service = {
        "windows": [[7, {"users": words, "loads": [[1, 2]]}]],
        "directory": {"segments": [[words, words]]},
        "processors": {"a": {"x": words}, "b": {"y": 1}},
    }
    state = {"services": [service, service], "repeats": {"users": words, "keys": [words]}}
    assert parts(state) == {"repeats": 160, "open windows": 160, "directory": 320, "a": 160, "b": 0}
