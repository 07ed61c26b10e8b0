"""What a real uvicorn reports of its interpreter, on either event loop."""

from itertools import pairwise

import pytest

from reduse.distro.sources.runtime.event_loop import DELAY_BOUNDS
from tests.distro.service import Service
from tests.otlp_receiver import OtlpReceiver

pytestmark = pytest.mark.server

DELAY = "reduse.event_loop.delay"


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_event_loop_and_garbage_collection(loop: str) -> None:
    with OtlpReceiver() as receiver:
        with Service(receiver.endpoint, f"--loop={loop}") as service:
            service.get("/plain", 3)
            receiver.wait_for(lambda r: len({point.value for point in r.named(DELAY)}) >= 3)
        points = receiver.named(DELAY)
        (latest,) = receiver.latest(DELAY)
        assert all(before.value <= after.value for before, after in pairwise(points))
        assert (latest.unit, latest.bounds, latest.attributes) == ("s", DELAY_BOUNDS, {})
        generations = {point.attributes["cpython.gc.generation"] for point in receiver.named("cpython.gc.collections")}
        assert generations == {0, 1, 2}
        assert receiver.named("cpython.gc.collected_objects")
        assert receiver.named("cpython.gc.uncollectable_objects")


def test_each_worker_has_an_event_loop_of_its_own() -> None:
    with OtlpReceiver() as receiver:
        with Service(receiver.endpoint, "--workers=2") as service:
            service.get("/plain", 3)
            receiver.wait_for(lambda r: len({point.instance for point in r.named(DELAY)}) == 2)
        assert len(receiver.latest(DELAY)) == 2
