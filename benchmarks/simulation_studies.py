"""What the verdict of a study promises, kept in thousands of synthetic studies with a known truth.

    python benchmarks/simulation_studies.py [--studies 4000]

A study has 4 or 8 data sets, and on each two arms under a few seeds, whose differences are normal.
The true difference of a data set is the mean over data sets, which is known, and what is its own,
with a standard deviation tau. Noise is told as the standard error of a data set's mean difference;
tau is told in units of the median of these. Every study goes through `models.studies.study`, as
those of the service do. Seeded: the same command prints the same tables. A share of 4,000 is known
to +-0.7 points (two standard errors, near 5 %).
"""

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from simulation import CONFIDENCE, MARGIN, table

from models.comparison.evidence import gather_evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.schema import Interval
from models.states import RunState
from models.studies.schema import StudyComparison
from models.studies.study import Judged, Member, study_comparisons

RULE = DecisionRule("test.accuracy", MARGIN, CONFIDENCE)
# no equivalence hides a false `better`
STRICT = DecisionRule("test.accuracy", 1e-9, CONFIDENCE)
SD = 0.006  # of the difference of two runs of one seed, where noise is 1
NOISES: dict[str, tuple[float, ...]] = {
    "equal": (1,),
    "one in four is 4 times as precise": (1, 4, 4, 4),
    "1, 2, 4, 8": (1, 2, 4, 8),
}
Values = NDArray[np.float64]


@dataclass
class Row:
    """Studies of one kind, with their verdicts, in shares."""

    better: float
    equivalent: float
    covered: float
    """The interval of the mean holds the true mean."""
    weighted: float
    """The interval that weights by precision does not."""
    predicted: float
    """The prediction interval holds the difference that one more experiment shows."""
    heterogeneous: float
    """Welch's test says that the data sets differ."""
    i2: float
    """Its mean."""


def simulated(
    count: int,
    *,
    data_sets: int,
    seeds: int = 8,
    noise: str = "equal",
    tau: float = 0.0,
    mean: float = 0.0,
    skewed: bool = False,
    rule: DecisionRule = STRICT,
) -> Row:
    """`count` studies; `skewed` has true differences that are exponential about their mean."""
    generator = np.random.default_rng([20_265, data_sets, seeds, round(10 * tau)])
    errors = SD * np.resize(NOISES[noise], data_sets) / math.sqrt(seeds)
    spread = tau * float(np.median(errors))
    found = []
    for _ in range(count):
        own = _own(generator, data_sets + 1, skewed)
        true = mean + spread * own
        differences = true[:-1, None] + math.sqrt(seeds) * errors[:, None] * generator.normal(
            size=(data_sets, seeds)
        )
        one_more = true[-1] + float(generator.choice(errors)) * generator.normal()
        found.append((study(differences, rule), one_more))
    return _row(found, mean)


def _own(generator: np.random.Generator, count: int, skewed: bool) -> Values:
    return generator.exponential(size=count) - 1 if skewed else generator.normal(size=count)


def study(differences: Values, rule: DecisionRule) -> StudyComparison:
    """The study of differences [data set, seed]."""
    members = []
    for number, own in enumerate(differences):
        a = ArmValues("a", dict(enumerate(own.tolist())))
        b = ArmValues("b", dict.fromkeys(range(len(own)), 0.0))
        evidence = gather_evidence(ComparisonInput(a, b, rule))
        # what each says by itself is no part of the study's verdict
        judged = Judged(evidence, "undecided", "", ())
        members.append(Member(f"{number}", f"exp_{number}", RunState.SUCCEEDED, [judged]))
    (found,) = study_comparisons(members, [("a", "b")], rule)
    return found


def _row(found: Sequence[tuple[StudyComparison, float]], mean: float) -> Row:
    def share(flags: Iterable[bool]) -> float:
        return sum(flags) / len(found)

    every = [one for one, _ in found]
    return Row(
        better=share(one.verdict in ("a_better", "b_better") for one in every),
        equivalent=share(one.verdict == "equivalent" for one in every),
        covered=share(_holds(one.interval, mean) for one in every),
        weighted=share(not _holds(_weighted(one), mean) for one in every),
        predicted=share(_holds(one.prediction_interval, new) for one, new in found),
        heterogeneous=share(_p(one) <= 1 - CONFIDENCE for one in every),
        i2=sum(one.heterogeneity.i2 for one in every if one.heterogeneity) / len(every),
    )


def _holds(interval: Interval | None, value: float) -> bool:
    assert interval is not None  # there are data sets enough, and each has spread
    return interval.low <= value <= interval.high


def _weighted(one: StudyComparison) -> Interval | None:
    return None if one.weighted is None else one.weighted.interval


def _p(one: StudyComparison) -> float:
    assert one.heterogeneity is not None
    assert one.heterogeneity.p is not None
    return one.heterogeneity.p


def nothing_to_find(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for data_sets in (4, 8):
            for noise in NOISES:
                for tau in (0.0, 1.0, 3.0) if noise == "equal" else (0.0, 1.0):
                    one = simulated(count, data_sets=data_sets, seeds=6, noise=noise, tau=tau)
                    shares = (one.better, one.covered, one.predicted, one.weighted)
                    more = (one.heterogeneous, one.i2)
                    yield [str(data_sets), noise, f"{tau:g}", *shares, *more]

    table(
        "Nothing to find: the mean over data sets is zero; 6 seeds on each, in %. `better` is "
        "false (promised: at most 5), the interval is over the mean (95, and more where noise "
        "differs), and the prediction interval over the difference of one more experiment. The "
        "last three: how often the interval that weights by precision would be wrong, Welch's test "
        "says that data sets differ (false in the rows of tau 0: 5), and the mean of I2.",
        [
            "data sets", "noise", "tau", "better", "interval", "prediction", "weighted, wrong",
            "said to differ", "I2",
        ],
        rows(),
    )  # fmt: skip


def at_the_margin(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for data_sets in (4, 8):
            for noise, tau in (("equal", 1.0), ("1, 2, 4, 8", 1.0)):
                one = simulated(
                    count, data_sets=data_sets, noise=noise, tau=tau, mean=MARGIN, rule=RULE
                )
                yield [str(data_sets), noise, f"{tau:g}", one.equivalent]

    table(
        "At the margin: the mean over data sets is 0.5 points, which is the margin; 8 seeds, in %. "
        "`equivalent` is false (promised: at most 5).",
        ["data sets", "noise", "tau", "equivalent"],
        rows(),
    )


def something_to_find(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for data_sets in (4, 8, 12):
            for tau in (0.0, 1.0):
                shares = []
                for mean in (0.005, 0.01):
                    one = simulated(count, data_sets=data_sets, tau=tau, mean=mean)
                    shares.append(one.better)
                same = simulated(count, data_sets=data_sets, tau=tau, rule=RULE)
                yield [str(data_sets), f"{tau:g}", *shares, same.equivalent]

    table(
        "Power: 8 seeds, equal noise (a standard error of 0.2 points on each data set), in %. "
        "`better` at a true mean of 0.5 and of 1 point, and `equivalent` at none.",
        ["data sets", "tau", "better, 0.5 points", "better, 1 point", "equivalent, none"],
        rows(),
    )


def not_promised(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for data_sets in (4, 8, 16):
            one = simulated(count, data_sets=data_sets, tau=3.0, skewed=True)
            yield [str(data_sets), one.better, one.covered]

    table(
        "Not promised: the choice matters much on few data sets (true differences exponential, 3 "
        "standard errors, with a mean of zero), in %.",
        ["data sets", "better", "interval"],
        rows(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=4000)
    count = parser.parse_args().studies
    print(f"{count} studies for each figure.")
    nothing_to_find(count)
    at_the_margin(count)
    something_to_find(count // 4)
    not_promised(count // 2)


if __name__ == "__main__":
    main()
