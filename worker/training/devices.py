"""Which device a run uses, and the settings under which equal inputs give equal bits."""

import torch


def prepare_device(kind: str) -> torch.device:
    """The device of kind `cpu` or `cuda`, with this process set for repeatable arithmetic.

    One thread on a CPU: sums split over threads depend on their number. TF32 off for matrix
    products and for cuDNN: its 10 bits of mantissa choose other closest negatives.
    """
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if kind == "cuda":
        # cuBLAS then asks for CUBLAS_WORKSPACE_CONFIG=:4096:8 in the environment, and says so
        torch.use_deterministic_algorithms(True)
        # that also fills new memory; nothing here reads what it has not written
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return torch.device(kind)


class NoDevice(RuntimeError):
    """The spec asks for a device that this machine does not have, or does not have any more."""


def choose_device(device: str) -> str:
    """`cpu` or `cuda` for the device of a spec: `auto` takes CUDA where there is one.

    Raises `NoDevice` when CUDA is asked for and this machine has none.
    """
    if device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise NoDevice("the spec asks for a CUDA device and this worker has none")
    return "cpu"
