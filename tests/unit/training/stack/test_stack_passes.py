"""Recorded passes give the bits of those that are not; here a recorder stands in for CUDA's.

The stand-in does the work again at every replay, into the memory of the first time, which is what
a CUDA graph does. That CUDA graphs do so themselves, only a GPU could tell.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from models.specs.training import LstmEncoder
from worker.training.stack import graphs
from worker.training.stack.graphs import Passes, recorder
from worker.training.stack.layout import lay_out
from worker.training.stack.passes import Arithmetic, Eager, Recorded, Replay, T
from worker.training.stack.slots import Slots
from worker.training.stack.tokens import Tokens

from support.expect import expect
from support.stack import stack_spec, trained, wild_data
from support.training import figures

DATA = wild_data()


class Recorder:
    """Counts recordings and replays."""

    def __init__(self) -> None:
        self.recordings = self.replays = 0

    def __call__(self, work: Callable[[], T]) -> tuple[T, Replay]:
        self.recordings += 1
        result = work()
        memory = tensors_of(result)
        for tensor in memory:
            tensor.fill_(-1)  # nothing is computed while it is recorded

        def replay() -> None:
            self.replays += 1
            for kept, new in zip(memory, tensors_of(work()), strict=True):
                kept.copy_(new)

        return result, replay


def tensors_of(result: Any) -> list[Tensor]:
    if isinstance(result, torch.Tensor):
        return [result]
    if hasattr(result, "__dict__"):
        return tensors_of(list(vars(result).values()))
    return [tensor for part in result for tensor in tensors_of(part)]


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr("worker.training.stack.encoder.recorder", lambda _device: found)
    return found


@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
def test_a_stack_of_recorded_passes_has_the_bits_of_one_without(
    recording: Recorder, monkeypatch: pytest.MonkeyPatch, padding: str
) -> None:
    encoder = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8, "padding": padding}
    spec = stack_spec(encoder=encoder, steps=14)
    members = [("vanilla", 0), ("modified", 1)]
    recorded = trained(spec, members, DATA)
    assert recording.recordings >= 2
    assert recording.replays > recording.recordings
    monkeypatch.setattr("worker.training.stack.encoder.recorder", lambda _device: None)
    eager = trained(spec, members, DATA)
    for member in (0, 1):
        assert figures(recorded[member]) == figures(eager[member])


def test_a_layout_is_recorded_when_it_comes_again_and_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Nothing(Arithmetic):
        def __init__(self) -> None:
            slots: Any = type("Slots", (), {"hidden": 2})
            self.slots = slots

        def forward(self, table: Tensor, _times: tuple[int, ...]) -> Any:
            return table, table, []

        def backward(self, *_arguments: object) -> Any:
            return []

    monkeypatch.setattr(graphs, "AT_MOST", 2)
    passes = Passes(Nothing(), Recorder())
    table = torch.zeros(6, 1, 64, dtype=torch.int64)
    kinds = [type(passes.of(times, table)) for times in [(8,), (8,), (16,), (8,), (16,), (24,)]]
    assert kinds == [Eager, Recorded, Eager, Recorded, Recorded, Eager]
    assert type(passes.of((24,), table)) is Eager


class DeviceOnly(TorchDispatchMode):
    """Refuses what no CUDA graph can hold: a number from the host, or one that goes there.

    On the device `meta` there are no numbers, so nothing can be asked of them either.
    """

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        _types: Any,
        arguments: tuple[Any, ...] = (),
        named: dict[str, Any] | None = None,
    ) -> Any:
        result = function(*arguments, **(named or {}))
        leaves, _ = tree_flatten((arguments, named, result))
        devices = {leaf.device.type for leaf in leaves if isinstance(leaf, torch.Tensor)}
        assert devices <= {"meta"}, function
        return result


@torch.no_grad()
def test_what_is_recorded_asks_nothing_of_the_host() -> None:
    meta, encoder = torch.device("meta"), expect(LstmEncoder, stack_spec().encoder)
    slots = Slots(2, encoder, DATA.vocabulary_size, meta)
    arithmetic = Arithmetic(slots, Tokens(DATA, meta))
    layout = lay_out(DATA, DATA.train[:20].reshape(2, 10), np.ones(2, dtype=bool), padded=False)
    table = torch.from_numpy(layout.table).to(meta)
    with DeviceOnly():  # type: ignore[no-untyped-call] # its constructor is torch's
        totals, _, history = arithmetic.forward(table, layout.times)
        gradients = arithmetic.backward(table, layout.times, history, totals)
    assert gradients.weight_hh.shape == slots.weight_hh.shape


def test_a_cpu_records_nothing() -> None:
    assert recorder(torch.device("cpu")) is None
