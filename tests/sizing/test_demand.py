"""How many points requests become."""

import math

import pytest
from hypothesis import given

from reduse.sizing.demand import Demand
from tests.sizing.demands import DEMANDS


@given(DEMANDS)
def test_there_are_no_more_points_than_requests_nor_than_users_in_each_export(demand: Demand) -> None:
    assert 0 < demand.points <= min(demand.requests, demand.users / demand.interval) * (1 + 1e-9)


@given(DEMANDS)
def test_services_share_all_users_the_largest_first(demand: Demand) -> None:
    shares = demand.shares()
    assert math.isclose(math.fsum(shares), 1)
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == demand.services


def test_rare_requests_are_a_point_each_and_a_longer_interval_joins_them() -> None:
    assert Demand(1000, 1, 0.001).points == pytest.approx(1.0, rel=0.001)
    assert Demand(1000, 1, 1.0, interval=10).points == pytest.approx(100, rel=0.001)


@pytest.mark.parametrize("wrong", [(0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.0), (1, 1, math.nan)])
def test_what_is_no_demand_is_refused(wrong: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match=r"at least|above"):
        Demand(*wrong)
