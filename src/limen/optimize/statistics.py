"""How much of a difference in a metric is luck: intervals for two models scored on the same samples.

Shares of right answers: Tango's score interval for paired proportions (Statistics in Medicine 17, 1998). Areas under
the ROC curve: DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988). Any other metric: the paired percentile
bootstrap (Efron and Tibshirani, 1993).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]
LEVEL = 0.95
RESAMPLES = 2000
MOST_SAMPLES = 10**9
_STEPS = 80


def z_of(level: float = LEVEL) -> float:
    """Standard deviations on either side that hold ``level`` of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def paired_shares(lost: float, won: float, n: float, level: float = LEVEL) -> Interval:
    """Interval of the drop in the share of right answers, ``(lost - won) / n`` at its centre.

    Args:
        lost: samples that only the first model gets right.
        won: samples that only the second gets right.
        n: all samples.
    """
    z, centre = z_of(level), (lost - won) / n

    def excess(drop: float) -> float:
        """Score statistic of a drop, in standard deviations."""
        half = -lost - won + (2 * n - lost + won) * drop
        share = (math.sqrt(max(half * half + 8 * n * won * drop * (1 - drop), 0.0)) - half) / (4 * n)
        spread = math.sqrt(max(n * (2 * share + drop * (1 - drop)), 0.0))
        gap = lost - won - n * drop
        return gap / spread if spread > 0 else math.copysign(math.inf, gap) if gap else 0.0

    low = _crossing(lambda d: excess(d) - z, -1.0, centre)
    high = _crossing(lambda d: excess(d) + z, centre, 1.0)
    return low, high


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function passes zero, by bisection."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def samples_for(lost: float, won: float, n: int, limit: float, level: float = LEVEL) -> int | None:
    """Samples with which a drop of at most ``limit`` would be proved, if they came out as these did.

    None where the drop seen is not below the limit: no number would do.
    """
    if (lost - won) / n >= limit:
        return None
    few, many = 1, n
    while paired_shares(lost / n * many, won / n * many, many, level)[1] > limit:
        few, many = many, many * 2
        if many > MOST_SAMPLES:
            return None
    while many - few > max(1, many // 1000):
        middle = (few + many) // 2
        proved = paired_shares(lost / n * middle, won / n * middle, middle, level)[1] <= limit
        few, many = (few, middle) if proved else (middle, many)
    return many


def paired_areas(truth: NDArray[np.bool_], first: Floats, second: Floats, level: float = LEVEL) -> Interval:
    """Interval of the drop of the area under the ROC curve from the first scores to the second.

    Args:
        truth: [n], both classes occur.
        first, second: [n] scores; larger means the positive class.
    """
    parts = [_placements(truth, score) for score in (first, second)]
    drop = float(parts[0][0].mean() - parts[1][0].mean())
    spread = 0.0
    for side in (0, 1):
        gap = parts[0][side] - parts[1][side]
        spread += float(gap.var(ddof=1)) / len(gap) if len(gap) > 1 else 0.0
    reach = z_of(level) * math.sqrt(spread)
    return drop - reach, drop + reach


def _placements(truth: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """For each positive sample the share of negatives below it, and for each negative that of positives above."""
    positive, negative = np.sort(score[truth]), np.sort(score[~truth])
    above = np.searchsorted(negative, score[truth], "left") + np.searchsorted(negative, score[truth], "right")
    below = np.searchsorted(positive, score[~truth], "left") + np.searchsorted(positive, score[~truth], "right")
    return above / (2 * len(negative)), 1 - below / (2 * len(positive))


def bootstrap(
    drop_of: Callable[[NDArray[np.int64]], float], n: int, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval:
    """Percentile interval of a drop under resampling of the samples; resamples without a value are left out.

    Args:
        drop_of: drop on the samples of these indices; may raise ValueError or be NaN where they have none.
        n: samples.
    """
    rng = np.random.default_rng(n)
    found = []
    for _ in range(resamples):
        try:
            value = drop_of(rng.integers(0, n, n))
        except (ValueError, ZeroDivisionError):
            continue
        if math.isfinite(value):
            found.append(value)
    if not found:
        return -math.inf, math.inf
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
