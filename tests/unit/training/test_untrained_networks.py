"""What a network measures before its first step: a line beside its results that moves none."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.specs.experiment import ExperimentSpec
from worker.training.checkpoints import Checkpoints
from worker.training.events import Event, Finished, Saved, Started, StepDone, Untrained
from worker.training.loop import Training, train
from worker.training.state import TrainingState

from support.expect import expect
from support.stack import trained
from support.training import figures, tiny_data, tiny_spec

DATA = tiny_data()
SPECS = [
    tiny_spec(steps=3, encoder={"kind": kind, "embedding_dim": 8}, threshold=threshold)
    for kind in ("lstm", "bag")
    for threshold in ({"kind": "fixed", "value": 0.7}, {"kind": "validation"})
]


def questions_of(row: int) -> list[list[int]]:
    sides = (2 * row, 2 * row + 1)
    return [DATA.ids[DATA.offsets[q] : DATA.offsets[q + 1]].tolist() for q in sides]


def plain_scores(spec: ExperimentSpec, arm: str, rows: np.ndarray) -> list[float]:
    """The cosine of each row, one by one, under the initial weights; of a bag, word by word."""
    encoder = Training(spec, arm, 4, DATA, "cpu").encoder
    scores = []
    for row in rows:
        if spec.encoder.kind == "bag":
            table = encoder.get_parameter("embedding").detach().double().numpy()
            pair = [np.mean([table[word] for word in one], axis=0) for one in questions_of(row)]
        else:
            with torch.no_grad():
                pair = [*encoder.encode_pairs(DATA, np.array([row])).double().numpy()]
        first, second = pair
        scores.append(float(first @ second / np.linalg.norm(first) / np.linalg.norm(second)))
    return scores


@pytest.mark.parametrize("spec", SPECS, ids=lambda one: f"{one.encoder.kind}-{one.threshold.kind}")
def test_it_is_what_plain_counting_gives_under_the_initial_weights(spec: ExperimentSpec) -> None:
    found = expect(Untrained, list(train(spec, "modified", 4, DATA))[1])
    assert (found.validation.split, found.test.split) == ("validation", "test")
    scores, labels = plain_scores(spec, "modified", DATA.test), DATA.labels[DATA.test]
    threshold = found.test.threshold
    assert threshold is not None
    judged = list(zip(scores, labels.tolist(), strict=True))
    right = [(score > threshold) == bool(label) for score, label in judged]
    assert found.test.accuracy == sum(right) / len(right)
    positive, negative = ([score for score, label in judged if label == one] for one in (1, 0))
    pairs = [(high, low) for high in positive for low in negative]
    wins = sum((high > low) + (high == low) / 2 for high, low in pairs)
    assert found.test.roc_auc == pytest.approx(wins / len(pairs), abs=1e-3)
    if spec.threshold.kind == "fixed":
        assert threshold == 0.7
    else:  # chosen on validation, as that of the trained network is
        assert threshold == found.validation.threshold
    assert found.test.loss is None
    assert found.validation.loss is not None


def test_it_moves_no_bit_of_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = list(train(SPECS[0], "modified", 4, DATA))
    state = torch.get_rng_state()
    monkeypatch.setattr(TrainingState, "before_first_step", lambda *_: iter(()))
    without = list(train(SPECS[0], "modified", 4, DATA))
    assert (torch.get_rng_state() == state).all()
    assert figures(with_it) == figures(without)
    assert [one for one in with_it if not isinstance(one, Untrained)][:2] == without[:2]


def test_a_training_that_resumes_is_not_measured_again(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda _step: True)
    before: list[Event] = []
    for event in train(SPECS[0], "modified", 4, DATA, checkpoints=checkpoints):
        before.append(event)
        if event == Saved(2):
            break
    after = list(train(SPECS[0], "modified", 4, DATA, checkpoints=checkpoints))
    assert after[0] == Started(2)
    assert not any(isinstance(one, Untrained) for one in after)
    assert figures(before + after) == figures(list(train(SPECS[0], "modified", 4, DATA)))


def test_a_tuning_run_which_may_not_read_test_pairs_is_not_measured() -> None:
    events = list(train(SPECS[0], "modified", 4, DATA, tested=False))
    assert not any(isinstance(one, Untrained) for one in events)


def test_a_member_of_a_stack_measures_what_it_would_alone() -> None:
    members = [("vanilla", 1), ("modified", 4)]
    told = trained(SPECS[1], members, DATA)
    for index, (arm, seed) in enumerate(members):
        events = told[index]
        alone = list(train(SPECS[1], arm, seed, DATA))
        assert [type(one) for one in events[:3]] == [Started, Untrained, StepDone]
        found, expected = expect(Untrained, events[1]), expect(Untrained, alone[1])
        assert found.test.accuracy == expected.test.accuracy
        assert found.test.roc_auc == pytest.approx(expected.test.roc_auc, abs=1e-3)
        assert found.validation.loss == pytest.approx(expected.validation.loss, rel=1e-5)
        last = expect(Finished, events[-1])
        np.testing.assert_allclose(last.scores, expect(Finished, alone[-1]).scores, atol=1e-4)
