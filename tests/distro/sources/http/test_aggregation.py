"""RED and the users are one count, at any moment and under any number of threads."""

from threading import Thread

from reduse.distro.sources.http.aggregation import BATCH, HttpAggregation, HttpState
from tests.distro.doubles import SERIES, Request


def end(aggregation: HttpAggregation, user: str | None, seconds: float = 0.01) -> None:
    request = Request()
    aggregation.begin(request)
    aggregation.end(request, SERIES, seconds, user)


def collected(aggregation: HttpAggregation, now: int) -> HttpState:
    state = aggregation.collect(now - 1, now)
    assert state is not None
    return state


def test_a_process_that_serves_nothing_has_nothing_to_report() -> None:
    assert HttpAggregation(10).collect(4, 5) is None


def test_users_beyond_the_limit_are_summed_as_overflow() -> None:
    aggregation = HttpAggregation(2)
    aggregation.open()
    for user in ("a", "b", "c", "d", "a", None):
        end(aggregation, user, 0.5)
    delta = collected(aggregation, 2).users
    assert delta.counts == {"a": 2, "b": 1}
    assert (delta.overflow.requests, delta.overflow.seconds) == (2, 1.0)
    assert (delta.unidentified.requests, delta.unidentified.seconds) == (1, 0.5)
    assert delta.requests == 6
    assert collected(aggregation, 3).users.requests == 0


def test_what_is_not_collected_yet_is_known() -> None:
    aggregation = HttpAggregation(2)
    aggregation.open()
    for user in ("a", "b", "c", "a", None):
        end(aggregation, user)
    assert aggregation.uncollected == 5
    collected(aggregation, 2)
    assert aggregation.uncollected == 0


def test_active_requests_are_those_that_have_not_ended() -> None:
    aggregation = HttpAggregation(2)
    aggregation.open()
    waiting, deferred = Request(), Request()
    for request in (waiting, deferred):
        aggregation.begin(request)
    aggregation.deactivate(deferred)
    end(aggregation, None)
    (active,) = collected(aggregation, 2).active
    assert active.value == 1
    aggregation.end(waiting, SERIES, 0.01, None)
    (active,) = collected(aggregation, 3).active
    assert active.value == 0


def test_a_series_of_active_requests_is_there_though_none_was_active_at_a_collection() -> None:
    aggregation = HttpAggregation(2)
    aggregation.open()
    end(aggregation, None)
    (active,) = collected(aggregation, 2).active
    assert (active.attributes, active.value) == ({"http.request.method": "GET", "url.scheme": "http"}, 0)


def test_more_requests_than_a_batch_are_counted_without_a_collection() -> None:
    aggregation = HttpAggregation(2)
    aggregation.open()
    for _ in range(3 * BATCH + 1):
        end(aggregation, "a")
    assert collected(aggregation, 2).users.counts == {"a": 3 * BATCH + 1}


def test_threads_and_collections_lose_nothing_and_agree() -> None:
    """Four writers, and collections beside them: in each, RED's gain is the users' sum."""
    aggregation = HttpAggregation(50)
    aggregation.open()
    requests = 5_000

    def serve(number: int) -> None:
        for index in range(requests):
            end(aggregation, f"user-{(index * number) % 100}" if index % 3 else None)

    writers = [Thread(target=serve, args=(number,)) for number in range(1, 5)]
    for writer in writers:
        writer.start()
    red_before = delivered = now = 0
    while any(writer.is_alive() for writer in writers) or now == 0:
        now += 1
        state = collected(aggregation, now)
        red = sum(sum(series.bucket_counts) for series in state.durations)
        assert red - red_before == state.users.requests
        red_before, delivered = red, delivered + state.users.requests
    delivered += collected(aggregation, now + 1).users.requests
    assert delivered == 4 * requests
