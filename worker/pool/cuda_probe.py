"""`python -m worker.pool.cuda_probe`: print how many CUDA devices this machine has.

A process of its own, so that the worker's supervisor and the pool it forks never import torch.
"""

import sys

import torch

if __name__ == "__main__":
    sys.stdout.write(f"{torch.cuda.device_count() if torch.cuda.is_available() else 0}\n")
