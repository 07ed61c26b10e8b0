"""A processor whose clock is set while it runs goes on at once: nothing waits until its clock has caught up."""

import contextlib
import time
from pathlib import Path

import pytest

from reduse.soak import clocks
from tests.processor.exports import SECOND, export
from tests.processor.process import Client, starting
from tests.processor.sink import Sink
from tests.waiting import wait_until

pytestmark = pytest.mark.server

USER = f"{1:016x}"


def test_begun_an_hour_ahead_and_set_right_it_counts_all_and_nothing_late(sink: Sink, tmp_path: Path) -> None:
    if not clocks.can_be_set():
        pytest.skip("no libfaketime, which is in Debian's package `faketime`")
    clock = clocks.Clock(tmp_path / "clock")
    clock.set(3600)
    variables = [f"{name}={value}" for name, value in clock.variables.items()]
    with starting(tmp_path / "state", sink.port, under=["env", *variables]) as processor:
        processor.process.wait_until(lambda: processor.answers("/readyz"))
        with contextlib.closing(Client(processor.port)) as client:
            sent, last = 0, time.time_ns() - SECOND

            def send() -> None:
                nonlocal sent, last
                now = time.time_ns()
                client.send_until_taken(export(last, now, {USER: 1}))
                sent, last = sent + 1, now

            send()
            clock.set(0)
            told = "the clock was set by -3600 s"
            wait_until(lambda: told in processor.log.read_text(), "the processor to see its clock set")
            for _ in range(3):
                send()
                time.sleep(0.5)
            wait_until(lambda: sink.last("reduse.user.requests").get("user") == sent, "all requests to be counted")
        assert processor.metric("reduse_processor_points_late_total") == 0
        assert processor.terminate() == 0
