"""What the process of an attempt uses while it trains: processors, memory, and its GPU.

A thread samples every few seconds; the recorder stores the samples with the metrics. Of a long
attempt neighbours are joined, so that there are never more than `MOST`, all of the same length.
Runs that are trained as one stack share a process, and so its samples.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import psutil
import torch
from pynvml import NVMLError

from models.store.metrics.usage import Usage
from worker.attempts.block_thread import BlockThread

EVERY = 2.0  # seconds, of an attempt of up to eight minutes
SHORTEST = 0.5  # seconds before a further sample says something
MOST = 240


class UsageSampler(BlockThread):
    """Samples while its `with` block lasts."""

    def __init__(self, every: float = EVERY) -> None:
        super().__init__("usage")
        self._every = every
        self._process = psutil.Process()
        self._begun = self._sampled = time.monotonic()
        self._used = self._processor_seconds()
        self._samples: list[Usage] = []
        self._joined = 0
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self.ended.wait(self._every * 2**self._joined):
            self.sample()

    def sample(self) -> None:
        """Take a sample now, unless the last one is very young."""
        with self._lock:
            now, used = time.monotonic(), self._processor_seconds()
            if now - self._sampled < SHORTEST:
                return
            gpu, gpu_memory = _gpu()
            sample = Usage(
                seconds=round(now - self._begun, 3),
                processors=round((used - self._used) / (now - self._sampled), 4),
                memory=self._process.memory_info().rss,
                gpu=gpu,
                gpu_memory=gpu_memory,
            )
            self._sampled, self._used = now, used
            self._samples.append(sample)
            if len(self._samples) == MOST:
                self._samples = joined(self._samples)
                self._joined += 1

    def samples(self) -> tuple[int, Sequence[Usage]]:
        """How often all samples were joined so far, and the samples."""
        with self._lock:
            return self._joined, tuple(self._samples)

    def _processor_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def joined(samples: Sequence[Usage]) -> list[Usage]:
    """Every two neighbours as one: the mean of what was used over time, the most memory."""
    begins = (0.0, *(one.seconds for one in samples))
    found = []
    for at in range(0, len(samples) - 1, 2):
        first, second = samples[at], samples[at + 1]
        share = (first.seconds - begins[at]) / (second.seconds - begins[at])
        busy = [one.gpu for one in (first, second) if one.gpu is not None]
        held = [one.gpu_memory for one in (first, second) if one.gpu_memory is not None]
        found.append(
            replace(
                second,
                processors=share * first.processors + (1 - share) * second.processors,
                memory=max(first.memory, second.memory),
                gpu=fmean(busy) if busy else None,  # each is of a short time before its sample
                gpu_memory=max(held, default=None),
            )
        )
    return found


def _gpu() -> tuple[float | None, int | None]:
    """How busy the GPU was in the last second or less, and what this process holds of its memory;
    None where the process uses none, or where its driver does not say."""
    if not torch.cuda.is_initialized():
        return None, None
    try:
        busy = torch.cuda.utilization() / 100
    except (NVMLError, RuntimeError):
        busy = None
    return busy, torch.cuda.memory_reserved()
