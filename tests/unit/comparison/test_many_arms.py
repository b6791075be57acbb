"""Statistics of many arms at once: the numbers of each alone, and of the slow, obvious way."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.comparison import sign_flip
from models.comparison.bca_bootstrap import RESAMPLES, SEED, bca_bootstrap, bca_bootstraps
from models.comparison.compare import compare_families, compare_family
from models.comparison.crossed_bootstrap import arm_resamples, crossed_bootstrap
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.paired_t import mean_and_sd
from models.comparison.resampled.drawing import RESAMPLES as CROSSED
from models.comparison.resampled.drawing import SEED as CROSSED_SEED
from models.comparison.rule import DecisionRule
from models.comparison.scores import scores_of
from models.comparison.sign_flip import Sample, sign_flip_p, sign_flip_ps

GENERATOR = np.random.default_rng(5)


def sample(count: int, shift: float = 0.0) -> list[float]:
    return [float(value) for value in GENERATOR.normal(size=count) + shift]


# --- signs ---------------------------------------------------------------------------------------


def test_the_p_of_a_sample_does_not_depend_on_those_beside_it() -> None:
    samples = [sample(count, 0.1) for count in (3, 41, 0, 200, 77, 40, 64)]
    together = sign_flip_ps(Sample(one) for one in samples)
    assert together == [sign_flip_p(one) for one in samples]
    assert together[2] is None


def test_in_a_family_of_many_fewer_pairs_are_exact() -> None:
    """So that no family takes more than a second: 120 comparisons of 40 pairs would take ten."""
    forty = sample(40, 0.5)
    exact, many = (sign_flip_ps([Sample(forty, family=size)])[0] for size in (2, 120))
    assert many == pytest.approx(exact, abs=4e-3)
    patterns = [(one or 0) * (sign_flip.MONTE_CARLO_DRAWS + 1) for one in (exact, many)]
    assert [one == pytest.approx(round(one), abs=1e-6) for one in patterns] == [False, True]
    few = sample(20, 0.3)
    assert sign_flip_ps([Sample(few, family=120)]) == [sign_flip_p(few)]


def test_many_samples_share_one_product_for_each_stretch_of_patterns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    original = sign_flip._positive_signs

    def noted(pairs: int, start: int) -> np.ndarray:
        made.append(start)
        return original(pairs, start)

    monkeypatch.setattr(sign_flip, "_positive_signs", noted)
    sign_flip_ps(Sample(sample(50)) for _ in range(30))
    assert len(made) == len(set(made)) == -(-sign_flip.MONTE_CARLO_DRAWS // sign_flip.AT_ONCE)


# --- BCa -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [17, 23, 200])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_is_scipys_where_no_means_are_equal(count: int, confidence: float) -> None:
    differences = stats.expon.rvs(size=count, random_state=count) - 0.7
    theirs = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    found = bca_bootstrap(differences.tolist(), 1.0, confidence).interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_means_that_are_equal_count_as_equal_whatever_rounding_makes_of_them() -> None:
    """Differences on the grid of an accuracy, whose resamples often have the sample's own mean."""
    parts = [3, -1, 4, 1, -5, 9, 2, -6, 5, 3, 5, 8]
    generator = np.random.default_rng(SEED)
    drawn = generator.integers(len(parts), size=(RESAMPLES, len(parts)))
    sums = np.array(parts)[drawn].sum(axis=1)  # of whole numbers, so exact
    share = Fraction(int((sums < sum(parts)).sum() + (sums <= sum(parts)).sum()), 2 * RESAMPLES)
    assert (sums == sum(parts)).mean() > 0.01
    bias = stats.norm.ppf(float(share))
    off = np.array(parts) - sum(parts) / len(parts)
    acceleration = (off**3).sum() / (6 * (off**2).sum() ** 1.5)
    ends = bias + stats.norm.ppf([0.025, 0.975])
    shares = stats.norm.cdf(bias + ends / (1 - acceleration * ends))
    low, high = np.quantile(sums / len(parts), shares) / 10_240
    differences = [part / 10_240 for part in parts]
    found = bca_bootstrap(differences, mean_and_sd(differences)[1], 0.95).interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)


def test_the_interval_of_a_sample_does_not_depend_on_those_beside_it() -> None:
    samples = [sample(count) for count in (12, 200, 12, 9, 57, 200, 200)]
    asked = [(one, 1.0, 0.9 + len(one) / 5_000) for one in samples]
    together = bca_bootstraps(asked)
    assert together == [bca_bootstrap(*one) for one in asked]
    assert [one.interval is None for one in together] == [len(one) < 10 for one in samples]


# --- test pairs ----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=25))
def test_a_placement_is_the_share_of_the_other_label_on_the_right_side(
    pairs: list[tuple[bool, int]],
) -> None:
    label = np.array([one for one, _ in pairs])
    score = np.array([value for _, value in pairs], dtype=np.float32)
    found = scores_of(np.arange(len(pairs)), label, score, 0.5).placement
    for own, value, placement in zip(label, score, found, strict=True):
        others = score[label != own]
        if len(others):
            right = others < value if own else others > value
            assert placement == pytest.approx((right + 0.5 * (others == value)).mean())
        else:
            assert np.isnan(placement)


def test_arms_that_are_summed_apart_give_what_their_differences_give() -> None:
    a, b = GENERATOR.normal(size=(2, 9, CROSSED + 1)) / 100 + 0.7
    generator = np.random.default_rng(CROSSED_SEED + 1)
    times = generator.multinomial(9, np.full(9, 1 / 9), size=CROSSED)
    means = [
        sum(n * (a[seed, one] - b[seed, one]) for seed, n in enumerate(times[one])) / 9
        for one in range(CROSSED)
    ]
    found = crossed_bootstrap(arm_resamples(a), arm_resamples(b), 0.9)
    assert found.interval is not None
    ends = np.quantile(means, [0.05, 0.95])
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(ends), rel=1e-9)
    assert found.standard_error == pytest.approx(np.std(means), rel=1e-9)


# --- families ------------------------------------------------------------------------------------


def family(arms: int, seeds: int, metric: str = "test.accuracy") -> list[ComparisonInput]:
    values = [
        ArmValues(f"arm {number}", dict(enumerate(GENERATOR.normal(0.7, 0.01, seeds).tolist())))
        for number in range(arms)
    ]
    rule = DecisionRule(metric, 0.005, 0.95)
    return [ComparisonInput(one, values[0], rule) for one in values[1:]]


def test_families_that_are_compared_together_stay_apart() -> None:
    families = [family(4, 50), family(2, 8), family(3, 12)]
    together = compare_families(families)
    assert together == [one for own in families for one in compare_family(own)]
    assert [one.multiplicity.family for one in together] == [3, 3, 3, 1, 2, 2]


def test_the_first_of_a_family_is_what_it_is_among_all_of_them() -> None:
    whole = family(5, 20)
    assert compare_families([whole], first=1) == compare_family(whole)[:1]
