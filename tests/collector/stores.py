"""The stores that the gateway is tried on: the installed Prometheus 2, a Prometheus 3 where one is named, and
VictoriaMetrics."""

import os
import shutil

import pytest

from reduse.settings.stack import Settings
from reduse.stack.store import building

# A Prometheus of release 3.9 or later, which Debian has not. CONTRIBUTING.md says how it is built.
PROMETHEUS_3 = os.environ.get("TEST_PROMETHEUS_3", "prometheus-3")

each_store = [
    pytest.param(
        "prometheus",
        id="prometheus-2",
        marks=pytest.mark.skipif(
            shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"
        ),
    ),
    pytest.param(PROMETHEUS_3, id="prometheus-3", marks=pytest.mark.extended),
    pytest.param(building.STORE, id="victoriametrics"),
]
"""Programs, for a fixture or a test that takes each; `found` has the last one built."""


def found(program: str) -> str:
    """`program` as it can be started."""
    return str(built(program)) if program == building.STORE else program


def built(program: str) -> os.PathLike[str]:
    """One of VictoriaMetrics' programs, as `./reduse up --store victoriametrics` builds it."""
    settings = Settings()
    return building.find(settings, program) or building.build(settings, program)
