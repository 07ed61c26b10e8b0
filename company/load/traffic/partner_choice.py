"""Who sends next: few partners send most of the requests."""

import random
from collections.abc import Sequence
from itertools import accumulate


def partner_weights(count: int, zipf_exponent: float, greedy_share: float) -> list[float]:
    """Shares of all requests, summing to 1.

    The k-th partner's goes with 1 / k ** zipf_exponent; the first takes `greedy_share` on top.
    """
    zipf = [1 / rank**zipf_exponent for rank in range(1, count + 1)]
    scale = (1 - greedy_share) / sum(zipf)
    weights = [weight * scale for weight in zipf]
    weights[0] += greedy_share
    return weights


class PartnerChoice:
    """Draws partners by weight."""

    def __init__(self, partners: Sequence[str], weights: Sequence[float]) -> None:
        self._partners = list(partners)
        self._cumulative = list(accumulate(weights))

    def draw(self) -> str:
        """The next partner."""
        return random.choices(self._partners, cum_weights=self._cumulative)[0]
