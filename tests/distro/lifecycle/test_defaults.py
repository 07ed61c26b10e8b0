"""Whoever else follows the standard variables finds them as the deployment has set them."""

import json
import os
import subprocess

import pytest

from reduse.distro.lifecycle.defaults import defaults_laid, lay_defaults, withdraw_defaults
from tests.distro.service import ROOT, SCRIPTS, environment

PROGRAM = "import os, json; print(json.dumps(dict(os.environ)))"
# So that the processes of a service run the same distro; and the path that has them instrumented at all.
OURS = {"OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR", "PYTHONPATH"}


@pytest.mark.server
def test_a_service_and_what_it_starts_see_the_environment_of_the_deployment() -> None:
    given = environment("http://127.0.0.1:1", OTEL_METRIC_EXPORT_INTERVAL="")
    command = [str(SCRIPTS / "opentelemetry-instrument"), str(SCRIPTS / "python"), "-c", PROGRAM]
    finished = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=True)
    seen = json.loads(finished.stdout)
    assert {name: value for name, value in seen.items() if name not in OURS and given.get(name) != value} == {}
    assert given.keys() - seen.keys() == set()


def test_defaults_are_there_as_long_as_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "")
    lay_defaults(os.environ)
    with defaults_laid():
        assert os.environ["OTEL_TRACES_EXPORTER"] == "none"
    assert os.environ["OTEL_TRACES_EXPORTER"] == "none"
    withdraw_defaults()
    assert "OTEL_TRACES_EXPORTER" not in os.environ
    assert os.environ["OTEL_METRICS_EXPORTER"] == ""
    with defaults_laid():
        assert os.environ["OTEL_METRICS_EXPORTER"] == "otlp"
    assert os.environ["OTEL_METRICS_EXPORTER"] == ""
