"""How many CUDA devices this machine has, asked without importing torch in this process.

`python -m worker.pool.cuda_probe` prints the number. It is a process of its own, so that the
worker's supervisor and the pool it forks never import torch; and it is not started where torch was
built for the CPU alone, since importing torch costs more than a second of a processor.
"""

import logging
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from models.processes.parent_death import bound

_log = logging.getLogger(__name__)


def count_cuda_devices() -> int:
    """CUDA devices that torch can use here; 0 where it cannot say."""
    if not built_for_gpus():
        return 0
    probe = bound([sys.executable, "-m", "worker.pool.cuda_probe"])
    try:
        ended = subprocess.run(
            probe, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True
        )
        return int(ended.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        _log.warning("cannot tell whether there is a CUDA device: %s", error)
        return 0


def built_for_gpus() -> bool:
    """Whether the installed torch can use any GPU (CUDA, or ROCm under the same name), as the
    file of its version says; True where that does not say."""
    torch = find_spec("torch")
    if torch is None or torch.origin is None:
        return False
    version = Path(torch.origin).with_name("version.py")
    if not version.is_file():
        return True
    built = runpy.run_path(str(version))
    return any(built.get(kind, "unknown") is not None for kind in ("cuda", "hip"))


if __name__ == "__main__":
    import torch

    sys.stdout.write(f"{torch.cuda.device_count() if torch.cuda.is_available() else 0}\n")
