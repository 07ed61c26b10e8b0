"""The HTTP requests that a process serves, whichever framework's they are."""

from collections.abc import Sequence

from reduse.distro.base.say import say
from reduse.distro.base.source import CollectedMetric, HistogramMetric, SumMetric
from reduse.distro.sources.http.aggregation import HttpAggregation, HttpState
from reduse.distro.sources.instrumentation import Process
from reduse.policies import policy_of


class HttpRequests:
    """The source of `http.server.request.duration`, `http.server.active_requests` and the users' share of them."""

    def __init__(self, process: Process) -> None:
        self._process = process
        settings = process.settings
        policies = settings.user_policies
        self.aggregation = HttpAggregation(
            settings.user_limit, settings.duration_bounds, policy_of(policies) if policies else None
        )
        process.users.counted_in(lambda: self.aggregation.uncollected)

    def open(self) -> None:
        """The process serves HTTP; later calls do nothing."""
        self._process.serve()
        if self.aggregation.is_open:
            return
        self.aggregation.open()
        notice = self._process.settings.user_notice
        if notice is not None:
            say(notice)

    def reset(self) -> None:
        """Start from nothing, closed."""
        self.aggregation.reset()

    def collect(self, previous: int, end: int) -> Sequence[CollectedMetric]:
        """RED since the start; the users' delta since the collection before goes to those who deliver it."""
        state = self.aggregation.collect(previous, end)
        if state is None:
            return ()
        self._process.users.collected(state.users)
        return http_metrics(state)


def http_metrics(state: HttpState) -> list[CollectedMetric]:
    """`http.server.request.duration` and `http.server.active_requests`."""
    return [
        HistogramMetric(
            "http.server.request.duration",
            "Duration of HTTP server requests.",
            "s",
            state.durations,
            state.bounds,
        ),
        SumMetric(
            "http.server.active_requests",
            "Number of active HTTP server requests.",
            "{request}",
            state.active,
            monotonic=False,
        ),
    ]
