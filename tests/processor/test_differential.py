"""Every output, its attributes and its time, against a reference that is written plainly and keeps everything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reduse.processor.core.bounds import Bounds
from reduse.processor.core.ladder import Ladder, parse_policy_limits
from reduse.processor.core.plugin import Options
from tests.processor.reference.traces import Event, Restart, Send, Tick, traces
from tests.processor.reference.windows import INTERVAL, Reference
from tests.processor.subject import Subject
from tests.properties import examples_over

TOP_K = 2
LABELS_PER_DAY = 5
# Sums of these are exact in floating point too. In the second ladder the burst decides; a bucket of 0.25 takes seconds.
LADDERS = (Ladder((1, 2.5, 40), 2.0), Ladder((0.25, 2.5), 30.0))
CONCURRENCY_LIMITS = (1, 2, 5)
# Of one service only.
POLICY_LIMITS = {
    "mes-api": {"price": [("2/second", 2.0, 3.0), ("120/minute", 2.0, 120.0)], "other": [("1/hour", 1 / 3600, 1.0)]}
}
OPTIONS = Options(
    top_k=TOP_K,
    ladders=LADDERS,
    concurrency_limits=CONCURRENCY_LIMITS,
    labels_per_day=LABELS_PER_DAY,
    policy_limits=parse_policy_limits("mes-api/price=2/s@3,120/minute;mes-api/other=1/hour", 2.0),
)


def told(subject: Subject | Reference, event: Event) -> object:
    match event:
        case Send(now, points):
            return subject.receive(points, now)
        case Restart(now):
            return subject.restart(now)
        case Tick(now):
            return subject.tick(now)


@pytest.mark.slow
@settings(max_examples=examples_over(3))
@given(traces(), st.sampled_from([0, 0, 1_000_000_000, 1_500_000_000]))
def test_every_answer_is_the_one_that_the_reference_gives(trace: list[Event], lateness: int) -> None:
    # All bounds are wide open: the reference has none.
    bounds = Bounds(lateness=lateness, interval=INTERVAL, open_windows=10**9, repeat_horizon=10**18)
    subject = Subject(OPTIONS, bounds)
    reference = Reference(TOP_K, LADDERS, CONCURRENCY_LIMITS, LABELS_PER_DAY, lateness, POLICY_LIMITS)
    for event in trace:
        assert told(subject, event) == told(reference, event)
