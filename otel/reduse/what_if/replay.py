"""The replay: what was recorded goes through limiters, and what each of them rejects is counted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from reduse.history.batch import Batch
from reduse.history.plan import Gap
from reduse.what_if.answer import Answer, Effect, Hour, TouchedUser
from reduse.what_if.arrivals import arrivals
from reduse.what_if.columns import Int64, UInt64
from reduse.what_if.counting import Counting, Kept
from reduse.what_if.fixed_window import FixedWindows
from reduse.what_if.instances import Instances
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.moving_window import MovingWindows
from reduse.what_if.seconds import Seconds
from reduse.what_if.tally import HOUR, Tally, add_by_second
from reduse.what_if.token_bucket import TokenBuckets
from reduse.what_if.users import Runs, Users
from reduse.wire import HASH_DIGITS

DEFAULT_USERS = 10


_COUNTING: Mapping[Kind, Callable[[Limiter], Counting]] = {
    Kind.TOKEN_BUCKET: TokenBuckets,
    Kind.FIXED_WINDOW: FixedWindows,
    Kind.MOVING_WINDOW: MovingWindows,
}


def _counting(limiter: Limiter) -> Counting:
    make = partial(_COUNTING[limiter.kind], limiter)
    return make() if limiter.instances == 1 else Instances(make, limiter.instances)


class Replay:
    """Takes batches in order of time. Those before `start` fill and drain the limiters, and are not counted.

    Memory: some 40 bytes for each user, 40 more for each user and limiter, 8 to 16 for each request in a moving window.

    Args:
        limiters: tried side by side, each on all requests.
        first: Unix seconds: batches begin at it or later.
        start: counted is [start, end).
        end: see above.
        policy: only requests under it reach the limiters; None: all of identified users.
        costs: of a request under a policy; others cost one.
    """

    def __init__(
        self,
        limiters: Sequence[Limiter],
        *,
        first: int,
        start: int,
        end: int,
        policy: str | None = None,
        costs: Mapping[str, float] | None = None,
    ) -> None:
        self._limiters, self._policy, self._costs = tuple(limiters), policy, dict(costs or {})
        self._first, self._start, self._end = first, start, end
        seconds = end - first
        self._users = Users()
        self._counting: list[Counting] = [_counting(limiter) for limiter in limiters]
        self._rejected = [Tally(first, seconds, start) for _ in limiters]
        self._sent, self._throttled = Tally(first, seconds, start), Tally(first, seconds, start)
        self._kept: list[Kept] = [self._sent, self._throttled, *self._rejected, *self._counting]
        self._seconds = Seconds(first, seconds)
        # By second: requests of everybody but those that reach limiters without a policy.
        self._everybody: Int64 = np.zeros(seconds, np.int64)

    def add(self, batch: Batch) -> None:
        rows, totals = batch.rows, batch.totals
        self._seconds.begin = batch.begin
        self._seconds.close(totals.seconds)
        self._everybody[totals.seconds - self._first] += totals.counts.sum(axis=0)
        if self._policy is not None:
            add_by_second(rows.seconds, rows.counts, self._first, self._everybody)
        reaching = arrivals(batch, self._policy, self._costs)
        if not len(reaching.users):
            return
        runs = self._see(reaching.users)
        self._sent.add(reaching, runs, reaching.counts)
        if reaching.throttled.any():
            self._throttled.add(reaching, runs, reaching.throttled)
        for counting, tally in zip(self._counting, self._rejected, strict=True):
            tally.add(reaching, runs, counting.rejected(reaching, runs, self._seconds))

    def _see(self, users: UInt64) -> Runs:
        if self._users.begins_pass(users):
            self._reorder()
        before = len(self._users)
        runs = self._users.see(users)
        if len(self._users) > before:
            for each in self._kept:
                each.grow(len(self._users))
        return runs

    def _reorder(self) -> None:
        order = self._users.reorder()
        if order is not None:
            for each in self._kept:
                each.reorder(order)

    def answer(self, service: str, users: int = DEFAULT_USERS, gaps: Iterable[Gap] = ()) -> Answer:
        """Of all that was taken; with so many of the users whom each limiter touches."""
        self._reorder()
        counted = slice(self._start - self._first, None)
        everybody = self._all()[counted]
        peak_at = int(everybody.argmax()) if len(everybody) else 0
        active = self._sent.by_user > 0
        return Answer(
            service=service,
            policy=self._policy,
            start=self._start,
            end=self._end,
            warmed_up_from=self._first,
            requests=int(self._sent.by_user.sum()),
            all_requests=int(everybody.sum()),
            active=int(active.sum()),
            throttled=int(self._throttled.by_user.sum()),
            peak=int(everybody[peak_at]),
            peak_at=self._start + peak_at,
            seconds=self._sent.seconds,
            effects=[
                self._effect(limiter, tally, users)
                for limiter, tally in zip(self._limiters, self._rejected, strict=True)
            ],
            gaps=tuple(gaps),
            users=self._users.users[active],
            throttled_by_user=self._throttled.by_user[active],
            throttled_by_hour=self._by_hour(self._throttled.by_second),
        )

    def _effect(self, limiter: Limiter, tally: Tally, most: int) -> Effect:
        left = (self._all() - tally.by_second)[self._start - self._first :]
        peak_at = int(left.argmax())
        sent, rejected = self._sent, tally.by_user
        columns = (self._by_hour(sent.by_second), self._by_hour(tally.by_second))
        starts = [self._start, *range((self._start // HOUR + 1) * HOUR, self._end, HOUR)]
        # The most rejected, then by hash.
        worst = np.lexsort((self._users.users, -rejected))[:most]
        return Effect(
            limiter=limiter,
            rejected=int(rejected.sum()),
            touched=int((rejected > 0).sum()),
            peak_left=int(left[peak_at]),
            peak_at=self._start + peak_at,
            seconds_saved=tally.seconds,
            hours=[
                Hour(start, requests, gone, int(active), int(touched))
                for start, requests, gone, active, touched in zip(
                    starts, *columns, sent.users_by_hour, tally.users_by_hour, strict=True
                )
            ],
            users=[
                TouchedUser(f"{self._users.users[at]:0{HASH_DIGITS}x}", int(sent.by_user[at]), int(rejected[at]))
                for at in worst
                if rejected[at]
            ],
            rejected_by_user=rejected[sent.by_user > 0],
        )

    def _all(self) -> Int64:
        """Requests of everybody, by second; those before the start do not matter."""
        return self._everybody + self._sent.by_second if self._policy is None else self._everybody

    def _by_hour(self, by_second: Int64) -> list[int]:
        counted = by_second[self._start - self._first :]
        begins = [0, *range(HOUR - self._start % HOUR, len(counted), HOUR)]
        return [int(number) for number in np.add.reduceat(counted, begins)]


def replay(
    batches: Iterable[Batch],
    limiters: Sequence[Limiter],
    *,
    service: str,
    first: int,
    start: int,
    end: int,
    policy: str | None = None,
    costs: Mapping[str, float] | None = None,
    users: int = DEFAULT_USERS,
    gaps: Iterable[Gap] = (),
) -> Answer:
    """The answer that all batches give: see `Replay`."""
    made = Replay(limiters, first=first, start=start, end=end, policy=policy, costs=costs)
    for batch in batches:
        made.add(batch)
    return made.answer(service, users, gaps)
