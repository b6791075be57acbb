"""The LSTM's cells in compiled code: NumPy's bits in less time, for float32 on a CPU."""

import ctypes

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.training.encoders.beginnings import Beginnings
from worker.training.encoders.compiled import kernels
from worker.training.encoders.lstm_cells import Cells, is_on_cpu

POINTERS = (
    *("starts", "inner", "inner_rows", "branched", "tokens", "parents", "ends", "first_ends"),
    *("projected", "products", "heads", "carried", "slopes", "totals"),
    *("grad_heads", "grad_products", "grad_projected", "spare", "zeros"),
)


class Lstm(ctypes.Structure):
    """`struct lstm` of the C file, which says what each pointer is."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("hidden", "widest")),
        *((name, ctypes.c_void_p) for name in POINTERS),
    ]


def can_be_compiled(tensor: Tensor) -> bool:
    """Whether there is compiled code for such numbers."""
    return tensor.dtype == torch.float32 and is_on_cpu(tensor) and kernels() is not None


class CompiledCells(Cells):
    """Cells computed by the compiled code."""

    def __init__(self, projected: Tensor, layout: Beginnings, *, sloped: bool) -> None:
        super().__init__(projected.contiguous(), layout, sloped=sloped)
        library, count = kernels(), int(layout.starts[-1])
        assert library is not None
        self._library = library
        self._carried = projected.new_empty(2 * self.widest, 2 * self.hidden)
        self._slopes = projected.new_empty(count, 6 * self.hidden) if sloped else None
        self._spare = projected.new_empty(9 * self.hidden)
        self._zeros = projected.new_zeros(4 * self.hidden)
        arrays: tuple[npt.ArrayLike, ...] = (
            *(layout.starts, layout.inner, self.inner_rows, layout.branched),
            *(layout.tokens, layout.parents, layout.ends, layout.first_ends),
        )
        self._kept = [np.ascontiguousarray(array, dtype=np.int64) for array in arrays]
        self._lstm = Lstm(self.hidden, self.widest, *(array.ctypes.data for array in self._kept))
        self._point(
            projected=self.projected, products=self.products, heads=self.heads,
            carried=self._carried, totals=self.totals, spare=self._spare, zeros=self._zeros,
        )  # fmt: skip
        if self._slopes is not None:
            self._point(slopes=self._slopes)

    def advance(self, level: int) -> None:
        self._library.lstm_advance(ctypes.byref(self._lstm), level)

    def begin_retreat(self, grad_totals: Tensor) -> None:
        super().begin_retreat(grad_totals.contiguous())
        self.grad_projected = torch.zeros_like(self.projected)
        self._point(
            totals=self.totals, grad_heads=self.grad_heads, grad_products=self.grad_products,
            grad_projected=self.grad_projected,
        )  # fmt: skip

    def retreat(self, level: int) -> None:
        self._library.lstm_retreat(ctypes.byref(self._lstm), level)

    def _point(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            setattr(self._lstm, name, tensor.data_ptr())
