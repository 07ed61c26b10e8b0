"""The gateway is away: what the agent's queue has room for is stored, in order, and totals are right in any case."""

from pathlib import Path

import pytest

from benchmarks.outage.__main__ import shown
from benchmarks.outage.outage import outage
from tests.collector import pipeline

pytestmark = pytest.mark.server


@pytest.mark.timeout(300)
def test_what_a_queue_has_room_for_is_stored_when_the_gateway_is_back(otelcol: Path, tmp_path: Path) -> None:
    with pipeline.running(otelcol, tmp_path) as running:
        found = outage(running, services=20, seconds=60, routes=2)
    assert found.held, shown(found)
    assert found.refused == 0
    assert found.seconds_to_full > found.outage_seconds


@pytest.mark.timeout(600)
def test_with_a_full_queue_totals_are_right_and_what_was_taken_is_stored(otelcol: Path, tmp_path: Path) -> None:
    with pipeline.running(otelcol, tmp_path, queue_bytes=2 * 2**20) as running:
        found = outage(running, services=40, seconds=60, routes=5)
    assert found.held, shown(found)
    assert found.refused
    assert found.queued <= found.capacity


@pytest.mark.extended
@pytest.mark.timeout(3600)
def test_ten_minutes_of_a_hundred_services_are_caught_up_with(otelcol: Path, tmp_path: Path) -> None:
    with pipeline.running(otelcol, tmp_path, queue_bytes=2**31) as running:
        found = outage(running, services=100, seconds=600, routes=5)
    assert found.held, shown(found)
    assert found.refused == 0
