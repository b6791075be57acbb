"""What seeds cost that are added after a verdict is known, in simulated experiments.

    python benchmarks/simulation_added_seeds.py [--experiments 10000]

The draws and the rule are those of `simulation_until_decided.py`, where nothing differs. Whoever
adds seeds sees every value before they decide whether to:

- *by hand*: a fixed number, judged again at the whole level while nothing is decided. No call of
  the service does this;
- *at planned looks*: an experiment that ended for futility goes on to a later look of its plan, at
  the level that was planned (`POST /v1/experiments/{id}/seeds`). All the policies here do so only
  as far as they like what they see;
- *fresh seeds*: a new experiment, judged by its own seeds alone, after the first left it open.

A second table is about one arm alone, which has no verdict: how often the interval of its sd has
the true one, where seeds are added to those whose interval is wide.
"""

import argparse
from collections.abc import Callable

import numpy as np
from scipy.special import chdtri
from simulation_until_decided import (
    SD,
    VERDICTS,
    Looks,
    differences,
    futile_at,
    looks_of,
    verdicts_at,
)

ALPHA, NO_MARGIN = 0.05, 1e-9  # so that `equivalent` cannot hide a false `better`
FIRST, MOST = 12, 40
Wants = Callable[[np.ndarray], np.ndarray]
"""Which experiments a person goes on with, who has seen these differences."""
BETTER = [VERDICTS.index(name) for name in ("a_better", "b_better")]
FUTILE_MARGIN = SD / 4  # of differences so wide against it that most plans become futile


def by_hand(drawn: np.ndarray, first: int, times: int) -> np.ndarray:
    """Whether `better` is said where `first` seeds are added up to so many times."""
    found = np.zeros(len(drawn), dtype=bool)
    for number in range(1, times + 2):
        found |= np.isin(verdicts_at(drawn[:, : number * first], ALPHA, NO_MARGIN), BETTER)
    return found


def hopeful(drawn: np.ndarray) -> np.ndarray:
    """Whether a person goes on who hopes that `a` is better: the mean leans that way."""
    return np.asarray(drawn.mean(axis=1) > 0)


def near(drawn: np.ndarray) -> np.ndarray:
    """Whether a person goes on who was nearly told so: |t| is above 1."""
    error = drawn.std(axis=1, ddof=1) / drawn.shape[1] ** 0.5
    return np.asarray(np.abs(drawn.mean(axis=1)) > error)


Seen = tuple[np.ndarray, np.ndarray]
"""The verdicts at a look, and which of those that it leaves undecided it calls futile."""


def seen_at(drawn: np.ndarray, looks: Looks) -> list[Seen]:
    """What each look finds wherever an experiment may have gone on to it: where no look before
    decided anything. Whoever goes on, it is the same, so all policies share it."""
    found: list[Seen] = []
    left = np.arange(len(drawn))
    for pairs, level in looks:
        verdict, stops = np.zeros(len(drawn), dtype=int), np.zeros(len(drawn), dtype=bool)
        verdict[left] = verdicts_at(drawn[left, :pairs], level, FUTILE_MARGIN)
        left = left[verdict[left] == 0]
        if pairs < looks[-1][0]:
            stops[left] = futile_at(drawn[left, :pairs], looks[-1], FUTILE_MARGIN)
        found.append((verdict, stops))
    return found


def gone_on(
    drawn: np.ndarray, looks: Looks, seen: list[Seen], wants: Wants
) -> tuple[np.ndarray, np.ndarray]:
    """The verdicts where a futile look ends an experiment unless the person goes on, and which
    experiments had such a look; `seen` is what the looks find (`seen_at`)."""
    verdict, futile = np.zeros(len(drawn), dtype=int), np.zeros(len(drawn), dtype=bool)
    left = np.arange(len(drawn))
    for (pairs, _), (said, futile_there) in zip(looks, seen, strict=True):
        verdict[left] = said[left]
        left = left[said[left] == 0]
        stops = futile_there[left]
        futile[left] |= stops
        left = left[~stops | wants(drawn[left, :pairs])]
    return verdict, futile


def fresh(drawn: np.ndarray, later: np.ndarray, wants: Wants) -> tuple[float, float]:
    """How often fresh seeds say `better` where a person asks again after an undecided verdict, and
    how often they or the first ones do."""
    verdict = verdicts_at(drawn, ALPHA, NO_MARGIN)
    asked = (verdict == 0) & wants(drawn)
    said = np.isin(verdicts_at(later, ALPHA, NO_MARGIN), BETTER)
    either = np.isin(verdict, BETTER) | (asked & said)
    return float(said[asked].mean()), float(either.mean())


def covered(experiments: int, *, add: bool) -> float:
    """How often the 95 % interval of one arm's sd has it; with `add`, those whose interval comes
    out wider than in half of all cases get as many seeds again."""
    values = np.random.default_rng(7).normal(0, SD, (experiments, 2 * FIRST))
    sd = values[:, :FIRST].std(axis=1, ddof=1)
    held = _holds(sd, FIRST)
    if add:
        wide = sd > np.median(sd)
        held[wide] = _holds(values[wide].std(axis=1, ddof=1), 2 * FIRST)
    return float(held.mean())


def _holds(sd: np.ndarray, n: int) -> np.ndarray:
    low, high = (sd * ((n - 1) / chdtri(n - 1, share)) ** 0.5 for share in (0.025, 0.975))
    return np.asarray((low <= SD) & (high >= SD))


POLICIES: dict[str, Wants] = {
    "never": lambda seen: np.zeros(len(seen), dtype=bool),
    "always": lambda seen: np.ones(len(seen), dtype=bool),
    "where a leads": hopeful,
    "where |t| > 1": near,
}


def rates(experiments: int) -> dict[str, float]:
    """The share of false `better` by what a person does, by its name in the table."""
    drawn = differences(0.0, experiments, MOST, seed=11)
    found = {}
    for times in (0, 1, 2):
        name = f"{FIRST} seeds, {FIRST} added by hand up to {times} times"
        found[name] = float(by_hand(drawn, FIRST, times).mean())
    looks = looks_of(6, MOST)
    seen = seen_at(drawn, looks)
    for name, wants in POLICIES.items():
        verdict, _ = gone_on(drawn, looks, seen, wants)
        share = float(np.isin(verdict, BETTER).mean())
        found[f"planned looks, gone on after futility {name}"] = share
    later = differences(0.0, experiments, 2 * FIRST, seed=12)
    for name in ("always", "where |t| > 1"):
        alone, either = fresh(drawn[:, :FIRST], later, POLICIES[name])
        found[f"fresh seeds, asked for {name}"] = alone
        found[f"fresh seeds or the {FIRST} first, asked for {name}"] = either
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=10_000)
    experiments = parser.parse_args().experiments
    print(f"{experiments} experiments without any difference")
    print("| what is done | false `better` |\n| --- | --- |")
    for name, share in rates(experiments).items():
        print(f"| {name} | {100 * share:.2f} % |")
    drawn, looks = differences(0.0, experiments, MOST, 11), looks_of(6, MOST)
    _, futile = gone_on(drawn, looks, seen_at(drawn, looks), POLICIES["never"])
    print(f"A futile look ends {100 * futile.mean():.0f} % of the plans.")
    print("\n| one arm | the interval has the true sd |\n| --- | --- |")
    for name, add in (("none added", False), ("as many again where it is wide", True)):
        print(f"| {FIRST} seeds, {name} | {100 * covered(experiments, add=add):.2f} % |")


if __name__ == "__main__":
    main()
