"""Deltas go out in order, again unchanged after a failure, within a bound, and the total stays exact."""

from reduse.distro.sources.users.backlog import Backlog
from reduse.distro.sources.users.delta import UserPoint, merge
from reduse.wire import PLAIN, RequestClass
from tests.distro.sources.users.deltas import delta


def test_points_of_a_delta_come_in_pieces_with_the_heartbeat_last() -> None:
    whole = delta(1, {"a": 1, "b": 2, "c": 3}, unidentified=4, overflow=5)
    pieces = [list(whole.points(first, 2)) for first in range(0, whole.point_count, 2)]
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    points = [point for piece in pieces for point in piece]
    assert [point.requests for point in points] == [1, 2, 3, 5, 4]
    assert points[-1] == whole.unidentified
    assert points == list(whole.points(0, 100))


def test_an_idle_delta_is_one_point_of_count_zero() -> None:
    assert list(delta(1, {}).points(0, 10)) == [UserPoint(None, 0, 0.0)]


def test_merging_keeps_the_total_and_the_bound() -> None:
    merged = merge(delta(1, {"a": 1, "b": 2}, 3), delta(2, {"b": 4, "c": 5, "d": 6}, 7, 8), user_limit=3)
    assert (merged.start, merged.end) == (1, 3)
    assert merged.counts == {"a": 1, "b": 6, "c": 5}
    assert merged.overflow == UserPoint(None, 14, 7.0, overflow=True)
    assert merged.unidentified == UserPoint(None, 10, 5.0)


def test_points_of_a_group_follow_each_other_in_every_division_into_pieces() -> None:
    price, throttled = RequestClass("price"), RequestClass("price", throttled=True)
    whole = delta(1, {"a": 1, "b": 2}, 4, 5, {price: {"a": 3, "c": 4, "d": 5}, throttled: {"c": 6}})
    points = list(whole.points(0, 100))
    assert [(point.user, point.requests, point.request_class) for point in points[:-2]] == [
        ("a", 1, PLAIN),
        ("b", 2, PLAIN),
        ("a", 3, price),
        ("c", 4, price),
        ("d", 5, price),
        ("c", 6, throttled),
    ]
    assert points[-2:] == [whole.overflow, whole.unidentified]
    assert whole.point_count == len(points)
    for size in range(1, 9):
        pieces = [list(whole.points(first, size)) for first in range(0, whole.point_count, size)]
        assert [point for piece in pieces for point in piece] == points


def test_merging_bounds_the_users_and_not_their_groups() -> None:
    price = RequestClass("price")
    merged = merge(
        delta(1, {"a": 1}, grouped={price: {"b": 2}}), delta(2, {"b": 3, "c": 4}, grouped={price: {"a": 5}}), 2
    )
    assert {request_class: load.counts for request_class, load in merged.identified.items()} == {
        PLAIN: {"a": 1, "b": 3},
        price: {"b": 2, "a": 5},
    }
    assert merged.overflow == UserPoint(None, 4, 2.0, overflow=True)
    assert merged.requests == 15


def test_what_failed_is_offered_again_unchanged_before_the_newer() -> None:
    backlog = Backlog(user_limit=100)
    backlog.add(delta(1, {"a": 1}))
    first = backlog.next(10)
    assert first is not None
    backlog.add(delta(2, {"a": 2}))
    again = backlog.next(10)
    assert again is not None
    assert again == first
    backlog.delivered(again)
    newer = backlog.next(10)
    assert newer is not None
    assert newer.delta.start == 2
    backlog.delivered(newer)
    assert backlog.next(10) is None


def test_what_was_attempted_is_never_merged() -> None:
    """Its reply may be what was lost: a changed repeat could not be recognised."""
    backlog = Backlog(user_limit=2, export_limit=2)
    backlog.add(delta(1, {"a": 1, "b": 1}))
    attempted = backlog.next(10)
    for start in range(2, 10):
        backlog.add(delta(start, {f"user-{start}": 1}))
    assert attempted is not None
    assert backlog.merged > 0
    again = backlog.next(10)
    assert again is not None
    assert again.delta == attempted.delta
    assert len(backlog) <= 3
    assert backlog.requests == 2 + 8


def test_a_partly_delivered_delta_goes_on_where_it_stopped() -> None:
    backlog = Backlog(user_limit=100)
    backlog.add(delta(1, {"a": 1, "b": 2, "c": 3}))
    first = backlog.next(2)
    assert first is not None
    backlog.delivered(first)
    backlog.add(delta(2, {"a": 9}))
    rest = backlog.next(2)
    assert rest is not None
    assert [point.requests for point in rest.points()] == [3, 0]
    assert rest.delta.start == 1
