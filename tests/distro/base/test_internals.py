"""Another OpenTelemetry than those that were tried: one line says what is lost, and nothing raises."""

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from reduse.distro.base.internals import missing, sdk
from reduse.distro.base.internals.place import Global
from reduse.distro.export.bounded_streams import bound_streams


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing, "_said", set())


@pytest.mark.parametrize(
    ("use", "loss"),
    [
        (bound_streams, "an attribute with endless values fills the memory of the service"),
        (sdk.forget_parents_sums, "forked workers may report what their parent has counted again"),
        (lambda provider: sdk.renew_instance(provider, None), "forked workers have the instance id of their parent"),
    ],
)
def test_a_provider_without_the_part_is_left_as_it_is(use: Any, loss: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Another:
        """A provider whose inner parts go by other names."""

    provider: Any = Another()
    for _ in range(2):
        assert use(provider) is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert loss in said


def test_a_place_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert not Global("opentelemetry.metrics", "NO_PROVIDER").stand_in(lambda proxy: proxy, lambda _theirs: None)
    assert "an application cannot set a provider of its own" in capsys.readouterr().err


def test_a_forked_childs_resource_has_an_instance_id_of_its_own() -> None:
    provider = MeterProvider([InMemoryMetricReader()])
    parents = sdk.renew_instance(provider, None)
    childs = sdk.renew_instance(provider, parents)
    assert parents != childs
    assert sdk.renew_instance(provider, parents) == childs
    provider.shutdown()
