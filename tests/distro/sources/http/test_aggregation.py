"""RED and the users are one count, at any moment and under any number of threads."""

from threading import Thread

from reduse.distro.sources.http.aggregation import BATCH, HttpAggregation, HttpState
from reduse.distro.sources.users.load import REMEMBERED_SERIES
from reduse.policies import parse_policies, policy_of
from reduse.wire import RequestClass
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


def end_of(aggregation: HttpAggregation, user: str, method: str, route: str | None, status: int = 200) -> None:
    request = Request()
    aggregation.begin(request)
    aggregation.end(request, (method, route, status, "http", "1.1", None), 0.25, user)


def test_requests_are_counted_by_policy_and_apart_when_they_were_throttled() -> None:
    aggregation = HttpAggregation(10, policy_of=policy_of(parse_policies("price=POST /price;jobs=* /jobs*")))
    aggregation.open()
    for method, route, status in [
        ("POST", "/price", 200),
        ("POST", "/price", 201),
        ("POST", "/price", 429),
        ("GET", "/price", 200),
        ("GET", "/jobs/{id}", 404),
        ("GET", None, 200),
        ("GET", None, 429),
    ]:
        end_of(aggregation, "a", method, route, status)
    end_of(aggregation, "b", "PUT", "/jobs")
    delta = collected(aggregation, 2).users
    assert {request_class: load.counts for request_class, load in delta.identified.items()} == {
        RequestClass(): {"a": 2},
        RequestClass(throttled=True): {"a": 1},
        RequestClass("price"): {"a": 2},
        RequestClass("price", throttled=True): {"a": 1},
        RequestClass("jobs"): {"a": 1, "b": 1},
    }
    assert delta.requests == 8
    assert sum(sum(load.seconds.values()) for load in delta.identified.values()) == 2.0
    assert collected(aggregation, 3).users.identified == {}


def test_without_policies_only_throttled_requests_are_apart() -> None:
    aggregation = HttpAggregation(10)
    aggregation.open()
    for status in (200, 429, 429):
        end_of(aggregation, "a", "POST", "/price", status)
    delta = collected(aggregation, 2).users
    assert {request_class: load.counts for request_class, load in delta.identified.items()} == {
        RequestClass(): {"a": 1},
        RequestClass(throttled=True): {"a": 2},
    }


def test_the_bound_is_of_users_whatever_they_ask_for() -> None:
    aggregation = HttpAggregation(2, policy_of=policy_of(parse_policies("price=POST /price")))
    aggregation.open()
    for user, method in [("a", "GET"), ("b", "POST"), ("a", "POST"), ("b", "GET"), ("c", "GET"), ("c", "POST")]:
        end_of(aggregation, user, method, "/price")
    delta = collected(aggregation, 2).users
    assert delta.counts == {"a": 2, "b": 2}
    assert (delta.overflow.requests, delta.overflow.seconds) == (2, 0.5)


def test_series_beyond_what_is_remembered_are_grouped_all_the_same() -> None:
    aggregation = HttpAggregation(2, policy_of=policy_of(parse_policies("made-up=GET /made/*")))
    aggregation.open()
    for number in range(REMEMBERED_SERIES + 100):
        end_of(aggregation, "a", "GET", f"/made/{number}")
    (delta,) = collected(aggregation, 2).users.identified.items()
    assert (delta[0], delta[1].counts) == (RequestClass("made-up"), {"a": REMEMBERED_SERIES + 100})


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
