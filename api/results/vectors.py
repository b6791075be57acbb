"""What token vectors covered of the vocabulary of each arm, as its runs found it."""

from collections.abc import Iterable

from api.vectors.views import ArmVectors
from models.specs.experiment import ExperimentSpec
from models.specs.training import PretrainedEncoder
from models.specs.tuned_arms import for_run
from models.store.tables import Run


def vectors_of_arms(spec: ExperimentSpec, runs: Iterable[Run]) -> list[ArmVectors]:
    """Return it for each arm that starts from vectors and has a run that succeeded; all runs of an
    arm have the same vocabulary, unless it is tuned for each seed."""
    found: dict[str, ArmVectors] = {}
    for run in runs:
        about = run.provenance or {}
        if run.arm in found or "vectors_sha256" not in about:
            continue
        encoder = for_run(spec, run.arm, run.setting).for_arm(run.arm).encoder
        if not isinstance(encoder, PretrainedEncoder) and encoder.vectors is not None:
            counts = about["vectors_words"], about["vectors_found"]
            one = ArmVectors.of(run.arm, encoder.vectors, about["vectors_sha256"], *counts)
            found[run.arm] = one
    return list(found.values())
