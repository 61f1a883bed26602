# SPDX-License-Identifier: MPL-2.0
"""Whether one list of samples lies below another or noise hides it: the ratio of the medians, and its 95 % bootstrap interval.

Subjects are measured in turn, so the samples of one round belong together: a slow spell of the machine met all of them. So rounds
are drawn, with what each subject took in them, and not each subject's samples by themselves.
"""

import dataclasses
import functools
import random
import statistics

RESAMPLES = 2000
OUTSIDE = 0.05
SEED = 1
# With fewer, even samples that all agree say nothing at this level: three do by chance in every fourth case.
FEWEST_ROUNDS = 5

AHEAD, TIED, BEHIND, TOO_FEW = "ahead", "tied", "behind", "too few rounds"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Ours to theirs. The ratio is below 1 where ours is smaller."""

    ratio: float
    low: float
    high: float
    verdict: str


@functools.lru_cache
def _draws(rounds):
    """The same for every subject and in every run: what is drawn adds no noise of its own."""
    draw = random.Random(SEED)
    return [draw.choices(range(rounds), k=rounds) for _ in range(RESAMPLES)]


@functools.lru_cache(maxsize=32)
def _resampled_medians(values):
    """By hand: statistics.median takes three times as long, and there are thousands to take."""
    lower, upper = (len(values) - 1) // 2, len(values) // 2
    medians = []
    for chosen in _draws(len(values)):
        ordered = sorted([values[i] for i in chosen])
        medians.append((ordered[lower] + ordered[upper]) / 2)
    return medians


def _middle(sampled):
    """What lies between is all but OUTSIDE of them."""
    ordered = sorted(sampled)
    cut = int(len(ordered) * OUTSIDE / 2)
    return ordered[cut], ordered[-1 - cut]


def interval(values):
    """Of the median."""
    return _middle(_resampled_medians(tuple(values)))


def compare(ours, theirs, smaller_is_better=True):
    """The samples of as many rounds of both, in the order of the rounds. None where a sample is not above zero: there is no ratio."""
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} rounds of ours and {len(theirs)} of theirs")
    return _compare(tuple(ours), tuple(theirs), smaller_is_better)


@functools.lru_cache(maxsize=None)
def _compare(ours, theirs, smaller_is_better):
    if min(ours) <= 0 or min(theirs) <= 0:
        return None
    ratio = statistics.median(ours) / statistics.median(theirs)
    low, high = _middle([a / b for a, b in zip(_resampled_medians(ours), _resampled_medians(theirs))])
    if len(ours) < FEWEST_ROUNDS:
        verdict = TOO_FEW
    elif low <= 1 <= high:
        verdict = TIED
    else:
        verdict = AHEAD if (high < 1) == smaller_is_better else BEHIND
    return Comparison(ratio, low, high, verdict)


def spread(values):
    """How far the middle half of the samples lies apart, to their median: one odd round makes it no larger."""
    if len(values) < 2 or statistics.median(values) <= 0:
        return 0.0
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return (third - first) / statistics.median(values)
