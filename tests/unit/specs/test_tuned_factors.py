"""Cells that are tuned: what each is tried with, and which fields may not be both."""

from typing import Any

import pytest

from models.errors import Invalid
from models.specs.experiment import MAX_ARMS, ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.tuned_arms import for_run
from models.specs.tuning import MOST_SETTINGS

from support.factors import INIT, MASK, RATE, factorial, plain_factor

LR, MARGIN = "/optimizer/lr", "/loss/margin"
GRID: dict[str, Any] = {LR: [0.003, 0.01], MARGIN: [0.1, 0.5]}


def tuned(*factors: Any, grid: dict[str, Any] = GRID, **more: Any) -> dict[str, Any]:
    return factorial(*factors, tuning={"grid": grid, "seeds": 2}, **more)


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        parse_spec(document)
    return {problem.pointer: problem.detail for problem in raised.value.problems}


def test_every_cell_is_tried_with_every_setting() -> None:
    spec = parse_spec(tuned(MASK, INIT))
    assert spec.tuning_run_count == 4 * 4 * 2
    for name in spec.cells:
        untuned = spec.for_arm(name)
        for number, setting in enumerate(spec.tuning.all_settings if spec.tuning else ()):
            own = for_run(spec, name, number).for_arm(name)
            assert (own.optimizer.lr, own.arms[0].loss.margin) == (setting[LR], setting[MARGIN])
            # nothing else of the cell is changed
            assert own.encoder == untuned.encoder
            assert own.arms[0].loss.terms == untuned.arms[0].loss.terms


def test_a_run_of_a_tuned_cell_has_a_spec_that_can_be_sent_again() -> None:
    spec = for_run(parse_spec(tuned(MASK, INIT)), "mask=kept, init=torch", 3)
    assert (spec.factors, spec.tuning, spec.declared_effects) == (None, None, ())
    again = ExperimentSpec.model_validate_json(spec.model_dump_json())
    assert again == spec


def test_a_stored_spec_of_tuned_cells_reads_as_the_same() -> None:
    spec = parse_spec(tuned(MASK, INIT, effects="with_interactions"))
    assert parse_spec(spec.model_dump(mode="json")) == spec


def test_a_field_in_which_levels_differ_is_not_tuned_too() -> None:
    found = problems(tuned(MASK, RATE))
    assert found.keys() == {"/tuning/grid/~1optimizer~1lr", "/factors/1/levels/0/optimizer/lr"}
    assert "the factor 'rate' sets this" in found["/tuning/grid/~1optimizer~1lr"]
    ranges = {"ranges": {LR: {"low": 0.001, "high": 0.1}}, "settings": 2}
    found = problems(factorial(MASK, RATE, tuning=ranges))
    assert found.keys() == {"/tuning/ranges/~1optimizer~1lr", "/factors/1/levels/0/optimizer/lr"}


def test_a_level_of_another_kind_may_be_tuned_within() -> None:
    kinds = {
        "name": "encoder",
        "levels": [
            {"name": "lstm", "encoder": {"kind": "lstm", "embedding_dim": 32}},
            {"name": "gru", "encoder": {"kind": "gru", "embedding_dim": 64}},
        ],
    }
    spec = parse_spec(tuned(MASK, kinds, grid={"/encoder/embedding_dim": [8, 16]}))
    encoders = [for_run(spec, name, 1).for_arm(name).encoder.model_dump() for name in spec.cells]
    found = [(one["kind"], one["embedding_dim"]) for one in encoders]
    assert found == [("lstm", 16), ("gru", 16)] * 2


def test_a_field_that_one_cell_does_not_have_is_refused_where_it_is_tuned() -> None:
    bag = {"name": "encoder", "levels": [
        {"name": "lstm", "encoder": {"kind": "lstm"}}, {"name": "bag", "encoder": {"kind": "bag"}},
    ]}  # fmt: skip
    found = problems(tuned(MASK, bag, grid={"/encoder/hidden_dim": [8, 16]}))
    assert found.keys() == {"/tuning/grid/~1encoder~1hidden_dim"}
    assert "encoder=bag" in found["/tuning/grid/~1encoder~1hidden_dim"]


def test_a_factor_of_steps_would_make_budgets_unequal() -> None:
    found = problems(tuned(MASK, plain_factor("length", 2, "steps")))
    assert found.keys() == {"/factors/1/levels/1/steps"}
    assert "have the same budget" in found["/factors/1/levels/1/steps"]


def test_many_cells_at_many_settings_are_no_more_than_arms_may_be() -> None:
    many = [plain_factor(name, 4, field) for name, field in
            (("a", "batch_size"), ("b", "evaluate_every"), ("c", "early_stop"))]  # fmt: skip
    many[2] = {**RATE, "levels": RATE["levels"][:2]}
    grid = {MARGIN: [0.01 * n for n in range(1, 34)]}
    found = problems(tuned(MASK, *many[:2], grid=grid))
    assert found.keys() == {"/tuning"}
    assert f"more than {MAX_ARMS * MOST_SETTINGS:,}" in found["/tuning"]
    grid = {MARGIN: grid[MARGIN][:32]}
    assert parse_spec(tuned(MASK, *many[:2], grid=grid)).tuning_run_count == 32 * 32 * 2
