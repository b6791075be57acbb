"""Differences that end abruptly on one side, as they do where the other side has a long tail.

**Why.** A t test trusts that the sample shows the spread. Where one arm now and then has a far
worse run, most samples of 6 to 20 seeds have too few of these: their mean is too good *and* their
sd too small, so that the t test says `better` in 6 to 10 % of the cases where the means are the
same, and `equivalent` at the margin in up to 15 %. The skewness of such a sample hardly shows,
since what would show it is missing. What shows is the other side: values that have a long tail
below crowd against an edge above.

**What is measured.** How far the sample reaches beyond its mean on the side of the claim, in sds:
(largest - mean) / sd, the extreme studentized deviate of Pearson and Chandra Sekar (1936) and
Grubbs (1950), of which the *small* values matter here.

**What follows.** Of normal samples a share F reaches less far. Where F is below a share S, the p of
the claim's t test is multiplied by S / F, by 100 at most. S is a third for `better` with 10 pairs,
half as much for every two pairs more and twice as much for every two fewer, but not above 1 nor
below 5 %: so many that an exponential tail, beside no noise in the other arm, is called better in
5 % with any number of pairs from 6 on, where S = 5 % for all would leave 6 to 7 with 6 to 12. That
is at a level of 0.05; a tail takes more of a stricter level, as looks have, so S is twice as large
at half of it, up to 1. For either side of `equivalent` S is 5 %.

**Why this form.** The likelihood ratio of normal differences and of an exponential tail about zero
grows with the t value and with F (under normal noise these are independent: Basu 1955), so the
claims to give up are those where both are small (Neyman and Pearson 1933). One who knew that the
tail is exponential, and how large a normal effect is, would pay nearly as much for the 5 %: for an
effect of 1.4 sds with 6, 7, 8 and 10 pairs, 4, 10, 7 and 2 points of power, where this pays 7, 13,
8 and 3. With 12 pairs and more it pays less than 1. Corrections of the statistic itself (Johnson
1978; Hall 1992) pay more from 10 pairs on, and leave more than 5 % with 6 (`benchmarks/README.md`).

**What it does not.** Heavier tails stay above 5 %: a log-normal one is called better in 8 to 9 %
with 6 to 14 pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.comparison.rule import FEWEST_PAIRS
from models.comparison.schema import Statistic
from models.comparison.skewness.normal_reach import reach_of_share, share_below

LEAST_SHARE = 0.05
SHARE_OF_TEN = 1 / 3
LEVEL = 0.05
"""At which the shares are these."""
STRICTEST = 100.0
"""So that a large effect is seen however its differences lie: five of one size and one smaller
would else never do."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far differences reach below and above their mean, in their sd, and how many they are."""

    below: float
    above: float
    pairs: int

    def shorter(self, *, above: bool) -> float:
        """The share of normal samples that reach less far above their mean, or below it."""
        return share_below(self.above if above else self.below, self.pairs)

    def strictness(self, *, above: bool, share: float) -> float:
        """What the p of a claim is multiplied by, where the differences reach less far, `above`
        their mean or below it, than all but this share of normal samples; else 1."""
        shorter = self.shorter(above=above)
        if shorter >= share:
            return 1.0
        return min(share / shorter, STRICTEST) if shorter else STRICTEST

    def least(self, alpha: float) -> float:
        """How far they have to reach on the side of a claim `better` for the level to be whole."""
        return reach_of_share(better_share(self.pairs, alpha), self.pairs)


def better_share(pairs: int, alpha: float) -> float:
    """The share of normal samples whose claim `better` comes under a stricter level than alpha."""
    share = max(LEAST_SHARE, SHARE_OF_TEN * 2 ** ((10 - pairs) / 2)) * (LEVEL / alpha)
    return min(1.0, share)


def reach_of(differences: Sequence[float], mean: Statistic, sd: Statistic) -> Reach | None:
    """None with fewer than six differences, of which nothing is claimed, or without spread."""
    if mean is None or not sd or len(differences) < FEWEST_PAIRS:
        return None
    return Reach((mean - min(differences)) / sd, (max(differences) - mean) / sd, len(differences))


def strictness_of_better(mean: Statistic, reach: Reach | None, alpha: float) -> float:
    """What the two-sided p of the t test is multiplied by: that a mean above zero is above it is
    doubtful where the differences end abruptly above, as their tail may lie below."""
    if mean is None or reach is None:
        return 1.0
    return reach.strictness(above=mean > 0, share=better_share(reach.pairs, alpha))


def strictness_of_tost(reach: Reach | None) -> tuple[float, float]:
    """What the one-sided p of "below the margin" and "above -margin" are multiplied by: that the
    mean is low is doubtful where the differences end abruptly below, and the other way round."""
    if reach is None:
        return 1.0, 1.0
    below, above = (reach.strictness(above=side, share=LEAST_SHARE) for side in (False, True))
    return below, above


def strict_t_p(t_p: Statistic, mean: Statistic, reach: Reach | None, alpha: float) -> Statistic:
    """The two-sided p of the t test as `better` needs it, to be at most alpha."""
    return None if t_p is None else min(1.0, t_p * strictness_of_better(mean, reach, alpha))


def is_held_back(strict_p: Statistic, mean: Statistic, reach: Reach | None, alpha: float) -> bool:
    """Whether a claim comes under a stricter level and does not reach it, by its `strict_t_p`."""
    if strict_p is None:
        return False
    return strictness_of_better(mean, reach, alpha) > 1 and strict_p > alpha
