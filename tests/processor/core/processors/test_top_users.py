import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.membership import LEAVE_AFTER
from reduse.processor.core.options import MEMBERS_FACTOR, Options
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.processors.top_users import UserConcurrency, UserRate
from reduse.processor.core.top import top
from tests.processor.builders import values, window

NAME = "reduse.user.rate"


def label(user: int) -> str:
    return f"{user:016x}"


@given(st.dictionaries(st.integers(0, 2**64 - 1), st.integers(0, 9)), st.integers(1, 5))
def test_top_is_what_sorting_gives(counts: dict[int, int], k: int) -> None:
    users = np.array(list(counts), np.uint64)
    ranked = sorted((u for u in counts if counts[u] > 0), key=lambda u: (-counts[u], u))

    assert top(users, np.array(list(counts.values()), np.int64), k).tolist() == ranked[:k]


def test_beyond_the_top_users_are_other_and_nobody_known_is_anonymous() -> None:
    rate = values(
        list(UserRate(Options(top_k=2)).process(window({1: 5, 2: 9, 3: 4}, anonymous=7, overflow=2, untracked=3))), NAME
    )

    assert rate == {label(1): 5.0, label(2): 9.0, "other": 4.0 + 2.0 + 3.0, "anonymous": 7.0}


def test_a_user_stays_a_few_windows_and_then_the_series_ends() -> None:
    processor = UserRate(Options(top_k=1))
    processor.process(window({1: 9}))
    list(processor.process(window({1: 9})))
    for index in range(1, LEAVE_AFTER):
        rate = values(list(processor.process(window({1: 1, 2: 9}, index))), NAME)
        assert rate == {label(1): 1.0, label(2): 9.0, "other": 0.0, "anonymous": 0.0}
    rate = values(list(processor.process(window({1: 1, 2: 9}, LEAVE_AFTER))), NAME)
    assert rate == {label(1): None, label(2): 9.0, "other": 1.0, "anonymous": 0.0}
    rate = values(list(processor.process(window({1: 1, 2: 9}, LEAVE_AFTER + 1))), NAME)
    assert label(1) not in rate


@given(st.lists(st.dictionaries(st.integers(0, 20), st.integers(1, 99), max_size=15), max_size=30), st.integers(1, 4))
def test_series_are_bounded_sum_to_the_total_and_end_once(counts: list[dict[int, int]], k: int) -> None:
    processor, live = UserRate(Options(top_k=k)), set[str]()
    for index, users in enumerate(counts):
        rate = values(list(processor.process(window(users, index, anonymous=2))), NAME)
        shown = {name: value for name, value in rate.items() if isinstance(value, float)}
        ended = set(rate) - set(shown)
        assert sum(shown.values()) == sum(users.values()) + 2
        assert ended <= live
        assert live - ended <= set(shown)
        assert len(shown) <= MEMBERS_FACTOR * k + 2
        live = set(shown)
        for user in top(np.array(sorted(users), np.uint64), np.array([users[u] for u in sorted(users)], np.int64), k):
            assert label(int(user)) in shown


def test_concurrency_ranks_by_server_time() -> None:
    rate = values(list(UserConcurrency(Options(top_k=1)).process(window({1: 200, 2: 50}))), "reduse.user.concurrency")

    assert rate == {label(1): 2.0, "other": 0.5, "anonymous": 0.0}


DAY_WINDOWS = 86_400


@given(
    st.lists(
        st.tuples(st.integers(1, 50_000), st.dictionaries(st.integers(0, 12), st.integers(1, 99), max_size=5)),
        max_size=25,
    ),
    st.integers(4, 8),
    st.integers(0, 25),
)
def test_in_a_day_a_bounded_number_of_users_get_a_series_and_the_sum_stays_the_total(
    steps: list[tuple[int, dict[int, int]]], labels_per_day: int, restart: int
) -> None:
    options = Options(top_k=2, labels_per_day=labels_per_day)
    processor, index = UserRate(options), 0
    labels: dict[int, set[str]] = {}
    without = 0
    for number, (gap, users) in enumerate(steps):
        if number == restart:
            state = unpack(pack(processor.dump()))
            processor = UserRate(options)
            processor.load(state)
        index += gap
        closed = window(users, index, anonymous=2)
        metrics = list(processor.process(closed))
        rate = values(metrics, NAME)
        shown = {name: value for name, value in rate.items() if isinstance(value, float)}
        assert sum(shown.values()) == sum(users.values()) + 2
        labels.setdefault(closed.index // DAY_WINDOWS, set()).update(shown.keys() - {"other", "anonymous"})
        leaders = top(closed.users, closed.counts, 2).tolist()
        without += sum(label(user) not in shown for user in leaders)
        assert values(metrics, "reduse.user.labels.refused") == {"": without}
    assert all(len(of_day) <= labels_per_day for of_day in labels.values())
