"""What the members of a stack share: which runs can be in one, and which faults hit them all.

Runs can be trained in one stack where their data, the shapes of their weights and the most
questions of a batch are the same.
"""

import torch

from models.errors import TrainingFault
from models.specs.experiment import ExperimentSpec
from models.specs.training import LstmEncoder


def can_stack(own: ExperimentSpec) -> bool:
    """Whether a run of this spec, that of one arm, can be trained in a stack at all."""
    return isinstance(own.encoder, LstmEncoder)


def shares_stack(own: ExperimentSpec, other: ExperimentSpec) -> bool:
    """Whether runs of these two specs, each that of one arm, can be in the same stack.

    Losses, optimisers, steps, evaluations and thresholds may differ.
    """
    return can_stack(own) and _shared(own) == _shared(other)


def _shared(own: ExperimentSpec) -> tuple[object, ...]:
    most = own.batch_size, own.negatives.given  # how many a batch has room for
    return own.split, own.tokenizer, own.vocabulary, own.encoder, most


def hits_all(error: Exception, device: str) -> bool:
    """Whether an exception comes from what a stack's members share: memory, or the device."""
    match error:
        case TrainingFault():
            return False
        case MemoryError() | torch.OutOfMemoryError() | torch.AcceleratorError():
            return True
        case RuntimeError():  # cuBLAS's have no type of their own, nor has a CPU's full memory
            return device == "cuda" or "can't allocate memory" in str(error)
        case _:
            return False
