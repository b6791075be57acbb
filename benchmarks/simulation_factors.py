"""What the effects of factors promise, in synthetic experiments with a known truth.

    python benchmarks/simulation_factors.py [--experiments 4000]

Each experiment draws an accuracy for every cell of a design under every seed: a part that all cells
of the seed share, a part of each level of each factor under that seed, so that the effects of one
factor move together, and a part of each cell alone; sd 0.005 in all, as on the Quora pairs, in
steps of 1/10,240, confidence 0.95. The effects are judged by the functions that the service itself
calls, without a margin, since `equivalent` would hide false `better`. Seeded: the same command
prints the same table. A share of 4,000 is known to +-0.7 points (two standard errors, near 5 %).
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.comparison.compare import adjusted_evidence
from models.comparison.evidence import Evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.sequential.group_sequential import plan
from models.comparison.verdict import decide
from models.factors.contrasts import side_names
from models.specs.experiment import ExperimentSpec
from models.specs.factors import DeclaredEffect
from models.specs.parse import parse_spec

TEST_PAIRS = 10_240
SD, LEVEL, CONFIDENCE = 0.005, 0.74, 0.95
TRUE = 0.005  # of the one effect that is true: one sd
FIELDS = ("steps", "batch_size", "evaluate_every", "tokenizer", "checkpoint", "threshold")
LOSS = {"terms": [{"kind": "mean_negative"}]}

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Values]
NOISES: dict[str, Draw] = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    "heavy tails": lambda generator, shape: generator.standard_t(3, size=shape) / np.sqrt(3),
}


@dataclass(frozen=True)
class Found:
    """Shares of the simulated experiments."""

    false_better: float
    """With at least one `better` among the effects that are nil."""
    power: float | None
    """In which the one true effect was found; None where all are nil."""
    coverage: float
    """Of all intervals of all effects, over the truth."""


def design(*levels: int, **more: Any) -> ExperimentSpec:
    """A spec with as many factors of as many levels; what they set does not matter here."""
    factors = [
        {"name": name, "levels": [{"name": f"{n}", field: _value(field, n)} for n in range(count)]}
        for name, count, field in zip("abcdef", levels, FIELDS, strict=False)
    ]
    return parse_spec({"dataset": "none", "factors": factors, "loss": LOSS, **more})


def _value(field: str, level: int) -> Any:
    texts = {"tokenizer": ("word", "lower"), "checkpoint": ("last", "best_validation")}
    if field == "threshold":
        return {"kind": "fixed", "value": level / 10}
    return texts[field][level] if field in texts else 10 + level


def drawn(
    spec: ExperimentSpec, count: int, seeds: int, true: float, noise: Draw
) -> dict[str, Values]:
    """Accuracies [experiments, seeds] of each cell; the first factor's level 1 is `true` better."""
    generator = np.random.default_rng(20_270 + seeds + 100 * len(spec.arms))
    shape = (count, seeds)
    shared = noise(generator, shape)
    parts = [[noise(generator, shape) for _ in factor.levels] for factor in spec.factors or ()]
    found = {}
    for name, cell in spec.cells.items():
        own = noise(generator, shape)
        of_levels = sum(part[level] for part, level in zip(parts, cell, strict=True))
        # half of the variance is shared by the seed or its levels, half is the cell's own
        together = (shared + of_levels) / np.sqrt(1 + len(parts))
        value = LEVEL + SD * np.sqrt(0.5) * (together + own) + true * (cell[0] == 1)
        found[name] = np.round(value * TEST_PAIRS) / TEST_PAIRS
    return found


def sides(effect: DeclaredEffect, cells: Mapping[str, Values]) -> tuple[Values, Values]:
    """What is added and what is subtracted, [experiments, seeds] each: what
    `models.factors.contrasts.compared_sides` gives for one experiment, for all of them at once."""
    first, *others = effect.contrasts
    added = [*first.added, *(name for one in others for name in one.subtracted)]
    subtracted = [*first.subtracted, *(name for one in others for name in one.added)]
    a, b = (np.sum([cells[name] for name in names], axis=0) for names in (added, subtracted))
    return a / effect.settings, b / effect.settings


def simulate(
    spec: ExperimentSpec,
    count: int,
    seeds: int,
    *,
    true: float = 0.0,
    noise: str = "normal",
    together: bool = True,
) -> Found:
    """Judge every effect of `count` experiments as one family, or, not `together`, each alone."""
    cells = drawn(spec, count, seeds, true, NOISES[noise])
    effects = spec.declared_effects
    rule = DecisionRule("test.accuracy", None, CONFIDENCE)
    truths = [true if (one.factors, one.levels) == (("a",), ("1",)) else 0.0 for one in effects]
    of_all = [(*side_names(one), *sides(one, cells)) for one in effects]
    wrong = power = held = 0
    for number in range(count):
        family = [
            ComparisonInput(_arm(a_name, a[number]), _arm(b_name, b[number]), rule)
            for a_name, b_name, a, b in of_all
        ]
        families = [family] if together else [[one] for one in family]
        evidence = adjusted_evidence(families)
        better = [decide(one) in ("a_better", "b_better") for one in evidence]
        wrong += any(said for said, truth in zip(better, truths, strict=True) if not truth)
        power += any(said for said, truth in zip(better, truths, strict=True) if truth)
        held += sum(_holds(one, truth) for one, truth in zip(evidence, truths, strict=True))
    return Found(wrong / count, power / count if true else None, held / (count * len(effects)))


def _arm(name: str, values: Values) -> ArmValues:
    return ArmValues(name, dict(enumerate(values.tolist())))


def _holds(evidence: Evidence, truth: float) -> bool:
    assert evidence.bounds is not None
    low, high = evidence.bounds
    return low <= truth <= high


def until_decided(spec: ExperimentSpec, count: int) -> float:
    """The share with a false `better` on any effect at any look, all effects being nil.

    Judged by the rule as `simulation_until_decided` has it for all experiments at once."""
    from simulation_until_decided import judge

    looks = [(look.pairs, look.level) for look in plan(spec)]
    cells = drawn(spec, count, looks[-1][0], 0.0, NOISES["normal"])
    wrong = np.zeros(count, dtype=bool)
    for effect in spec.declared_effects:
        added, subtracted = sides(effect, cells)
        found = judge(added - subtracted, looks, margin=1e-9)
        wrong |= found.verdict > 0
    return float(wrong.mean())


def rows(count: int) -> Iterator[list[str]]:
    designs: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
        ("2 x 2, main", (2, 2), {}),
        ("2 x 2, with interactions", (2, 2), {"effects": "with_interactions"}),
        ("2 x 2 x 3, main", (2, 2, 3), {}),
        ("2 x 2 x 3, with interactions", (2, 2, 3), {"effects": "with_interactions"}),
        ("2 x 2 x 3, one at a time", (2, 2, 3), {"design": "one_at_a_time"}),
        ("4 x 4 x 4, main", (4, 4, 4), {}),
        ("2^6, with interactions", (2,) * 6, {"effects": "with_interactions"}),
    ]
    for name, levels, more in designs:
        spec = design(*levels, **more)
        effects = len(spec.declared_effects)
        for seeds in (8, 12, 20):
            for noise in NOISES:
                nil = simulate(spec, count, seeds, noise=noise)
                one = simulate(spec, count, seeds, true=TRUE, noise=noise)
                assert one.power is not None
                shares = (nil.false_better, one.false_better, one.power, nil.coverage)
                yield [
                    name, str(len(spec.arms)), str(effects), str(seeds), noise,
                    *(f"{100 * share:.1f}" for share in shares),
                ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=4000)
    count = parser.parse_args().experiments
    header = [
        "design, effects", "cells", "effects", "seeds", "noise", "false `better`, all nil",
        "false `better`, one true", "the true one found", "t interval",
    ]  # fmt: skip
    print(f"{count} experiments a row, in %; the true effect is {100 * TRUE:g} points.\n")
    for row in (header, ["---"] * len(header)):
        print("| " + " | ".join(row) + " |")
    for row in rows(count):
        print("| " + " | ".join(row) + " |", flush=True)
    seeds = {"until_decided": {"min": 6, "max": 40}}
    spec = design(2, 2, effects="with_interactions", seeds=seeds)
    print(
        "\nUntil decided, 6 to 40 seeds, 2 x 2 with interactions, all nil: a false `better` in "
        f"{100 * until_decided(spec, count):.1f} % of {count} experiments."
    )


if __name__ == "__main__":
    main()
