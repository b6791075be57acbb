"""A word on a margin that is finer than the test part: the accuracy goes in steps of one pair.

A fifth of a thousand rows is 200 test pairs, and the usual margin of 0.005 is one of them. Arms
that differ in no pair are then equivalent in every seed, which says little of other pairs.
"""

from api.experiments.views import SpecWarning
from models.specs.experiment import ExperimentSpec
from models.specs.splits import GivenSplit

ACCURACY = "test.accuracy"


def coarse_margin_warnings(spec: ExperimentSpec) -> list[SpecWarning]:
    """One warning where a single test pair is as much of the accuracy as the margin, or more; none
    where the data set says which pairs test, since the spec does not know how many."""
    margin, split = spec.decision.equivalence_margin, spec.split
    if spec.decision.metric != ACCURACY or margin is None or isinstance(split, GivenSplit):
        return []
    pairs = split.test_rows
    if pairs is None or margin * pairs > 1 + 1e-9:
        return []
    sentence = (
        f"One of the {pairs:,} test pairs is {1 / pairs:.2g} of the accuracy, and the margin is "
        f"{margin:g}: whatever comes out holds for these pairs, and says little of others. Test on "
        "more pairs, or declare a larger margin."
    )
    return [SpecWarning(kind="coarse_margin", sentence=sentence)]
