"""The median of paired differences, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE_PERCENT = 95
_RESAMPLES = 2000
_SEED = 1
_TAILS = ((100 - CONFIDENCE_PERCENT) / 2, (100 + CONFIDENCE_PERCENT) / 2)

# An interval is narrow enough when half of it is below this, or below this part of the median.
STEADY_HALF_WIDTH_US = 2.0
STEADY_PART = 0.1


@dataclass(frozen=True)
class Estimate:
    """A median; `low` to `high` is its bootstrap interval of 95 %, the quartiles are those of the sample."""

    median: float
    low: float
    high: float
    lower_quartile: float
    upper_quartile: float
    rounds: int

    @property
    def half_width(self) -> float:
        """Half of the interval of the median."""
        return (self.high - self.low) / 2

    @property
    def steady(self) -> bool:
        """Whether more rounds would not change it by much."""
        return self.half_width <= max(STEADY_HALF_WIDTH_US, STEADY_PART * abs(self.median))


def estimate(sample: Sequence[float]) -> Estimate:
    """The median of a sample that is not empty."""
    values = np.asarray(sample)
    low, high = np.percentile(_medians(values), _TAILS)
    lower, median, upper = np.percentile(values, (25, 50, 75))
    return Estimate(float(median), float(low), float(high), float(lower), float(upper), len(sample))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of the medians of two samples of the same rounds, and the ends of its bootstrap interval of 95 %."""
    upper, lower = np.asarray(numerators), np.asarray(denominators)
    low, high = np.percentile(_medians(upper) / _medians(lower), _TAILS)
    return float(np.median(upper) / np.median(lower)), float(low), float(high)


def _medians(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # The same rounds at each call: what two samples have in common stays so.
    drawn = np.random.default_rng(_SEED).integers(0, len(values), (_RESAMPLES, len(values)))
    medians: npt.NDArray[np.float64] = np.median(values[drawn], axis=1)
    return medians
