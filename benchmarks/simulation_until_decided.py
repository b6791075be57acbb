"""What `until_decided` promises, in simulated experiments with a known truth.

    python benchmarks/simulation_until_decided.py [--experiments 10000] [--min 6] [--max 40]

Each experiment draws the accuracies of two arms under paired seeds: normal with sd 0.005, and
correlated 0.5 within a seed, as seen on the Quora pairs; the margin is 0.005. The same draws are
judged by the plan of looks and, for comparison, once at `max` seeds. The levels are those of
`models.comparison.sequential.group_sequential`; the rule of `models.comparison.verdict` is written
again for all experiments at once, and
`tests/unit/comparison/test_group_sequential_simulation.py` holds it against the service's own.
Beyond 15 pairs the sign patterns are sampled here, as the service does beyond 40.

A second table is about futility: arms whose differences are so wide that 40 seeds often decide
nothing, judged by the same looks with and without stopping where the last one would stay undecided.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from models.comparison.sequential.futility import (
    FUTILE_ABOVE,
    LastLook,
    is_futile,
    stays_undecided,
)
from models.comparison.sequential.group_sequential import plan
from models.comparison.sign_flip import sign_flip_p
from models.comparison.skewness.normal_reach import distribution
from models.comparison.skewness.short_side import LEAST_SHARE, STRICTEST, better_share
from models.specs.parse import parse_spec

SD, CORRELATION, MARGIN = 0.005, 0.5, 0.005
LOSS = {"terms": [{"kind": "mean_negative"}]}
ARMS = [{"name": name, "loss": LOSS} for name in ("a", "b")]
HEADER = ("true difference, plan", "better", "equivalent", "undecided", "seeds (median; 90 %)")
WIDE = 4  # how many times as far apart the differences are in the table about futility
VERDICTS = ("undecided", "a_better", "b_better", "equivalent")

EXACT_PAIRS, PATTERNS = 15, 9_999

Looks = list[tuple[int, float]]  # pairs and level of each


@dataclass(frozen=True)
class Outcomes:
    """Of each simulated experiment: an index into `VERDICTS`, and the seeds it used."""

    verdict: np.ndarray
    seeds: np.ndarray

    def share(self, *verdicts: str) -> float:
        return float(np.isin(self.verdict, [VERDICTS.index(each) for each in verdicts]).mean())

    def error(self, *verdicts: str) -> float:
        """Standard error of the share, as simulated."""
        share = self.share(*verdicts)
        return float(np.sqrt(share * (1 - share) / self.verdict.size))


def differences(difference: float, experiments: int, most: int, seed: int = 0) -> np.ndarray:
    """a - b under each seed: [experiments, most]."""
    law = np.random.default_rng(seed)
    covariance = SD**2 * np.array([[1, CORRELATION], [CORRELATION, 1]])
    arms = law.multivariate_normal([difference, 0], covariance, (experiments, most))
    return np.asarray(arms[..., 0] - arms[..., 1])


def looks_of(least: int, most: int) -> Looks:
    seeds = {"until_decided": {"min": least, "max": most}}
    spec = parse_spec({"dataset": "none", "arms": ARMS, "seeds": seeds})
    return [(look.pairs, look.level) for look in plan(spec)]


def judge(
    drawn: np.ndarray,
    looks: Looks,
    margin: float = MARGIN,
    *,
    futility: bool = False,
    plain: bool = False,
) -> Outcomes:
    """Take the looks in turn at every experiment that is neither decided nor stopped yet."""
    verdict = np.zeros(len(drawn), dtype=int)
    seeds = np.full(len(drawn), looks[-1][0])
    left = np.arange(len(drawn))
    for pairs, level in looks:
        now = verdicts_at(drawn[left, :pairs], level, margin, plain=plain)
        verdict[left] = now
        ended = now > 0
        if futility:
            ended |= (now == 0) & futile_at(drawn[left, :pairs], looks[-1], margin)
        seeds[left[ended]] = pairs
        left = left[~ended]
    return Outcomes(verdict, seeds)


def futile_at(drawn: np.ndarray, last: tuple[int, float], margin: float) -> np.ndarray:
    """Whether a look stops, for each row of differences."""
    at_last, pairs = LastLook(*last, margin), drawn.shape[1]
    means, sds = drawn.mean(axis=1).tolist(), drawn.std(axis=1, ddof=1).tolist()
    return np.array(
        [
            is_futile(stays_undecided(mean, sd, pairs, at_last), FUTILE_ABOVE)
            for mean, sd in zip(means, sds, strict=True)
        ],
        dtype=bool,
    )


def verdicts_at(
    drawn: np.ndarray, level: float, margin: float, *, plain: bool = False
) -> np.ndarray:
    """The rule of `models.comparison.verdict` at this level, for each row of differences; `plain`
    is the rule that does not ask whether a side is short."""
    pairs = drawn.shape[1]
    mean, sd = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
    error = sd / np.sqrt(pairs)
    below, above = (mean - drawn.min(axis=1)) / sd, (drawn.max(axis=1) - mean) / sd
    of_side, of_better = (0.0, 0.0) if plain else (LEAST_SHARE, better_share(pairs, level))
    sides = ((margin - mean, below), (margin + mean, above))
    ps = [
        strictness(reach, pairs, of_side) * stdtr(pairs - 1, -room / error) for room, reach in sides
    ]
    equivalent = np.maximum(*ps) < level
    factor = strictness(np.where(mean > 0, above, below), pairs, of_better)
    p = factor * 2 * stdtr(pairs - 1, -np.abs(mean) / error)
    better = ~equivalent & (p < level)
    better[better] = sign_flip_ps(drawn[better]) <= level
    found = np.where(mean > 0, VERDICTS.index("a_better"), VERDICTS.index("b_better"))
    return np.where(equivalent, VERDICTS.index("equivalent"), np.where(better, found, 0))


def strictness(reach: np.ndarray, pairs: int, share: float) -> np.ndarray:
    """What a p is multiplied by, for each sample that reaches so far on the side of the claim."""
    shorter = np.interp(reach, *distribution(pairs))
    return np.asarray(np.clip(share / np.maximum(shorter, 1e-12), 1, STRICTEST))


def sign_flip_ps(drawn: np.ndarray) -> np.ndarray:
    """The two-sided sign-flip p of each row; exact up to 15 pairs, then from sampled patterns."""
    pairs = drawn.shape[1]
    if pairs <= EXACT_PAIRS:
        return np.array([sign_flip_p(row) for row in drawn.tolist()])
    flips = np.random.default_rng(pairs).integers(0, 2, (pairs, PATTERNS)) * 2.0 - 1
    reaching = [np.abs(row @ flips) >= abs(row.sum()) - 1e-12 for row in drawn]
    return np.array([(1 + np.count_nonzero(each)) / (1 + PATTERNS) for each in reaching])


def row(name: str, found: Outcomes) -> str:
    cells = [name]
    for verdicts in (("a_better", "b_better"), ("equivalent",), ("undecided",)):
        cells.append(f"{100 * found.share(*verdicts):.2f} ± {100 * found.error(*verdicts):.2f} %")
    seeds = found.seeds
    cells.append(f"{seeds.mean():.1f} ({np.median(seeds):.0f}; {np.quantile(seeds, 0.9):.0f})")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=10_000)
    parser.add_argument("--min", type=int, default=6)
    parser.add_argument("--max", type=int, default=40)
    asked = parser.parse_args()
    looks = looks_of(asked.min, asked.max)
    fixed = [(asked.max, 0.05)]
    print("looks:", ", ".join(f"{pairs} seeds at level {level:.4f}" for pairs, level in looks))
    print(f"{asked.experiments} experiments a row; ± is one standard error of the simulation")
    for cells in (HEADER, ("---",) * len(HEADER)):
        print("| " + " | ".join(cells) + " |")
    # a margin so small that `equivalent` cannot hide a false `better`
    cases = [
        (0.0, 1e-6),
        (0.0, MARGIN),
        (0.0025, MARGIN),
        (0.005, MARGIN),
        (0.01, MARGIN),
        (0.02, MARGIN),
    ]
    for difference, margin in cases:
        drawn = differences(difference, asked.experiments, asked.max)
        about = f"{100 * difference:g} points" + (" (no margin)" if margin < MARGIN else "")
        print(row(f"{about}, until decided", judge(drawn, looks, margin)))
        print(row(f"{about}, {asked.max} seeds", judge(drawn, fixed, margin)))
    print(f"\nDifferences {WIDE} times as wide, with and without futility")
    for cells in (HEADER, ("---",) * len(HEADER)):
        print("| " + " | ".join(cells) + " |")
    for difference in (0.0, 0.0025, 0.005, 0.01, 0.02):
        # the same as arms WIDE times as far apart
        drawn = WIDE * differences(difference / WIDE, asked.experiments, asked.max)
        for name, futility in (("without", False), ("with", True)):
            found = judge(drawn, looks, futility=futility)
            print(row(f"{100 * difference:g} points, {name} futility", found))


if __name__ == "__main__":
    main()
