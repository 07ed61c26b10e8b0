"""FastAPI's telemetry is asked once while nobody has set a provider, and answers as without us in every other case."""

import importlib
from types import SimpleNamespace
from typing import Any

import fastapi
import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider

from reduse.distro.base.internals.fastapi_telemetry import remember_that_telemetry_is_disabled
from reduse.distro.base.internals.place import LOGS, METRICS, TRACES, Global

PLACES = (TRACES, METRICS, LOGS)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in PLACES:
        set_provider(monkeypatch, place, None)


def set_provider(monkeypatch: pytest.MonkeyPatch, place: Global, provider: object) -> None:
    assert place.variables is not None
    variables, name = place.variables
    monkeypatch.setitem(variables, name, provider)


class Telemetry:
    """FastAPI's telemetry of one application, with an answer from outside."""

    def __init__(self, answer: bool = False) -> None:
        self.answer = answer
        self.asked = 0

    def enabled(self) -> bool:
        """Whether a request is measured by it."""
        self.asked += 1
        return self.answer


def remembering() -> type[Telemetry]:
    class Patched(Telemetry):
        pass

    remember_that_telemetry_is_disabled(SimpleNamespace(NativeTelemetry=Patched))
    return Patched


def test_it_is_asked_once_while_nothing_is_set() -> None:
    telemetry = remembering()()
    assert [telemetry.enabled() for _ in range(5)] == [False] * 5
    assert telemetry.asked == 1


def test_a_provider_of_the_applications_own_is_not_forgotten() -> None:
    """Of two applications in one process, one has a provider among its arguments."""
    patched = remembering()
    without, own = patched(), patched(answer=True)
    for _ in range(3):
        assert not without.enabled()
        assert own.enabled()
    assert (without.asked, own.asked) == (1, 3)


@pytest.mark.parametrize("place", PLACES)
def test_it_is_asked_again_once_a_global_provider_is_set(monkeypatch: pytest.MonkeyPatch, place: Global) -> None:
    telemetry = remembering()()
    assert not telemetry.enabled()
    set_provider(monkeypatch, place, object())
    telemetry.answer = True
    assert telemetry.enabled()
    telemetry.answer = False
    assert not telemetry.enabled()
    assert telemetry.asked == 3


def test_one_that_asking_itself_has_set_is_seen_at_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the API does with one that the environment names."""
    patched = remembering()
    telemetry = patched()
    asked = Telemetry.enabled

    def sets(self: Telemetry) -> bool:
        set_provider(monkeypatch, METRICS, object())
        return asked(self)

    class Setting(Telemetry):
        enabled = sets

    remember_that_telemetry_is_disabled(SimpleNamespace(NativeTelemetry=Setting))
    telemetry = Setting()
    assert not telemetry.enabled()
    telemetry.answer = True
    assert telemetry.enabled()


@pytest.mark.parametrize("module", [SimpleNamespace(), SimpleNamespace(NativeTelemetry=object)])
def test_another_version_is_left_as_it_is(module: Any) -> None:
    before = dict(vars(module))
    remember_that_telemetry_is_disabled(module)
    assert vars(module) == before


def test_fastapis_own_answer_follows_the_global_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        module = importlib.import_module("fastapi.telemetry._asgi")
    except ImportError:
        pytest.skip("this FastAPI has no telemetry of its own")

    class Native(module.NativeTelemetry):  # type: ignore[name-defined, misc]
        pass

    remember_that_telemetry_is_disabled(SimpleNamespace(NativeTelemetry=Native))
    provider = MeterProvider(shutdown_on_exit=False)
    config = fastapi.FastAPI()._native_telemetry.config
    telemetry, own = Native(config), Native(config | {"meter_provider": NoOpMeterProvider()})
    for _ in range(2):
        assert not telemetry.enabled()
        assert own.enabled()
    set_provider(monkeypatch, METRICS, provider)
    assert telemetry.enabled()
    provider.shutdown()
