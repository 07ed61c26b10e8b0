"""Mutated real traffic at each port harms nobody: short runs of `./reduse fuzz --port`."""

import asyncio
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.cli.development import FuzzedPort
from tests.fuzz.ports import traffic
from tests.fuzz.ports.fuzzing import fuzz
from tests.fuzz.ports.running import BrokenError, Kind, Result, attack, payload_of, smallest
from tests.fuzz.ports.targets import TARGETS

PAYLOADS = 500
SEED = 5


@pytest.mark.server
@pytest.mark.parametrize("port", TARGETS)
def test_mutated_traffic_is_answered_and_the_innocent_is_exact(port: str, tmp_path: Path) -> None:
    result = fuzz(port, tmp_path, SEED, payloads=PAYLOADS)
    assert not result.broken, result.as_dict()
    assert result.payloads == PAYLOADS
    assert result.innocent > 0


@pytest.mark.server
@pytest.mark.extended
@pytest.mark.parametrize("port", TARGETS)
def test_a_million_payloads_are_answered_and_the_innocent_is_exact(port: str, tmp_path: Path) -> None:
    result = fuzz(port, tmp_path, SEED, payloads=1_000_000)
    assert not result.broken, result.as_dict()
    assert result.payloads == 1_000_000


class Picky:
    """Fails at payloads with an x."""

    async def send(self, payload: bytes) -> str:
        return "500" if b"x" in payload else "200"

    async def close(self) -> None:
        """Nothing is open."""


def test_the_smallest_guilty_payload_is_found() -> None:
    kind = Kind("picky", 1, [b"x" * 50], Picky, frozenset({"200"}))
    with pytest.raises(BrokenError) as broken:
        asyncio.run(attack([kind], Result("picky", 1), payloads=10, seconds=None, check=lambda: None))
    assert broken.value.kind is kind
    assert asyncio.run(smallest(kind, b"abc" * 100 + b"x" + b"def" * 100)) == b"x"


def test_a_payload_is_the_same_again_from_its_seed_and_number() -> None:
    kinds = (Kind("a", 0.5, [bytes(range(100))], Picky, frozenset()), Kind("b", 0.5, [b"b" * 100], Picky, frozenset()))
    first = [payload_of(kinds, 3, number) for number in range(50)]
    assert first == [payload_of(kinds, 3, number) for number in range(50)]
    assert {kind.name for kind, _ in first} == {"a", "b"}


def test_real_exports_are_what_the_processor_takes() -> None:
    for body in traffic.user_exports(1):
        [resource] = ExportMetricsServiceRequest.FromString(body).resource_metrics
        assert resource.scope_metrics[0].metrics[0].name == "reduse.user.request.duration"


def test_real_exports_of_services_are_of_every_kind_of_metric() -> None:
    kinds = {
        metric.WhichOneof("data")
        for body in traffic.service_exports(1)
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert kinds == {"sum", "histogram", "gauge"}


def test_the_command_knows_each_port() -> None:
    assert {port.value for port in FuzzedPort} == {*TARGETS, "all"}
