"""What is read from a real store is exactly what was sent, by however many processors."""

from collections.abc import Iterator, Mapping

import pytest

from reduse.recommendation.errors import ChoiceError, RecommendationError
from reduse.recommendation.observation import Observation, written
from reduse.recommendation.reading import CHUNK, TIMEOUT_SECONDS, HistoryReader
from reduse.store.client import QueryError, StoreClient
from tests.ports import free_port
from tests.recommendation.conftest import HOUR, LADDER, MINUTE, PRICE_LIMITS, Known
from tests.recommendation.traffic import Traffic, distinct, rejected

pytestmark = pytest.mark.server


@pytest.fixture
def reader(known: Known) -> Iterator[HistoryReader]:
    with StoreClient(known.url, timeout=TIMEOUT_SECONDS) as client:
        yield HistoryReader(client)


def by_second(traffic: Traffic, of: Mapping[str, list[int]]) -> dict[int, int]:
    """The sum over users, by second."""
    return {second: sum(of[user][n] for user in of) for n, second in enumerate(traffic.seconds)}


def assert_exact(seen: Observation, traffic: Traffic) -> None:
    """Every figure is the one that follows from the traffic in the window, request by request."""
    inside = [second for second in traffic.seconds if seen.start < second <= seen.end]
    known = by_second(traffic, {user: list(counts) for user, counts in traffic.users.items()})
    total = {second: known[second] + traffic.unknown(second) for second in inside}
    assert seen.requests == sum(known[second] for second in inside)
    assert seen.all_requests == sum(total.values())
    assert seen.peak == max(total.values())
    in_hour = dict(zip(traffic.seconds, distinct(traffic.users), strict=True))
    assert seen.active == max(in_hour[second] for second in inside)
    assert seen.ladder
    assert seen.burst is not None
    for effect in seen.ladder:
        of_users = rejected(traffic, effect.limit, seen.burst)
        refused = by_second(traffic, of_users)
        touched = dict(zip(traffic.seconds, distinct(of_users), strict=True))
        assert effect.rejected == sum(refused[second] for second in inside)
        assert effect.peak == max(total[second] - refused[second] for second in inside)
        assert effect.touched == max(touched[second] for second in inside)


@pytest.mark.parametrize("service", ["one", "two", 'odd"\\name'])
@pytest.mark.parametrize("window", [MINUTE, 17 * MINUTE, HOUR])
def test_figures_are_exact_over_processors_and_windows(
    known: Known, reader: HistoryReader, service: str, window: int
) -> None:
    """Whole numbers, where `increase` would extrapolate; counters that begin in the window count from their first."""
    seen = reader.observe(service, window=window, end=known.end)
    assert_exact(seen, known.traffic[service])
    assert [effect.limit for effect in seen.ladder] == list(LADDER)
    assert (seen.start, seen.end, seen.burst) == (known.end - window, known.end, 2)


def test_a_processor_that_lost_its_state_makes_no_difference(known: Known, reader: HistoryReader) -> None:
    seen = reader.observe("reset", window=HOUR, end=known.end)
    assert_exact(seen, known.traffic["reset"])


def test_a_window_may_end_in_the_past(known: Known, reader: HistoryReader) -> None:
    end = known.end - 11 * MINUTE
    assert_exact(reader.observe("two", window=5 * MINUTE, end=end), known.traffic["two"])


@pytest.mark.parametrize("burst", [1, 2.5, 10])
def test_burst_selects_a_ladder(known: Known, reader: HistoryReader, burst: float) -> None:
    seen = reader.observe("ladders", window=HOUR, end=known.end, burst=burst)
    assert seen.burst == burst
    assert_exact(seen, known.traffic["ladders"])


def test_with_several_ladders_one_must_be_chosen(known: Known, reader: HistoryReader) -> None:
    with pytest.raises(ChoiceError, match=r"ladders for bursts of 1, 2\.5, 10 s: choose one with --burst"):
        reader.observe("ladders", window=HOUR, end=known.end)
    with pytest.raises(ChoiceError, match=r"--burst 3: ladders has ladders for bursts of 1, 2\.5, 10 s"):
        reader.observe("ladders", window=HOUR, end=known.end, burst=3)


def test_a_window_longer_than_one_answer_is_read_to_its_last_second(known: Known, reader: HistoryReader) -> None:
    """And its users are those of the largest hour in it: the early one and the late one, but never both at the end."""
    window = 4 * HOUR
    assert window > CHUNK
    seen = reader.observe("long", window=window, end=known.end)
    assert_exact(seen, known.traffic["long"])
    assert [effect.touched for effect in seen.ladder] == [2, 1]
    assert reader.observe("long", window=HOUR, end=known.end).ladder[0].touched == 1


def test_what_was_counted_long_before_the_window_is_not_in_it(known: Known, reader: HistoryReader) -> None:
    """The last value before the window is an hour and more away from it."""
    seen = reader.observe("pause", window=HOUR, end=known.end)
    assert (seen.requests, seen.peak) == (300, 3)
    assert_exact(seen, known.traffic["pause"])


def test_limits_that_were_not_tried_all_the_time_are_left_out_and_named(known: Known, reader: HistoryReader) -> None:
    seen = reader.observe("changed", window=HOUR, end=known.end)
    assert [effect.limit for effect in seen.ladder] == [2, 10]
    assert list(seen.incomplete) == [1, 20]
    assert_exact(seen, known.traffic["changed"])
    lately = reader.observe("changed", window=5 * MINUTE, end=known.end)
    assert [effect.limit for effect in lately.ladder] == [2, 10, 20]


def test_an_unknown_service_is_told_which_there_are(known: Known, reader: HistoryReader) -> None:
    with pytest.raises(RecommendationError, match=r"no rate limits were tried on nine .*services with data are .*one"):
        reader.observe("nine", window=HOUR, end=known.end)


def test_without_any_data_it_says_what_to_check(known: Known, reader: HistoryReader) -> None:
    with pytest.raises(RecommendationError, match=r"no service has any: is the stack up"):
        reader.observe("one", window=HOUR, end=known.end - 100 * HOUR)


def test_a_service_without_identified_users_is_told_the_setting(known: Known, reader: HistoryReader) -> None:
    with pytest.raises(RecommendationError, match="REDUSE_USER_RESOLVERS"):
        reader.observe("nobody", window=HOUR, end=known.end)


def test_a_refused_query_says_why(reader: HistoryReader) -> None:
    with pytest.raises(RecommendationError, match=r"refused .*parse error.*: try a shorter --window"):
        reader._query("sum(", 0)


def test_a_store_that_is_away_is_named_with_its_setting() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with StoreClient(url) as away, pytest.raises(QueryError, match="REDUSE_STORE_URL") as raised:
        HistoryReader(away).observe("one", window=HOUR, end=10**9)
    assert url in str(raised.value)


def test_figures_of_a_policy_are_exact_and_each_limit_has_its_own_burst(known: Known, reader: HistoryReader) -> None:
    traffic = known.traffic["routed"]
    seen = reader.observe("routed", window=HOUR, end=known.end, policy="price")
    total = by_second(traffic, {user: list(counts) for user, counts in traffic.users.items()})
    assert (seen.policy, seen.burst) == ("price", None)
    assert seen.requests == seen.all_requests == sum(total.values())
    assert (seen.peak, seen.active) == (max(total.values()), 4)
    assert [(written(effect.tried), seen.bucket(effect)) for effect in seen.ladder] == [
        ("1/second", 2),
        ("60/minute", 20),
        ("300/minute", 30),
        ("3000/minute", 50),
    ]
    for effect in seen.ladder:
        rate, at_once = PRICE_LIMITS[written(effect.tried)]
        of_users = rejected(traffic, rate, at_once / rate)
        assert effect.rejected == sum(map(sum, of_users.values()))
        assert effect.touched == sum(any(counts) for counts in of_users.values())


def test_a_policy_makes_no_difference_to_what_is_known_of_the_service(known: Known, reader: HistoryReader) -> None:
    assert_exact(reader.observe("routed", window=HOUR, end=known.end), known.traffic["routed"])


def test_what_is_missing_of_a_policy_is_said(known: Known, reader: HistoryReader) -> None:
    with pytest.raises(RecommendationError, match="policies with requests are price, untried"):
        reader.observe("routed", window=HOUR, end=known.end, policy="prise")
    with pytest.raises(RecommendationError, match="no limit was tried under the policy untried of routed"):
        reader.observe("routed", window=HOUR, end=known.end, policy="untried")
    with pytest.raises(RecommendationError, match="it has no policies that are counted"):
        reader.observe("one", window=HOUR, end=known.end, policy="price")
