"""What a programme promises: few of its discoveries are false, in synthetic programmes.

    python benchmarks/simulation_programme.py [--programmes 4000] [--questions 200]

A question has two arms under paired seeds whose differences are normal; where there is something
to find, their mean is two standard deviations (as in the forum's question), or one. It is called
`better` where both the t test and the exact sign-flip test pass at the question's level, as in
`models.comparison.verdict` (without its stricter level for differences that end abruptly, which
only lowers the rates). Levels are those of `models.programmes.levels`, written again for all
programmes at once; `tests/unit/programmes/test_programme_simulation.py` holds both against the
service's own. Beside them: the same questions each at 0.05, by Bonferroni (0.05 / 200), and by LOND
(Javanmard and Montanari 2018, with the same weights). Seeded: the same command prints the same
tables. The false discovery rate of 4,000 programmes is known to about +-0.5 points (two standard
errors).
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from models.programmes.levels import DECAY, FIRST, SHIFT, WHOLE

ALPHA = 0.05
HIGHEST = ALPHA  # no level is above it, so no larger p need be exact
AT_ONCE = 2**24  # sign patterns times samples in memory
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Kind:
    """What the questions of a programme have in common."""

    true_share: float
    """Of the questions, those with something to find."""
    seeds: int = 12
    in_flight: int = 1
    """Questions that are asked together: none knows what the others find."""
    same_baseline: bool = False
    """All share one baseline under the same seeds, and so its luck."""
    size: float = 2.0
    """The mean difference where there is something to find, in standard deviations."""
    true_last: bool = False
    """Whatever there is to find comes after all that is nothing."""


@dataclass(frozen=True)
class Programmes:
    """p of `better` and what is true, [programme, question]."""

    p: Values
    true: Flags


def drawn(kind: Kind, programmes: int, questions: int) -> Programmes:
    generator = np.random.default_rng([20_268, round(100 * kind.true_share), kind.seeds])
    true = generator.random((programmes, questions)) < kind.true_share
    if kind.true_last:
        true.sort(axis=1)
    p = np.empty(true.shape)
    for start in range(0, programmes, 100):
        part = slice(start, start + 100)
        own = generator.normal(size=(*true[part].shape, kind.seeds))
        if kind.same_baseline:  # half of the variance of a difference is the baseline's
            baseline = generator.normal(size=(len(own), 1, kind.seeds))
            own = (own - baseline) / np.sqrt(2)
        differences = own + kind.size * true[part, :, None]
        p[part] = better_p(differences.reshape(-1, kind.seeds)).reshape(true[part].shape)
    return Programmes(p, true)


def better_p(differences: Values) -> Values:
    """The larger of the t test's and the sign-flip test's p of each sample [sample, seed]; the t
    test's alone where that is above every level."""
    n = differences.shape[1]
    mean, sd = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    p: Values = 2 * stdtr(n - 1, -np.abs(mean) / (sd / np.sqrt(n)))
    near = np.flatnonzero(p <= HIGHEST)
    p[near] = np.maximum(p[near], sign_flip(differences[near]))
    return p


def sign_flip(differences: Values) -> Values:
    """The share of all sign patterns with a sum at least as far from zero."""
    n = differences.shape[1]
    # one of each two opposite patterns, since their sums are as far from zero
    patterns = 1 - 2 * ((np.arange(2 ** (n - 1))[None] >> np.arange(n)[:, None]) & 1)
    signs = patterns.astype(np.float32)
    found = np.empty(len(differences))
    step = max(1, AT_ONCE // signs.shape[1])
    for start in range(0, len(differences), step):
        some = differences[start : start + step].astype(np.float32)
        sums = np.abs(some @ signs)
        least = np.abs(some.sum(axis=1))[:, None] * (1 - 1e-5)
        found[start : start + step] = (sums >= least).mean(axis=1)
    return found


Rule = Callable[[int, NDArray[np.int64], NDArray[np.int64]], Values]
"""From the number of a question, the discoveries known after each number of questions [programme,
number], and after how many the first one was known (0: none is), the level in each programme."""


def lord(number: int, known: NDArray[np.int64], first: NDArray[np.int64]) -> Values:
    weights = weight(number - np.arange(known.shape[1]))
    once = np.where(first > 0, weight(number - first), 0.0)
    start = FIRST * ALPHA
    own = weight(np.array([number]))
    levels: Values = start * own + ALPHA * (known @ weights) - start * once
    return levels


def weight(waits: NDArray[np.int64]) -> Values:
    return np.where(waits > 0, (waits.clip(1) + SHIFT) ** -DECAY / WHOLE, 0.0)


def lond(number: int, known: NDArray[np.int64], _: NDArray[np.int64]) -> Values:
    levels: Values = ALPHA * weight(np.array([number])) * (1 + known.sum(axis=1))
    return levels


def bonferroni(questions: int) -> Rule:
    return lambda _, known, __: np.full(len(known), ALPHA / questions)


def alone(_: int, known: NDArray[np.int64], __: NDArray[np.int64]) -> Values:
    return np.full(len(known), ALPHA)


def discoveries(p: Values, rule: Rule, in_flight: int) -> tuple[Flags, Values]:
    """Which questions are called `better`, and the level of each."""
    programmes, questions = p.shape
    found, levels = np.zeros(p.shape, bool), np.empty(p.shape)
    known = np.zeros((programmes, questions + 1), np.int64)
    first = np.zeros(programmes, np.int64)
    for start in range(0, questions, in_flight):
        end = min(start + in_flight, questions)
        for number in range(start + 1, end + 1):
            levels[:, number - 1] = rule(number, known[:, :number], first)
        found[:, start:end] = p[:, start:end] <= levels[:, start:end]
        known[:, end] = found[:, start:end].sum(axis=1)
        first = np.where((first == 0) & (known[:, end] > 0), end, first)
    return found, levels


def false_rate(found: Flags, true: Flags) -> float:
    """The mean over programmes of the share of false ones among the discoveries."""
    false, all_found = (found & ~true).sum(axis=1), found.sum(axis=1)
    return float((false / all_found.clip(1)).mean())


def power(found: Flags, true: Flags) -> float:
    return float((found & true).sum() / max(true.sum(), 1))


KINDS = [
    *[Kind(share) for share in (0.0, 0.05, 0.1, 0.3, 0.5)],
    *[Kind(share, seeds=16) for share in (0.0, 0.05, 0.1, 0.3)],
    *[Kind(share, seeds=16, in_flight=8) for share in (0.0, 0.1, 0.3)],
    *[Kind(share, seeds=16, size=1.0) for share in (0.1, 0.3)],
    Kind(0.1, seeds=16, true_last=True),
    *[Kind(share, seeds=16, same_baseline=True) for share in (0.0, 0.1, 0.3)],
]


def rows(programmes: int, questions: int) -> Iterable[list[str]]:
    for kind in KINDS:
        made = drawn(kind, programmes, questions)
        cells = []
        for rule in (lord, lond, bonferroni(questions), alone):
            found, levels = discoveries(made.p, rule, kind.in_flight)
            cells += [f"{100 * false_rate(found, made.true):.1f}"]
            cells += [f"{100 * power(found, made.true):.0f}" if kind.true_share else "–"]
            if rule is lord:
                cells.append(f"{np.median(levels[:, -1]):.2g}")
        how = "one baseline, the same seeds" if kind.same_baseline else "fresh seeds"
        how += ", what is true last" if kind.true_last else ""
        yield [
            f"{100 * kind.true_share:g}", f"{kind.size:g}", str(kind.seeds), str(kind.in_flight),
            how, *cells,
        ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programmes", type=int, default=4000)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    print(f"{given.programmes} programmes of {given.questions} questions for each row, in %.\n")
    names = ["true", "size", "seeds", "in flight", "questions have", "false", "power", "last level"]
    names += ["LOND: false", "power", "Bonferroni: false", "power", "each at 0.05: false", "power"]
    print(f"| {' | '.join(names)} |\n|{' --- |' * len(names)}")
    for row in rows(given.programmes, given.questions):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
