"""The problem document of a training that diverged: what went first, and the setting to change."""

from models.metrics import Series
from models.run_problems import PREFIX, FirstGauge, RunProblem
from models.specs.experiment import ExperimentSpec
from models.specs.losses import LossSpec
from worker.first_gauge import first_gauge
from worker.training.divergence import Diverged
from worker.training.schedules import learning_rate

_NAMES = {
    "s_ap_mean": "the similarity of anchors and positives (s_ap_mean)",
    "s_an_mean": "the similarity of anchors and negatives (s_an_mean)",
    "loss_per_row": "the loss (loss_per_row)",
    "gradient_norm": "the gradient's norm (gradient_norm)",
}


def diverged_problem(
    fault: Diverged, own: ExperimentSpec, series: Series, attempt: int
) -> RunProblem:
    """`own` is the arm's own spec, `series` the last recorded steps of the run in columns."""
    first = first_gauge(series, fault.step, fault.figures)
    cause, advice = _why(fault, own)
    return RunProblem(
        type=f"{PREFIX}diverged",
        title="The training diverged",
        detail=f"{fault}{_said(first)}",
        attempt=attempt,
        step=fault.step,
        cause=cause,
        advice=advice,
        first_gauge=first,
    )


def _said(first: FirstGauge | None) -> str:
    if first is None:
        return ""
    if first.what == "exploded":
        return (
            f"; {_NAMES[first.name]} went first: it exploded at step {first.step}, to {first.value}"
            f" from a usual {first.usual:.4g}"
        )
    return f"; {_NAMES[first.name]} went first: it was {first.value} at step {first.step}"


def _why(fault: Diverged, own: ExperimentSpec) -> tuple[str, str]:
    """Likely cause and advice, each naming the setting that is true of this fault."""
    adam = own.optimizer
    match fault.culprit:
        case "eps":
            return (
                f"Adam divided by optimizer.eps alone, where a weight's second moment was zero, "
                f"and {adam.eps:g} is too small for single precision.",
                "A larger optimizer.eps helps: 1e-8 is PyTorch's, 1e-5 Trax's.",
            )
        case "loss":
            return (
                "The similarities were sound and the loss of them was not: it left the range of "
                "single precision.",
                f"A smaller {_loss_settings(own.arms[0].loss)} helps.",
            )
        case "update" | "gradient":
            lr = learning_rate(adam, max(fault.step, 1), own.steps)
            return (
                "The gradient grew until it, or the weights it moved, left the range of single "
                f"precision; the learning rate was {lr:.4g} then.",
                f"A lower optimizer.lr than {adam.lr:g}, or a longer warm-up, usually helps; so "
                f"does a smaller {_loss_settings(own.arms[0].loss)}.",
            )


def _loss_settings(loss: LossSpec) -> str:
    """The settings that make this loss large, as a person finds them in the spec."""
    names = {
        name
        for term in loss.terms
        for name in ("weight", "margin", "scale", "alpha", "beta", "hard_weight")
        if hasattr(term, name)
    }
    return " or ".join(sorted(names)) + " of the loss's terms"
