"""What the runs themselves add to comparisons of their figures: collapse, and the test pairs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from models.comparison.arm_runs import ArmRuns, Sides
from models.comparison.collapse import collapse, ended_collapsed
from models.comparison.schema import Comparison
from models.comparison.test_pair_figures import Judged, crossed, judged_pairs, mcnemar_by_seed


def with_runs(found: Sequence[Comparison], sides: Sides, confidence: float) -> list[Comparison]:
    """Each comparison with what its two arms' runs say beside it; `sides` in the same order."""
    called = {
        folder: arm.metrics[seed].get("test.predicted_positive")
        for side in sides
        for arm in side
        for seed, folder in arm.folders.items()
    }
    judged = judged_pairs(called)
    return [
        one.model_copy(update=_beside(one, a, b, judged, confidence))
        for one, (a, b) in zip(found, sides, strict=True)
    ]


def _beside(
    found: Comparison, a: ArmRuns, b: ArmRuns, judged: Mapping[Path, Judged], confidence: float
) -> dict[str, object]:
    seeds = [pair.seed for pair in found.pairs]
    of_a, of_b = (
        {seed: judged[folder] for seed, folder in arm.folders.items() if folder in judged}
        for arm in (a, b)
    )
    accuracy = found.metric == "test.accuracy"
    return {
        "collapse": collapse(
            a.values(found.metric), b.values(found.metric), _ended(a), _ended(b), confidence
        ),
        "crossed_bootstrap": crossed(found.metric, seeds, of_a, of_b, confidence),
        "mcnemar": mcnemar_by_seed(seeds, of_a, of_b) if accuracy else None,
    }


def _ended(arm: ArmRuns) -> dict[int, bool]:
    """Seed -> whether the run ended collapsed."""
    loss = arm.collapsed_loss_per_row
    return {seed: ended_collapsed(own, loss) for seed, own in arm.metrics.items()}
