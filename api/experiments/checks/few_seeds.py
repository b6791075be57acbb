"""A word on specs with so few seeds that no arm can be called better, whatever comes out.

The exact sign-flip p of N paired seeds is never below 2/2^N, and Holm's rule multiplies it by the
number of comparisons. Such a question may still be worth its runs, as a first look; but whoever
asks it should not wait for a verdict that cannot come.
"""

from api.experiments.views import SpecWarning
from models.comparison.families import seeds_needed
from models.comparison.rule import FEWEST_PAIRS
from models.specs.experiment import ExperimentSpec


def seed_warnings(spec: ExperimentSpec) -> list[SpecWarning]:
    """The warning that the seeds are too few; none for one arm, which is compared with nothing, or
    for seeds that are added until decided, whose looks were planned to be able to decide."""
    if len(spec.arms) < 2 or spec.until_decided is not None:
        return []
    seeds, needed = len(spec.seeds.values()), seeds_needed(spec)
    if seeds >= needed:
        return []
    what = "effect" if spec.factors is not None else "arm"
    with_seeds = "1 seed" if seeds == 1 else f"{seeds} seeds"
    also = ", or equivalent," if seeds < FEWEST_PAIRS else ""
    sentence = (
        f"With {with_seeds} no {what} can be called better{also} whatever comes out: that takes "
        f"{needed} seeds or more."
    )
    return [SpecWarning(kind="too_few_seeds", sentence=sentence)]
