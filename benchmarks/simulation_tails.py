"""What the verdict says where one arm has a long tail, and what asking for short sides costs.

    python benchmarks/simulation_tails.py [--experiments 10000]

Each experiment draws the differences of two arms under paired seeds, in units of the sd of arm a's
noise. Each figure stands for two rules: the plain one, and that of the service, which holds claims
towards a short side to a stricter level (`models.comparison.skewness.short_side`). The rule is
that of `simulation_until_decided.py`, which a test holds against the service's own. Two tables have
the other ways that were tried, and the best that any rule could do. Seeded: the same command prints
the same tables.
"""

import argparse
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import logsumexp, stdtr
from simulation_until_decided import VERDICTS, judge, looks_of, verdicts_at

SEEDS = (6, 8, 10, 12, 16, 20, 40)
IN_SEEDS = [f"{pairs} seeds" for pairs in SEEDS]
LEVEL = 0.05
EACH_SEEDS = (6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 25, 30, 40)
FEW_SEEDS = (6, 10, 20)
ALTERNATIVES = 20_000  # experiments for each figure of the other ways
NO_MARGIN = 1e-9  # so small that `equivalent` cannot hide a false `better`
WIDE = 8.0  # a margin so wide that TOST has the power to be wrong
PLANS = ((6, 40), (6, 20), (10, 20), (8, 16), (6, 8))  # of seeds until decided
BETTER = [VERDICTS.index("a_better"), VERDICTS.index("b_better")]
EQUIVALENT = [VERDICTS.index("equivalent")]

Noise = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def with_normal(noise: Noise) -> Noise:
    """The same beside an arm that has normal noise of the same sd."""
    return lambda law, shape: noise(law, shape) + law.normal(size=shape)


def exponential(law: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return 1 - law.exponential(size=shape)


def log_normal(law: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    sd = math.sqrt((math.e - 1) * math.e)
    return (math.exp(0.5) - law.lognormal(size=shape)) / sd


def gamma(law: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return 2 - law.gamma(4, size=shape) / 2


def heavy(law: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return law.standard_t(3, size=shape) / math.sqrt(3)


def normal(law: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return law.normal(size=shape)


NOISES: dict[str, Noise] = {
    "exponential tail": exponential,
    "the same beside normal noise": with_normal(exponential),
    "log-normal tail": log_normal,
    "the same beside normal noise ": with_normal(log_normal),
    "gamma tail (shape 4)": gamma,
    "normal": normal,
    "heavy-tailed (t, 3 degrees)": heavy,
}


def differences(noise: Noise, pairs: int, count: int, shift: float, *, up: bool) -> np.ndarray:
    """a - b: [count, pairs]. The tail is below, or above with `up`."""
    drawn = noise(np.random.default_rng(2027 + pairs), (count, pairs))
    return (-drawn if up else drawn) + shift


def rates(
    noise: Noise,
    count: int,
    verdicts: Sequence[int],
    *,
    shift: float = 0.0,
    margin: float = NO_MARGIN,
    up: bool = False,
    seeds: Sequence[int] = SEEDS,
) -> list[str]:
    """The share of these verdicts in %, by the plain rule and by ours, for each number of seeds."""
    cells = []
    for pairs in seeds:
        drawn = differences(noise, pairs, count, shift, up=up)
        found = [
            float(np.isin(verdicts_at(drawn, LEVEL, margin, plain=plain), verdicts).mean())
            for plain in (True, False)
        ]
        cells.append(" → ".join(f"{100 * share:.1f}" for share in found))
    return cells


def table(title: str, rows: dict[str, list[str]], header: Sequence[str]) -> None:
    print(f"\n{title}\n", flush=True)
    for cells in (["", *header], ["---"] * (1 + len(header))):
        print("| " + " | ".join(cells) + " |")
    for name, cells in rows.items():
        print("| " + " | ".join([name.strip(), *cells]) + " |", flush=True)


def corrected(statistic: str) -> list[str]:
    """`better` where a corrected t statistic has to be significant too: false under an exponential
    tail, and the power for normal differences of 1 and 1.4 sds, at 6, 10 and 20 seeds."""
    cells = []
    for pairs in FEW_SEEDS:
        for noise, shift in ((exponential, 0.0), (normal, 1.0), (normal, 1.4)):
            drawn = differences(noise, pairs, ALTERNATIVES, shift, up=False)
            claimed = np.isin(verdicts_at(drawn, LEVEL, NO_MARGIN, plain=True), BETTER)
            mean, sd = drawn.mean(axis=1), drawn.std(axis=1)
            t = mean / sd * math.sqrt(pairs - 1)
            skewness = ((drawn - mean[:, np.newaxis]) ** 3).mean(axis=1) / sd**3
            part = skewness / math.sqrt(pairs)
            now = t + part * (t**2 / 3 + 1 / 6)  # Johnson 1978
            if statistic == "Hall":  # 1992: the same made monotone
                now = now + part**2 * t**3 / 27
            claimed &= 2 * stdtr(pairs - 1, -np.abs(now)) < LEVEL
            cells.append(f"{100 * claimed.mean():.1f}")
    return cells


def of_verdicts(*, plain: bool) -> list[str]:
    """The same figures for the plain rule, or ours."""
    cells = []
    for pairs in FEW_SEEDS:
        for noise, shift in ((exponential, 0.0), (normal, 1.0), (normal, 1.4)):
            drawn = differences(noise, pairs, ALTERNATIVES, shift, up=False)
            found = verdicts_at(drawn, LEVEL, NO_MARGIN, plain=plain)
            cells.append(f"{100 * np.isin(found, BETTER).mean():.1f}")
    return cells


def at_best(pairs: int, shift: float) -> str:
    """The power that is left to one who knows that the tail is exponential, and how large the
    normal effect would be, and gives up the least likely of the plain rule's claims (Neyman and
    Pearson) until 5 % of the false ones are left."""
    claims, ratios = [], []
    for noise, size in ((exponential, 0.0), (normal, shift)):
        drawn = differences(noise, pairs, ALTERNATIVES, size, up=False)
        found = verdicts_at(drawn, LEVEL, NO_MARGIN, plain=True) == BETTER[0]
        claims.append(drawn[found])
        ratios.append(_log_ratio(drawn[found], shift))
    allowed = int(LEVEL * ALTERNATIVES)
    least = np.sort(ratios[0])[max(len(ratios[0]) - allowed, 0)]
    kept = np.count_nonzero(ratios[1] >= least) / ALTERNATIVES
    return f"{100 * len(claims[1]) / ALTERNATIVES:.1f} → {100 * kept:.1f}"


def _log_ratio(drawn: np.ndarray, shift: float) -> np.ndarray:
    """The log likelihood of normal differences over that of exponential ones with mean 0, each
    averaged over the scale, of which neither knows anything."""
    pairs = drawn.shape[1]
    drawn = drawn / np.sqrt((drawn**2).mean(axis=1, keepdims=True))
    mean, most = drawn.mean(axis=1, keepdims=True), drawn.max(axis=1, keepdims=True)
    scale = np.exp(np.linspace(-5, 5, 400))
    of_normal = -0.5 * pairs * (scale**2 - 2 * scale * shift * mean + shift**2)
    of_tail = np.where(scale * most <= 1, pairs * (scale * mean - 1), -np.inf)
    common = pairs * np.log(scale)
    return np.asarray(logsumexp(of_normal + common, axis=1) - logsumexp(of_tail + common, axis=1))


def through_looks(
    noise: Noise, count: int, shift: float, *, least: int = 6, most: int = 40
) -> list[str]:
    """`better`, by both rules, and the mean number of seeds, of plans from `least` to `most`."""
    drawn = differences(noise, most, count, shift, up=False)
    looks = looks_of(least, most)
    found = [judge(drawn, looks, NO_MARGIN, plain=plain) for plain in (True, False)]
    shares = [one.share("a_better", "b_better") for one in found]
    return [
        " → ".join(f"{100 * share:.1f}" for share in shares),
        " → ".join(f"{one.seeds.mean():.1f}" for one in found),
    ]


def errors(count: int) -> None:
    table(
        "False `better`: the means are the same, and no margin.",
        {name: rates(noise, count, BETTER) for name, noise in NOISES.items()},
        IN_SEEDS,
    )
    table(
        "False `equivalent`: a true difference of the margin, which is wide; tail above.",
        {
            name: rates(noise, count, EQUIVALENT, shift=WIDE, margin=WIDE, up=True)
            for name, noise in NOISES.items()
        },
        IN_SEEDS,
    )
    table(
        "What is promised of an exponential tail: false `better`, of five times the experiments.",
        {"exponential tail": rates(exponential, 5 * count, BETTER, seeds=EACH_SEEDS)},
        [str(pairs) for pairs in EACH_SEEDS],
    )


def power(count: int) -> None:
    table(
        "Power: `better` for a true difference, in sds of arm a, and no margin; against the tail.",
        {
            f"{name}, {shift:g}": rates(NOISES[name], count, BETTER[:1], shift=shift)
            for name in ("normal", "heavy-tailed (t, 3 degrees)", "exponential tail")
            for shift in (0.7, 1.0, 1.4, 2.0)
        },
        IN_SEEDS,
    )
    table(
        "Power: `equivalent` for no true difference, by the margin in sds of normal noise.",
        {
            f"margin {margin:g}": rates(normal, count, EQUIVALENT, margin=margin)
            for margin in (0.8, 1.0, 1.4, 2.0)
        },
        IN_SEEDS,
    )


def until_decided(count: int) -> None:
    header = ["better", "seeds"]
    table(
        "Seeds until decided, 6 to 40, no margin: `better`, and mean seeds.",
        {
            f"{name}, {shift:g}": through_looks(NOISES[name], count, shift)
            for name in ("normal", "exponential tail", "the same beside normal noise")
            for shift in (0.0, 0.7)
        },
        header,
    )
    table(
        "The same of other plans, exponential tail, the means are the same.",
        {
            f"{least} to {most}": through_looks(exponential, count, 0.0, least=least, most=most)
            for least, most in PLANS
        },
        header,
    )


def other_ways() -> None:
    few = [f"{pairs} seeds" for pairs in FEW_SEEDS]
    each = ("false", "power, 1 sd", "power, 1.4 sd")
    table(
        "Other ways: false `better` under an exponential tail, and power under normal noise.",
        {
            "plain": of_verdicts(plain=True),
            "ours": of_verdicts(plain=False),
            "Johnson's statistic too": corrected("Johnson"),
            "Hall's statistic too": corrected("Hall"),
        },
        [f"{pairs}: {what}" for pairs in few for what in each],
    )
    table(
        "The power that any rule could keep if it left 5 % under an exponential tail.",
        {
            f"{shift:g} sd": [at_best(pairs, shift) for pairs in FEW_SEEDS]
            for shift in (1.0, 1.4, 2)
        },
        few,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=10_000)
    count = parser.parse_args().experiments
    print(f"{count} experiments for each figure, in %: by the plain rule → by ours")
    errors(count)
    power(count)
    until_decided(count)
    other_ways()


if __name__ == "__main__":
    main()
