"""Limiters as one would write them down: request for request of one user, without arrays or state between batches."""

import math
from collections import deque

from reduse.what_if.limiter import Kind, Limiter

GOLDEN = 0.6180339887498949


def rejected(limiter: Limiter, sent: list[tuple[int, int]], closed: set[int]) -> list[int]:
    """Of one user's requests in each (second, count), how many are rejected."""
    if limiter.instances == 1:
        return _rejected_by_one(limiter, sent, closed)
    turn = 0
    shares: list[list[tuple[int, int]]] = [[] for _ in range(limiter.instances)]
    for second, count in sent:
        parts = [0] * limiter.instances
        for _ in range(count):
            parts[turn] += 1
            turn = (turn + 1) % limiter.instances
        for share, part in zip(shares, parts, strict=True):
            share.append((second, part))
    return [sum(each) for each in zip(*(_rejected_by_one(limiter, share, closed) for share in shares), strict=True)]


def _rejected_by_one(limiter: Limiter, sent: list[tuple[int, int]], closed: set[int]) -> list[int]:
    match limiter.kind:
        case Kind.TOKEN_BUCKET:
            return _token_bucket(limiter, sent, closed)
        case Kind.FIXED_WINDOW:
            return _fixed_window(limiter, sent)
        case Kind.MOVING_WINDOW:
            return _moving_window(limiter, sent)


def _token_bucket(limiter: Limiter, sent: list[tuple[int, int]], closed: set[int]) -> list[int]:
    """Second by second, from full: what flows in during a second may be spent in it."""
    counts = {second: count for second, count in sent if count}
    gone, tokens, missed = {}, limiter.capacity, 0
    begin, end = min(counts, default=0), max(counts, default=-1)
    for second in range(begin, end + 1):
        if second not in closed:
            missed += 1
            continue
        count = counts.get(second, 0)
        if tokens < limiter.capacity or count > math.floor(limiter.per_second):
            tokens = min(tokens + limiter.per_second * missed, limiter.capacity) + limiter.per_second
            allowed = min(count, math.floor(tokens))
            gone[second] = count - allowed
            tokens = min(tokens - allowed, limiter.capacity)
        missed = 0
    return [gone.get(second, 0) for second, _ in sent]


def _fixed_window(limiter: Limiter, sent: list[tuple[int, int]]) -> list[int]:
    window, gone = limiter.window, list[int]()
    spent: dict[int, int] = {}
    for second, count in sent:
        period = second // window.seconds
        gone.append(0)
        for _ in range(count):
            if spent.get(period, 0) < window.requests:
                spent[period] = spent.get(period, 0) + 1
            else:
                gone[-1] += 1
    return gone


def _moving_window(limiter: Limiter, sent: list[tuple[int, int]]) -> list[int]:
    window, gone = limiter.window, list[int]()
    through = deque[float]()
    for second, count in sent:
        gone.append(0)
        for number in range(count):
            time = second + (number + second * GOLDEN % 1) / count
            while through and through[0] <= time - window.seconds:
                through.popleft()
            if len(through) < window.requests:
                through.append(time)
            else:
                gone[-1] += 1
    return gone
