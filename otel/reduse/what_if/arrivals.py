"""From what was recorded to what reaches a limiter: the rows of its policies, a user's in order of time."""

from collections.abc import Mapping

import numpy as np

from reduse.history.batch import Batch
from reduse.processor.core.compiled import compiled
from reduse.what_if.columns import Arrivals, Float64, Int64, UInt8, UInt64

_UNIT = np.empty(0)


def arrivals(batch: Batch, policy: str | None, costs: Mapping[str, float]) -> Arrivals:
    """The rows of a policy, of all where it is None; the requests of one second are taken as mixed evenly."""
    rows = batch.rows
    wanted = np.array([policy is None or name == policy for name in rows.policies])
    cost = np.array([costs.get(name, 1.0) for name in rows.policies])
    if not len(rows) or (rows.policy == rows.policy[0]).all():
        only = int(rows.policy[0]) if len(rows) else 0
        size = len(rows) if wanted[only] else 0
        mean = _UNIT if cost[only] == 1 else np.full(size, cost[only])
        return Arrivals(
            rows.users[:size],
            rows.seconds[:size],
            rows.counts[:size],
            rows.microseconds[:size],
            rows.throttled[:size],
            mean,
        )
    users, windows, counts, microseconds, throttled, mean = _folded(
        rows.users,
        rows.policy,
        rows.seconds,
        rows.counts,
        rows.microseconds,
        rows.throttled,
        wanted,
        cost,
        batch.begin,
        batch.end,
    )
    return Arrivals(users, windows, counts, microseconds, throttled, _UNIT if (cost[wanted] == 1).all() else mean)


@compiled
def _folded(
    users: UInt64,
    policies: UInt8,
    windows: Int64,
    counts: Int64,
    microseconds: Int64,
    throttled: Int64,
    wanted: Int64,
    cost: Float64,
    start: int,
    end: int,
) -> tuple[UInt64, Int64, Int64, Int64, Int64, Float64]:
    """One row for each user and second, of the rows of wanted policies."""
    size = len(users)
    of_users, of_windows, of_counts = np.empty(size, np.uint64), np.empty(size, np.int64), np.empty(size, np.int64)
    of_microseconds, of_throttled, mean = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    # By second of the batch: of one user.
    sent, busy = np.zeros(end - start, np.int64), np.zeros(end - start, np.int64)
    rejected, spent = np.zeros(end - start, np.int64), np.zeros(end - start)
    made, row = 0, 0
    while row < size:
        user, first, last = users[row], end, start - 1
        while row < size and users[row] == user:
            if wanted[policies[row]]:
                second = windows[row] - start
                sent[second] += counts[row]
                busy[second] += microseconds[row]
                rejected[second] += throttled[row]
                spent[second] += counts[row] * cost[policies[row]]
                first, last = min(first, windows[row]), max(last, windows[row])
            row += 1
        for window in range(first, last + 1):
            second = window - start
            if sent[second]:
                of_users[made], of_windows[made], of_counts[made] = user, window, sent[second]
                of_microseconds[made], of_throttled[made] = busy[second], rejected[second]
                mean[made] = spent[second] / sent[second]
                made += 1
                sent[second] = busy[second] = rejected[second] = 0
                spent[second] = 0.0
    return (
        of_users[:made],
        of_windows[:made],
        of_counts[:made],
        of_microseconds[:made],
        of_throttled[:made],
        mean[:made],
    )
