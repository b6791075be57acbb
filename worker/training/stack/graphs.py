"""CUDA graphs of the passes that recur; on a CPU there are none.

All recordings share one pool of memory. That is sound because a pass has ended, and its results
have been used, before the next one begins: nothing in the pool has to outlive a pass.
"""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from worker.training.stack.passes import Arithmetic, Eager, Pass, Record, Recorded, Replay, T

AT_MOST = 24  # recordings; the kernels of other layouts are started one by one


def recorder(device: torch.device) -> Record | None:
    """How work is recorded on this device; None where it cannot be."""
    return _CudaRecorder() if device.type == "cuda" else None


class _CudaRecorder:
    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Callable[[], T]) -> tuple[T, Replay]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = work()
        return result, graph.replay


class Passes:
    """The pass for a layout: eager the first time (which also warms libraries up), recorded from
    the second time on while there is room for recordings."""

    def __init__(self, arithmetic: Arithmetic, record: Record | None) -> None:
        self._arithmetic, self._record = arithmetic, record
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._recorded: dict[tuple[int, ...], Recorded] = {}
        self._table: Tensor | None = None
        self._gradient: Tensor | None = None

    def of(self, times: tuple[int, ...], table: Tensor) -> Pass:
        """The pass for a layout of these time steps and a table like this one."""
        if self._record is None:
            return Eager(self._arithmetic, times)
        self._seen[times] += 1
        if times not in self._recorded:
            if self._seen[times] < 2 or len(self._recorded) == AT_MOST:
                return Eager(self._arithmetic, times)
            self._recorded[times] = self._recording(times, table, self._record)
        return self._recorded[times]

    def _recording(self, times: tuple[int, ...], table: Tensor, record: Record) -> Recorded:
        if self._table is None or self._gradient is None:
            slots = self._arithmetic.slots
            self._table = torch.zeros_like(table)
            self._gradient = torch.zeros(*table.shape[1:], slots.hidden, device=table.device)
        eager = Eager(self._arithmetic, times)
        return Recorded(eager, self._table, self._gradient, record)
