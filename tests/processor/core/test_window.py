import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reduse.processor.core.directory import Directory
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.window import OpenWindow

PARTS = st.lists(st.dictionaries(st.integers(0, 30), st.integers(1, 100), max_size=10), max_size=80)


def add(window: OpenWindow, part: dict[int, int], limit: int) -> None:
    users, counts = np.array(list(part), np.uint64), np.array(list(part.values()), np.int64)
    window.add(users, counts, counts * 7, limit)


@given(PARTS, st.integers(0, 80))
def test_a_closed_window_has_one_sorted_row_for_each_user(parts: list[dict[int, int]], restart: int) -> None:
    window, expected = OpenWindow(), dict[int, int]()
    for number, part in enumerate(parts):
        if number == restart:
            window = OpenWindow.load(unpack(pack(window.dump())))
        add(window, part, 1000)
        for user, count in part.items():
            expected[user] = expected.get(user, 0) + count
    closed, beyond = window.close("s", 0, 1000, Directory(1000).number)

    assert dict(zip(closed.users.tolist(), closed.counts.tolist(), strict=True)) == expected
    assert closed.users.tolist() == sorted(expected)
    assert closed.microseconds.tolist() == [7 * count for count in closed.counts.tolist()]
    assert (closed.requests, closed.busy) == (sum(expected.values()), 7 * sum(expected.values()))
    assert beyond == 0


@given(PARTS, st.integers(1, 10), st.integers(0, 80))
def test_beyond_its_bound_a_window_keeps_the_total(parts: list[dict[int, int]], limit: int, restart: int) -> None:
    """And whether it was dumped and loaded meanwhile does not show."""
    window, plain = OpenWindow(), OpenWindow()
    for number, part in enumerate(parts):
        if number == restart:
            window = OpenWindow.load(unpack(pack(window.dump())))
        add(window, part, limit)
        add(plain, part, limit)
    assert pack(window.dump()) == pack(plain.dump())
    closed, _ = window.close("s", 0, limit, Directory(1000).number)

    assert len(closed.users) <= limit
    assert int(closed.counts.sum()) + closed.untracked.count == sum(sum(part.values()) for part in parts)
    assert int(closed.microseconds.sum()) + closed.untracked.microseconds == 7 * sum(
        sum(part.values()) for part in parts
    )


def test_the_users_with_the_fewest_requests_are_given_up() -> None:
    window = OpenWindow()
    add(window, {1: 1, 2: 50, 3: 2, 4: 40}, 2)
    closed, beyond = window.close("s", 0, 2, Directory(1000).number)

    assert closed.users.tolist() == [2, 4]
    assert (beyond, closed.untracked.count) == (2, 3)
