"""A whole training under every kind of term: it runs, repeats, and resumes to the same bits."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from models.specs.experiment import ExperimentSpec
from models.specs.losses import AnyTerm
from worker.training.checkpoints import Checkpoints
from worker.training.evaluation import evaluate_validation
from worker.training.events import Finished, Saved, Started, StepDone
from worker.training.loop import Training, train

from support.expect import expect
from support.formulas import SAME_BITS
from support.training import figures, tiny_data, tiny_spec

DATA = tiny_data()
TERMS = get_args(get_args(AnyTerm)[0])
KINDS = [get_args(term.model_fields["kind"].annotation)[0] for term in TERMS]
MINING = [{"from_step": 1, "among": "semi_hard"}, {"from_step": 3, "among": "all"}]
MINED = {"kind": "closest_negative", "mining": MINING}
DRAWN = {"kind": "distance_weighted"}
STOPS = [(term, step) for term in (DRAWN, MINED) for step in (1, 2, 3)]
NEEDED = {"formula": {"row": "relu(margin - s_ap + logmeanexp(20 * s_an) / 20) * (1 + step / 9)"}}
"""What a kind of term cannot do without."""
OF_KIND = {kind: {"kind": kind, **NEEDED.get(kind, {})} for kind in KINDS}
STOPS += [(OF_KIND[kind], 2) for kind in KINDS if kind != DRAWN["kind"]]


def spec_of(term: dict[str, Any], **changes: Any) -> ExperimentSpec:
    arms = [
        {"name": "tried", "loss": {"terms": [term]}},
        {"name": "modified", "loss": {"terms": [{"kind": "closest_negative"}]}},
    ]
    return tiny_spec(arms=arms, steps=5, evaluate_every=2, **changes)


def test_every_kind_of_term_has_a_name_of_its_own() -> None:
    assert len(set(KINDS)) == len(TERMS) >= 9


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_runs_under_every_term_and_moves_the_weights(kind: str) -> None:
    spec = spec_of(OF_KIND[kind])
    before = Training(spec, "tried", 0, DATA, "cpu").weights()
    events = list(train(spec, "tried", 0, DATA))
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [event.step for event in steps] == [1, 2, 3, 4, 5]
    for event in steps:
        assert event.loss > 0
        assert event.loss_per_row == pytest.approx(event.loss / 16)
        assert 0 < event.active[0] <= 1
        assert event.gradient_norm > 0
    last = expect(Finished, events[-1])
    assert any(not np.array_equal(before[name], last.weights[name]) for name in before)


@pytest.mark.parametrize(("term", "stop_after"), STOPS)
def test_a_stopped_training_goes_on_to_the_same_bits(
    tmp_path: Path, term: dict[str, Any], stop_after: int
) -> None:
    spec, checkpoints = spec_of(term), Checkpoints(tmp_path, due=lambda _step: True)
    straight = list(train(spec, "tried", 0, DATA))
    before = []
    for event in train(spec, "tried", 0, DATA, checkpoints=checkpoints):
        before.append(event)
        if event == Saved(stop_after):
            break
    after = list(train(spec, "tried", 0, DATA, checkpoints=checkpoints))
    assert after[0] == Started(stop_after)
    assert figures(before + after) == figures(straight)


def test_draws_follow_the_seed_of_the_run() -> None:
    spec = spec_of(DRAWN)
    one, other = (list(train(spec, "tried", seed, DATA)) for seed in (0, 1))
    assert expect(StepDone, one[2]).loss != expect(StepDone, other[2]).loss


def test_an_evaluation_under_drawn_negatives_says_the_same_of_the_same_weights() -> None:
    spec = spec_of(DRAWN)
    encoder = Training(spec, "tried", 0, DATA, "cpu").encoder
    found = {evaluate_validation(encoder, spec, "tried", DATA, step).loss for step in (1, 2, 5)}
    assert len(found) == 1


@pytest.mark.parametrize("kind", ["circle", "multiple_negatives", "distance_weighted", "formula"])
def test_any_term_may_be_the_baselines_yardstick(kind: str) -> None:
    spec = spec_of(OF_KIND[kind])
    encoder = Training(spec, "tried", 0, DATA, "cpu").encoder
    own = evaluate_validation(encoder, spec, "tried", DATA, 2)
    other = evaluate_validation(encoder, spec, "modified", DATA, 2)
    assert own.loss == own.baseline_loss == other.baseline_loss != other.loss


@pytest.mark.parametrize("name", SAME_BITS)
def test_a_training_under_a_term_in_other_words_has_the_same_bits(name: str) -> None:
    term, formula = SAME_BITS[name]
    trained = [
        list(train(spec_of(one), "tried", 0, DATA))
        for one in (term, {"kind": "formula", **formula})
    ]
    assert figures(trained[0]) == figures(trained[1])
