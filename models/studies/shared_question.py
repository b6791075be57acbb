"""Whether experiments ask the same question, each on its data set, so that they make one study.

They do when their arms are the same and their decisions are: metric, baseline, margin, confidence.
Network, optimiser and steps may be those that suit a data set; where they differ, that is told.
"""

from typing import Any

from models.specs.experiment import Arm, ExperimentSpec

_OWN = frozenset(
    {"name", "dataset", "split", "seeds", "device", "time_limit"}
    # sizes that a data set has room for
    | {"validation_pairs", "validation_batches"}
)
"""Fields that belong to a data set, or to how it is carried out."""
_DECISION = ("metric", "baseline", "equivalence_margin", "confidence")


def why_no_study(spec: ExperimentSpec) -> tuple[str, str] | None:
    """The field of a spec that no study can ask about, and why; None where there is none."""
    if spec.factors is not None:
        return "factors", (
            "a study compares arms, and effects of factors are not put together over data sets; "
            "write the levels of the one factor that matters as arms"
        )
    if spec.programme is not None:
        return "programme", (
            "a programme gives each experiment a level of its own, and a study judges all data "
            "sets at one; leave this out"
        )
    if len(spec.arms) == 1:
        return "arms", (
            "one arm leaves nothing to compare, on one data set or on several; give two or more"
        )
    return None


def other_question(spec: ExperimentSpec, first: ExperimentSpec) -> tuple[str, str] | None:
    """The first field in which a spec asks another question than the `first`, and what stands in
    both, in words; None where they ask the same."""
    own, others = ({arm.name: arm for arm in one.arms} for one in (spec, first))
    if own.keys() != others.keys():
        return "arms", f"has the arms {', '.join(own)}, and the first has {', '.join(others)}"
    for name, arm in own.items():
        for field in sorted(Arm.model_fields):
            if getattr(arm, field) != getattr(others[name], field):
                place = f"arms/{list(own).index(name)}/{field}"
                return place, f"has another {field} in its arm '{name}' than the first"
    for field in _DECISION:
        value, other = (getattr(one.decision, field) for one in (spec, first))
        if value != other:
            return f"decision/{field}", f"has the {field} {value}, and the first has {other}"
    return None


def differing(specs: list[ExperimentSpec]) -> list[str]:
    """The fields beside data set and split in which specs of one study differ, as JSON pointers."""
    documents: list[dict[str, Any]] = [spec.model_dump(mode="json") for spec in specs]
    names = sorted({name for one in documents for name in one} - _OWN - {"arms", "decision"})
    return [
        f"/{name}"
        for name in names
        if any(one.get(name) != documents[0].get(name) for one in documents)
    ]
