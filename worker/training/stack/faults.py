"""Whether an exception is one member's own, or would come to all: they share device and memory."""

import torch

from models.errors import TrainingFault


def hits_all(error: Exception, device: str) -> bool:
    """Whether this came from what a stack's members share: memory, or the device."""
    match error:
        case TrainingFault():
            return False
        case MemoryError() | torch.OutOfMemoryError() | torch.AcceleratorError():
            return True
        case RuntimeError():  # cuBLAS's have no type of their own, nor has a CPU's full memory
            return device == "cuda" or "can't allocate memory" in str(error)
        case _:
            return False
