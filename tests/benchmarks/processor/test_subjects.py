"""What cannot be measured is left out with the reason; what counts wrongly ends the measurement."""

from pathlib import Path

import pytest

from benchmarks.processor import worker
from benchmarks.processor.prometheus_way import PROMETHEUS_WAY
from benchmarks.processor.subjects import NAMES, missing
from benchmarks.processor.traffic import SECOND, Second, Slice, Traffic
from benchmarks.processor.worker import PARSE_ONLY, PEER, PYTHON_LOOP, Worker
from reduse.wire import WHOLE

BEGIN = 1_700_000_000 * SECOND


def test_without_prometheus_its_way_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "prometheus" in missing(NAMES)[PROMETHEUS_WAY]


def test_without_a_collector_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "prometheus"
    program.touch()
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("REDUSE_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("REDUSE_OTELCOL", raising=False)
    assert "REDUSE_OTELCOL" in missing([PROMETHEUS_WAY])[PROMETHEUS_WAY]


def test_without_bytewax_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "find_spec", lambda _: None)
    assert "bytewax" in missing([PEER])[PEER]
    assert missing([PARSE_ONLY]) == {}


@pytest.mark.slow
def test_a_worker_measures_and_a_wrong_count_ends_it() -> None:
    load = Traffic(400, BEGIN).slice(2)
    with Worker(PYTHON_LOOP, None) as loop:
        assert loop.measure(load) > 0
        with pytest.raises(RuntimeError, match="counted"):
            loop.measure(Slice(load.seconds, Second((), 0, 1, ())))


@pytest.mark.slow
def test_an_error_in_a_worker_is_told() -> None:
    broken = Slice((), Second((b"\xff",), 1, 1, (WHOLE,)))
    with Worker(PARSE_ONLY, None) as parsing, pytest.raises(RuntimeError, match="parse_only: DecodeError"):
        parsing.measure(broken)
