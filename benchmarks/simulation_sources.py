"""What the intervals of sources of variation promise, in synthetic experiments with a known truth.

    python benchmarks/simulation_sources.py [--experiments 4000]

Each experiment has, under n seeds, a run of one arm and one more for each of three sources in which
that source alone is drawn anew. An accuracy is the sum of a part of each source, of their known
standard deviations, in steps of 1/10,240; in some rows two sources also act on each other. It is
judged by the function that the service itself calls, with confidence 0.95. The truth of a source is
the sd that is left with all else fixed: its own part, and the interactions that it has a part in.
Seeded: the same command prints the same table. A share of 4,000 is known to +-0.7 points (two
standard errors, near 95 %).
"""

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.comparison.inputs import ArmValues
from models.comparison.rule import DecisionRule
from models.noise_floor.sources import seed_sources
from models.specs.seeds import SOURCES, Source

TEST_PAIRS = 10_240
LEVEL, CONFIDENCE = 0.74, 0.95
SDS: dict[Source, float] = {"initial_weights": 0.003, "batch_order": 0.001, "training_rows": 0.005}
INTERACTION = 0.002  # sd of what weights and order make together

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Values]
NOISES: dict[str, Draw] = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    # excess kurtosis 1, as of a t distribution with 10 degrees
    "somewhat long tails": lambda generator, shape: (
        generator.standard_t(10, size=shape) / math.sqrt(1.25)
    ),
    "long tails": lambda generator, shape: generator.standard_t(5, size=shape) / math.sqrt(5 / 3),
}


@dataclass(frozen=True)
class Found:
    """Shares of the simulated experiments."""

    coverage: dict[str, float]
    """Of the interval of each source, and of `together`, over the truth."""
    first: float
    """In which the source that is truly largest is listed first."""


def truths(interaction: float) -> dict[str, float]:
    """The true sd of each source, and of all together."""
    acting = {"initial_weights", "batch_order"}
    own: dict[str, float] = {
        source: math.hypot(sd, interaction if source in acting else 0.0)
        for source, sd in SDS.items()
    }
    together = math.sqrt(sum(sd**2 for sd in SDS.values()) + interaction**2)
    return {**own, "together": together}


def drawn(
    generator: np.random.Generator, seeds: int, noise: Draw, interaction: float
) -> dict[str, Values]:
    """Accuracies [seeds] of the arm itself, under "", and with each source drawn anew."""
    parts = {source: noise(generator, (2, seeds)) for source in SOURCES}
    together = noise(generator, (2, 2, seeds))  # one for each weights with each order

    def accuracies(anew: str) -> Values:
        at = {source: int(source == anew) for source in SOURCES}
        value = LEVEL + sum(SDS[source] * parts[source][at[source]] for source in SOURCES)
        value = value + interaction * together[at["initial_weights"], at["batch_order"]]
        return np.asarray(np.round(value * TEST_PAIRS) / TEST_PAIRS)

    return {anew: accuracies(anew) for anew in ("", *SOURCES)}


def simulate(count: int, seeds: int, *, noise: str = "normal", interaction: float = 0.0) -> Found:
    """Judge `count` experiments, each of `seeds` seeds."""
    generator = np.random.default_rng(31_000 + seeds)
    rule, truth = DecisionRule("test.accuracy", None, CONFIDENCE), truths(interaction)
    held = dict.fromkeys(truth, 0)
    first = 0
    for _ in range(count):
        values = {
            anew: ArmValues(anew or "arm", dict(enumerate(own.tolist())))
            for anew, own in drawn(generator, seeds, NOISES[noise], interaction).items()
        }
        redrawn = {source: values[source] for source in SOURCES}
        found = seed_sources(values[""], redrawn, rule)
        intervals = [(str(one.source), one.sd_interval) for one in found.sources]
        for name, interval in [*intervals, ("together", found.sd_interval)]:
            held[name] += interval is not None and interval.low <= truth[name] <= interval.high
        first += found.sources[0].source == "training_rows"
    return Found({name: number / count for name, number in held.items()}, first / count)


def rows(count: int) -> Iterator[list[str]]:
    cases = [(noise, 0.0) for noise in NOISES] + [("normal", INTERACTION)]
    for noise, interaction in cases:
        words = f"{noise}, weights act on order" if interaction else noise
        for seeds in (4, 8, 12, 30):
            found = simulate(count, seeds, noise=noise, interaction=interaction)
            shares = [*found.coverage.values(), found.first]
            yield [words, str(seeds), *(f"{100 * share:.1f}" for share in shares)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiments", type=int, default=4000)
    heads = ["noise", "seeds", *(source.replace("_", " ") for source in SOURCES)]
    heads += ["all together", "the largest is first"]
    print(f"| {' | '.join(heads)} |")
    print("| --- " * len(heads) + "|")
    for row in rows(parser.parse_args().experiments):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
