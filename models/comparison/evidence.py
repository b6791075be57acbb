"""From the values of two arms to the statistics that a verdict rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.abandonment import while_wanted
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.paired_t import (
    PairedValues,
    mean_and_sd,
    paired,
    rounding_of,
    t_bounds,
    t_p,
    tost_p,
)
from models.comparison.rule import DecisionRule, differs_from_zero
from models.comparison.schema import Bounds, Equivalence, Interval, Statistic
from models.comparison.sign_flip import Sample, sign_flip_ps
from models.comparison.skewness.short_side import (
    Reach,
    is_held_back,
    reach_of,
    strict_t_p,
    strictness_of_tost,
)

LARGEST_VALUE = 1e100  # beyond any float32 value, small enough that no result overflows


@dataclass(frozen=True, slots=True)
class Evidence:
    """The statistics of one comparison; None where the number of pairs allows none.

    Differences are a - b in the metric's own unit. `bounds` has the rule's confidence;
    `inner_bounds` has 1 - 2 alpha, the interval that TOST reads. `p` is that of the claim
    `better`, which needs both tests: the larger of the t test's and the sign-flip test's.
    `reach` says where the differences end abruptly; there `t_p` and `tost_p` are larger than what
    the tests alone give (`models.comparison.skewness.short_side`).
    `holm_p` is the same, adjusted among the `family` comparisons; it is not used in a family of
    one.
    """

    compared: ComparisonInput
    pairs: tuple[PairedValues, ...]
    rounding: float
    """How far two differences may lie apart by rounding alone."""
    mean: Statistic
    sd: Statistic
    bounds: Bounds | None
    inner_bounds: Bounds | None
    t_p: Statistic
    sign_flip_p: Statistic
    tost_p: Statistic
    p: Statistic
    reach: Reach | None = None
    family: int = 1
    holm_p: Statistic = None

    @property
    def rule(self) -> DecisionRule:
        return self.compared.rule

    @property
    def differences(self) -> list[float]:
        return [pair.difference for pair in self.pairs]

    @property
    def interval(self) -> Interval | None:
        """The t interval, of the rule's confidence."""
        if self.bounds is None:
            return None
        low, high = self.bounds
        return Interval(confidence=self.rule.confidence, low=low, high=high)

    @property
    def equivalence(self) -> Equivalence | None:
        """TOST against the margin; None without either."""
        margin = self.rule.equivalence_margin
        if margin is None or self.tost_p is None:
            return None
        return Equivalence(margin=margin, p=self.tost_p)

    @property
    def differs_alone(self) -> bool:
        """Whether the difference is told from zero, whatever else is compared beside it."""
        told = differs_from_zero(len(self.pairs), self.bounds, self.sign_flip_p, self.rule.alpha)
        return told and not self.held_back

    @property
    def held_back(self) -> bool:
        """Whether the t test does not pass at the stricter level that these differences need."""
        return is_held_back(self.t_p, self.mean, self.reach, self.rule.alpha)

    @property
    def differs(self) -> bool:
        """Whether it still is beside the other comparisons of the family, by Holm's rule."""
        alpha = self.rule.alpha
        survives = self.family == 1 or (self.holm_p is not None and self.holm_p <= alpha)
        return self.differs_alone and survives


def gather_evidence(compared: ComparisonInput) -> Evidence:
    """Pair the seeds, and compute all that does not depend on the rest of the family.

    Raises `ValueError` for a value that is not finite.
    """
    return gather_all([[compared]])[0]


def gather_all(families: Iterable[Sequence[ComparisonInput]]) -> list[Evidence]:
    """The evidence of each comparison of each family, for less work than one by one; `holm_p` is
    still missing."""
    every, samples, checked = [], [], set[int]()
    for family in families:
        for compared in while_wanted(family):
            for arm in (compared.a, compared.b):
                if id(arm) not in checked:  # each is in many pairs
                    _check_values(arm)
                    checked.add(id(arm))
            pairs = paired(compared.a.by_seed, compared.b.by_seed)
            rounding, differences = rounding_of(pairs), [pair.difference for pair in pairs]
            every.append((compared, pairs, rounding))
            samples.append(Sample(differences, rounding, len(family)))
    ps = sign_flip_ps(samples)
    return [
        _evidence(*one, p, sample.family) for one, p, sample in zip(every, ps, samples, strict=True)
    ]


def _evidence(
    compared: ComparisonInput,
    pairs: tuple[PairedValues, ...],
    rounding: float,
    by_signs: Statistic,
    family: int,
) -> Evidence:
    rule, n = compared.rule, len(pairs)
    differences = [pair.difference for pair in pairs]
    mean, sd = mean_and_sd(differences, rounding)
    reach = reach_of(differences, mean, sd)
    by_t = strict_t_p(t_p(mean, sd, n, rounding), mean, reach, rule.alpha)
    strictness = strictness_of_tost(reach)
    return Evidence(
        compared=compared,
        pairs=pairs,
        rounding=rounding,
        mean=mean,
        sd=sd,
        bounds=t_bounds(mean, sd, n, rule.confidence),
        inner_bounds=t_bounds(mean, sd, n, 2 * rule.confidence - 1),
        t_p=by_t,
        sign_flip_p=by_signs,
        tost_p=tost_p(mean, sd, n, rule.equivalence_margin, rounding, strictness),
        p=None if by_t is None or by_signs is None else max(by_t, by_signs),
        reach=reach,
        family=family,
    )


def _check_values(arm: ArmValues) -> None:
    for seed, value in arm.by_seed.items():
        if not abs(value) <= LARGEST_VALUE:  # true for NaN too
            raise ValueError(f"{arm.name}, seed {seed}: {value} is not a finite metric value")
