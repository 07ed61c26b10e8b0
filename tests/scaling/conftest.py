"""A cluster, where its parts are there."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.stack.collector import BALANCER, COLLECTOR
from tests.scaling.cluster import Cluster, built


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    otelcol, balancer = built(COLLECTOR), built(BALANCER)
    if shutil.which("prometheus") is None or otelcol is None:
        pytest.skip("no Prometheus or no collector: `./reduse up` brings them")
    if balancer is None:
        pytest.skip("no balancer: have one built by `./reduse collector --balancer`")
    with Cluster(otelcol, balancer, tmp_path) as started:
        yield started
