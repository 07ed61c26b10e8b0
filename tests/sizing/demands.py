"""Demands of any company."""

from hypothesis import strategies as st

from reduse.sizing.demand import Demand

DEMANDS = st.builds(
    Demand,
    users=st.integers(1, 20_000_000),
    services=st.integers(1, 60),
    requests_per_user=st.floats(0.001, 50),
    interval=st.sampled_from([1.0, 5.0, 10.0, 60.0]),
    skew=st.floats(0, 2),
)
