"""A training is a pure function of its spec, arm, seed and data; stopping it changes nothing."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.specs.experiment import ExperimentSpec
from worker.training.batches import batch_rows
from worker.training.checkpoints import Checkpoints
from worker.training.data import pair_questions
from worker.training.events import Evaluated, Event, Finished, Saved, Started, StepDone
from worker.training.loop import Training, train

from support.expect import expect
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

DATA = tiny_data()


def run(
    spec: ExperimentSpec | None = None, arm: str = "vanilla", seed: int = 0, **options: Any
) -> list[Event]:
    return list(train(spec or tiny_spec(), arm, seed, DATA, **options))


def test_a_training_tells_its_start_every_step_its_evaluations_and_its_end() -> None:
    events = run()
    assert events[0] == Started(0)
    assert [e.step for e in events if isinstance(e, StepDone)] == list(range(1, 13))
    evaluated = [(e.step, e.split) for e in events if isinstance(e, Evaluated)]
    assert evaluated == [(5, "validation"), (10, "validation"), (12, "validation"), (12, "test")]
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
@pytest.mark.parametrize("encoder", ["lstm", "gru", "bag", "transformer"])
def test_the_same_spec_and_seed_give_the_same_bits(encoder: str, padding: str) -> None:
    spec = tiny_spec(encoder={"kind": encoder, "embedding_dim": 8, "padding": padding})
    assert figures(run(spec)) == figures(run(spec))


def test_another_seed_gives_other_bits() -> None:
    assert figures(run(seed=0)) != figures(run(seed=1))


def test_both_arms_of_a_seed_start_from_the_same_weights() -> None:
    vanilla, modified = (
        Training(tiny_spec(), arm, 7, DATA, "cpu") for arm in ("vanilla", "modified")
    )
    for name, tensor in vanilla.tensors().items():
        assert tensor.numpy().tobytes() == modified.tensors()[name].numpy().tobytes()


def test_both_arms_of_a_seed_see_the_same_batches() -> None:
    """Before any update both arms measure the same similarities on the first batch."""
    firsts = [expect(StepDone, run(arm=arm)[1]) for arm in ("vanilla", "modified")]
    assert firsts[0].s_ap_mean == firsts[1].s_ap_mean
    assert firsts[0].s_an_mean == firsts[1].s_an_mean
    assert firsts[0].loss != firsts[1].loss


@pytest.mark.parametrize("stop_after", [1, 4, 5, 11])
def test_a_training_goes_on_from_a_checkpoint_to_the_same_bits(
    tmp_path: Path, stop_after: int
) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda _step: True)
    straight = run()
    before = []
    for event in train(tiny_spec(), "vanilla", 0, DATA, checkpoints=checkpoints):
        before.append(event)
        if event == Saved(stop_after):
            break
    after = run(checkpoints=checkpoints)
    assert after[0] == Started(stop_after)
    assert figures(before + after) == figures(straight)


@pytest.mark.parametrize("encoder", ["gru", "bag", "transformer"])
def test_every_encoder_goes_on_to_the_same_bits_wherever_it_was_killed(
    tmp_path: Path, encoder: str
) -> None:
    spec = tiny_spec(encoder={"kind": encoder, "embedding_dim": 8})
    events = killed_after_every_step(spec, "modified", 1, DATA, tmp_path)
    assert figures(events) == figures(run(spec, "modified", 1))


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda _step: True)
    straight = run(checkpoints=checkpoints)
    newest = tmp_path / "step-11.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    resumed = run(checkpoints=checkpoints)
    assert resumed[0] == Started(10)
    assert figures(resumed)[1:] == figures(straight)[1:]


def test_a_truncated_checkpoint_without_another_begins_anew(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda step: step == 3)
    run(checkpoints=checkpoints)
    (tmp_path / "step-3.safetensors").write_bytes(b"short")
    assert run(checkpoints=checkpoints)[0] == Started(0)


def test_a_time_limit_changes_no_bit_and_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda step: step == 3)
    unbounded = run(checkpoints=checkpoints)
    bounded = run(tiny_spec(time_limit=3.5), checkpoints=checkpoints)
    assert bounded[0] == Started(3)
    assert figures(bounded)[1:] == figures(unbounded)[1:]


@pytest.mark.parametrize(
    "other", [{"arm": "modified"}, {"seed": 1}, {"spec": tiny_spec(batch_size=8)}]
)
def test_a_checkpoint_of_another_training_is_not_used(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda step: step == 3)
    run(checkpoints=checkpoints)
    assert run(checkpoints=checkpoints, **other)[0] == Started(0)


def test_a_checkpoint_beyond_the_stored_figures_is_not_gone_on_from(tmp_path: Path) -> None:
    run(checkpoints=Checkpoints(tmp_path, due=lambda step: step in (3, 7)))
    for recorded, begins in ((11, 7), (7, 7), (6, 3), (2, 0)):
        checkpoints = Checkpoints(tmp_path, due=lambda _step: False, recorded=recorded)
        assert run(checkpoints=checkpoints)[0] == Started(begins)


def test_only_the_two_newest_checkpoints_stay_on_disk(tmp_path: Path) -> None:
    run(checkpoints=Checkpoints(tmp_path, due=lambda _step: True))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"step-{n}.{end}" for n in (10, 11) for end in ("json", "safetensors")}


def test_an_epoch_uses_every_row_once_and_a_cut_batch_is_filled_from_the_next() -> None:
    rows = np.arange(100, 110)
    stream = np.concatenate([batch_rows(rows, 3, step, 4) for step in range(1, 11)])
    for epoch in range(4):
        assert sorted(stream[epoch * 10 : epoch * 10 + 10]) == list(rows)
    assert not (stream[:10] == stream[10:20]).all()


def test_a_batch_is_a_function_of_seed_and_step_alone() -> None:
    rows = np.arange(50)
    later = batch_rows(rows, 1, 40, 16)
    for step in range(1, 41):
        batch_rows(rows, 1, step, 16)
    assert (batch_rows(rows, 1, 40, 16) == later).all()
    assert not (batch_rows(rows, 2, 40, 16) == later).all()


def test_a_batch_can_be_larger_than_the_training_rows() -> None:
    batch = batch_rows(np.arange(3), 0, 1, 8)
    assert np.bincount(batch).min() >= 2


def test_questions_come_side_by_side_and_an_empty_one_is_one_padding_token() -> None:
    data = dataclasses.replace(
        DATA,
        ids=np.array([5, 6, 7, 8], dtype=np.int32),
        offsets=np.array([0, 2, 2, 3, 4]),
        remap=np.where(np.arange(60) == 7, 0, np.arange(60)).astype(np.int32),
    )
    found = pair_questions(data, np.array([1, 0]))
    assert found.lengths.tolist() == [1, 2, 1, 1]
    assert found.ids.tolist() == [0, 5, 6, 8, 1]


def test_training_lowers_the_loss_on_pairs_it_did_not_see() -> None:
    spec = tiny_spec(steps=150, evaluate_every=150, optimizer={"schedule": {"kind": "constant"}})
    events = run(spec)
    first = next(e for e in events if isinstance(e, StepDone))
    validation = next(e for e in events if isinstance(e, Evaluated) and e.split == "validation")
    assert expect(float, validation.loss) < first.loss * 0.7
    assert expect(float, validation.roc_auc) > 0.8
