"""Odd and broken metrics harm nobody but who sends them: a short run of `./reduse fuzz`."""

import os
import shutil
import signal
import sys
from pathlib import Path
from random import Random

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.fuzz import payloads, values
from tests.fuzz.mutation import mutated, with_broken_text
from tests.fuzz.running import fuzz, store_of
from tests.process import Process

SECONDS = 15
SEED = 3
ROOT = Path(__file__).parents[2]

server = pytest.mark.server
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"
)


@server
@needs_prometheus
def test_an_innocent_service_is_exact_beside_odd_metrics_and_each_of_them_is_counted(
    otelcol: Path, tmp_path: Path
) -> None:
    result = fuzz(otelcol, tmp_path, seconds=SECONDS, number=SEED)
    assert not result.broken, result.as_dict()
    assert result.accepted == result.stored + result.left_out.total() > 0
    assert result.markers > 0


@server
@needs_prometheus
def test_ctrl_c_leaves_nothing_behind(otelcol: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    command = [sys.executable, "-m", "tests.fuzz", f"--otelcol={otelcol}", "--seconds=600"]
    with Process(command, tmp_path / "log", environment=os.environ | {"TMPDIR": str(made)}, directory=ROOT) as process:
        process.wait_until(lambda: bool(list(made.glob("reduse-fuzz-*/agent.log"))))
        # A shell shows 130 for both. Python ends by the signal itself where it came while source text was executed,
        # which is how Hypothesis makes its functions, even though the interrupt is caught.
        assert process.interrupt(60) in {130, -signal.SIGINT}
    assert list(made.iterdir()) == []


def test_a_mutation_is_the_same_again_from_the_same_seed() -> None:
    body = bytes(range(200))
    first, again = Random(1), Random(1)  # noqa: S311 - to be had again
    copies = [mutated(body, first) for _ in range(20)]
    assert copies == [mutated(body, again) for _ in range(20)]
    assert any(copy != body for copy in copies)


def test_broken_text_keeps_the_message_whole_around_it() -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=values.NOT_UTF8, unit="s")
    metric.gauge.data_points.add(as_int=1)
    before = request.SerializeToString()
    after = with_broken_text(before)
    assert len(after) == len(before)
    with pytest.raises(UnicodeDecodeError):
        after.decode()


def test_a_deep_message_is_one() -> None:
    request = ExportMetricsServiceRequest.FromString(payloads.deep(10))
    [point] = request.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points
    value = point.attributes[0].value
    for _ in range(10):
        [value] = value.array_value.values
    assert value.string_value == "innermost"


@pytest.mark.parametrize(("version", "expected"), [("2.42.0+ds", "prometheus-2"), ("3.14.0", "prometheus-3")])
def test_the_gateway_is_told_which_store_it_is(tmp_path: Path, version: str, expected: str) -> None:
    program = tmp_path / "prometheus"
    program.write_text(f"#!/bin/sh\necho 'prometheus, version {version} (branch: HEAD)' >&2\n")
    program.chmod(0o755)
    assert store_of(str(program)) == expected
