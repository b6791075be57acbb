"""What a network measures before its first step: a line beside its results that moves none."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.specs.experiment import ExperimentSpec
from worker.training.checkpoints import Checkpoints
from worker.training.data import VectorStart
from worker.training.divergence import Diverged
from worker.training.encoders.build import start_encoder
from worker.training.events import (
    Evaluated,
    Event,
    Finished,
    Saved,
    Started,
    StepDone,
    Untrained,
)
from worker.training.loop import Training, train
from worker.training.stack.loop import Failed
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


def untrained_of(events: Iterable[object]) -> Untrained:
    """What a training tells of its untrained network, once."""
    (found,) = (one for one in events if isinstance(one, Untrained))
    return found


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
    found = untrained_of(train(spec, "modified", 4, DATA))
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


@pytest.mark.parametrize("kind", ["lstm", "gru", "bag", "transformer"])
def test_it_is_what_a_network_gives_that_is_measured_before_it_is_trained(kind: str) -> None:
    spec = tiny_spec(steps=3, encoder={"kind": kind, "embedding_dim": 8})
    begun = Training(spec, "modified", 4, DATA, "cpu")
    expected = begun.measure_untrained(begun.encoder)
    assert untrained_of(train(spec, "modified", 4, DATA)) == expected


@pytest.mark.parametrize(("every", "first"), [(2, 2), (5, 3)])
def test_nobody_waits_for_it_before_the_first_step(every: int, first: int) -> None:
    """It comes just before the first evaluation, which is that of the last step at the latest."""
    told = list(train(tiny_spec(steps=3, evaluate_every=every), "modified", 4, DATA))
    kinds = [Started, *[StepDone] * first, Untrained, Evaluated]
    assert [type(one) for one in told[: len(kinds)]] == kinds
    untrained_of(told)


@pytest.mark.parametrize("trained_vectors", [True, False])
def test_the_weights_that_are_trained_come_back_in_all_bits(trained_vectors: bool) -> None:
    own = {"kind": "lstm", "embedding_dim": 8, "vectors": "toy", "train_vectors": trained_vectors}
    found, values = np.arange(5, 20), np.random.default_rng(5).normal(size=(15, 8))
    data = replace(DATA, vectors=VectorStart("toy", found, values.astype(np.float32)))
    training = Training(tiny_spec(encoder=own), "modified", 4, data, "cpu")
    training.advance()
    network, state = training.encoder, torch.get_rng_state()
    places = [one.data_ptr() for one in network.parameters()]
    before, drawn = training.weights(), start_encoder(training.spec.encoder, data, 4).state_dict()
    with training.with_initial_weights():
        assert all((network.state_dict()[name] == one).all() for name, one in drawn.items())
        assert (training.weights()["weight_hh"] != before["weight_hh"]).any()
    assert {name: one.tobytes() for name, one in training.weights().items()} == {
        name: one.tobytes() for name, one in before.items()
    }
    assert places == [one.data_ptr() for one in network.parameters()]
    assert (torch.get_rng_state() == state).all()


def test_it_moves_no_bit_of_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    state = torch.get_rng_state()
    with_it = list(train(SPECS[0], "modified", 4, DATA))
    assert (torch.get_rng_state() == state).all()
    monkeypatch.setattr(TrainingState, "measures_untrained", False)
    without = list(train(SPECS[0], "modified", 4, DATA))
    assert [type(one) for one in with_it if not isinstance(one, Untrained)] == [*map(type, without)]
    assert figures(with_it) == figures(without)


@pytest.mark.parametrize(
    ("killed_at", "step", "before", "after"),
    [
        (Saved(1), 1, 0, 1),
        (Untrained, 1, 1, 1),  # once more, since it may not have been stored
        (Saved(2), 2, 1, 0),
    ],
)
def test_a_training_that_is_killed_measures_it_unless_it_goes_on_after_that(
    tmp_path: Path, killed_at: Event | type[Event], step: int, before: int, after: int
) -> None:
    spec = tiny_spec(steps=4, evaluate_every=2)
    whole = list(train(spec, "modified", 4, DATA))
    checkpoints = Checkpoints(tmp_path, due=lambda _step: True)
    told: list[Event] = []
    for event in train(spec, "modified", 4, DATA, checkpoints=checkpoints):
        told.append(event)
        if killed_at in (event, type(event)):
            break
    more = list(train(spec, "modified", 4, DATA, checkpoints=checkpoints))
    assert more[0] == Started(step)
    measured = [[one for one in part if isinstance(one, Untrained)] for part in (told, more)]
    assert measured == [[untrained_of(whole)] * before, [untrained_of(whole)] * after]
    kept = [one for one in told if not isinstance(one, StepDone) or one.step <= step]
    assert figures(kept + more) == figures(whole)


def test_a_tuning_run_which_may_not_read_test_pairs_is_not_measured() -> None:
    events = list(train(SPECS[0], "modified", 4, DATA, tested=False))
    assert not any(isinstance(one, Untrained) for one in events)


def test_a_member_of_a_stack_measures_what_it_would_alone() -> None:
    members = [("vanilla", 1), ("modified", 4)]
    told = trained(SPECS[1], members, DATA)
    for index, (arm, seed) in enumerate(members):
        events = told[index]
        alone = list(train(SPECS[1], arm, seed, DATA))
        assert [type(one) for one in events] == [type(one) for one in alone]
        found, expected = untrained_of(events), untrained_of(alone)
        assert found.test.accuracy == expected.test.accuracy
        assert found.test.roc_auc == pytest.approx(expected.test.roc_auc, abs=1e-3)
        assert found.validation.loss == pytest.approx(expected.validation.loss, rel=1e-5)
        last = expect(Finished, events[-1])
        np.testing.assert_allclose(last.scores, expect(Finished, alone[-1]).scores, atol=1e-4)


def staggered() -> ExperimentSpec:
    """Two arms that come to their first evaluations after steps 2 and 3."""
    arms = tiny_spec().model_dump(mode="json", include={"arms"}, exclude_unset=True)["arms"]
    later = {**arms[1], "evaluate_every": 3}
    return tiny_spec(steps=4, evaluate_every=2, arms=[arms[0], later])


def test_members_of_a_stack_that_measure_it_after_different_steps_have_the_bits_of_each() -> None:
    members = [("vanilla", 1), ("modified", 4), ("vanilla", 2)]
    told = trained(staggered(), members, DATA)
    for index, member in enumerate(members):
        alone = trained(staggered(), [member], DATA)[0]
        assert untrained_of(told[index]) == untrained_of(alone)
        assert figures(told[index]) == figures(alone)


def test_it_moves_no_bit_of_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [("vanilla", 1), ("modified", 4)]
    with_it = trained(staggered(), members, DATA)
    monkeypatch.setattr(TrainingState, "measures_untrained", False)
    without = trained(staggered(), members, DATA)
    assert [figures(with_it[one]) for one in (0, 1)] == [figures(without[one]) for one in (0, 1)]


def test_a_member_whose_initial_weights_cannot_be_measured_ends_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members = [("vanilla", 1), ("vanilla", 2)]
    sound, measure = trained(SPECS[0], members, DATA), TrainingState.measure_untrained

    def failing(training: TrainingState, encoder: Any) -> Untrained:
        if training.draws == SPECS[0].seeds.draws(1, "vanilla"):
            raise Diverged(0, "update", {})
        return measure(training, encoder)

    monkeypatch.setattr(TrainingState, "measure_untrained", failing)
    told = trained(SPECS[0], members, DATA)
    assert expect(Diverged, expect(Failed, told[0][-1]).error).step == 0
    assert untrained_of(told[1]) == untrained_of(sound[1])
    assert figures(told[1]) == figures(sound[1])


def test_a_run_that_is_dropped_at_it_leaves_the_others_untouched() -> None:
    members = [("vanilla", 1), ("vanilla", 2)]
    sound = trained(SPECS[0], members, DATA)
    dropped = trained(
        SPECS[0],
        members,
        DATA,
        until=lambda member, event: [0] if member == 0 and isinstance(event, Untrained) else [],
    )
    assert isinstance(dropped[0][-1], Untrained)
    assert figures(dropped[1]) == figures(sound[1])
