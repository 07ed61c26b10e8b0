"""A service whose garbage collector is off, or seldom runs, needs no more memory with us than without us."""

import json
import subprocess

import pytest

from tests.distro.garbage_program import PATHS
from tests.distro.service import ROOT, SCRIPTS, environment
from tests.otlp_receiver import OtlpReceiver

pytestmark = pytest.mark.server


@pytest.mark.parametrize("traces", ["none", "otlp"])
def test_a_request_leaves_no_more_to_the_garbage_collector_than_without_us(traces: str) -> None:
    program = [str(SCRIPTS / "python"), "-m", "tests.distro.garbage_program"]
    with OtlpReceiver() as receiver:
        # An export in between would leave objects of its own.
        variables = environment(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="60000", OTEL_TRACES_EXPORTER=traces)
        plain, ours = (
            json.loads(subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, check=True).stdout)
            for command in (program, [str(SCRIPTS / "opentelemetry-instrument"), *program])
        )
    assert set(plain) == set(PATHS)
    assert ours == plain
