"""Cells that are tuned, over HTTP: the effects rest on the chosen settings alone, and each figure
follows from the runs' own metrics by slow plain code."""

import math
from itertools import product
from statistics import fmean, stdev
from typing import Any

import pytest
from scipy import stats

from models.states import TERMINAL
from models.store import interim_looks, setting_choices
from models.store.tables import Run

from support.api import ARMS, ApiForTests, now
from support.tuning import end_run

LR = "/optimizer/lr"
FIRST = 9_000_000
TUNING = {"grid": {LR: [0.003, 0.01, 0.03]}, "seeds": 2}
MASK: dict[str, Any] = {
    "name": "mask",
    "levels": [
        {"name": "left out", "loss": ARMS[0]["loss"]},
        {"name": "kept", "loss": ARMS[1]["loss"]},
    ],
}
LENGTH: dict[str, Any] = {
    "name": "batch",
    "levels": [{"name": f"{size}", "batch_size": size} for size in (8, 16)],
}
CELLS = [(mask, batch) for mask in ("left out", "kept") for batch in ("8", "16")]
BEST = dict(zip(CELLS, (1, 1, 2, 0), strict=True))


def name(cell: tuple[str, str]) -> str:
    return f"mask={cell[0]}, batch={cell[1]}"


def validated(run: Run) -> float:
    """Each cell is best at a setting of its own; no two values are equal."""
    best = next(BEST[cell] for cell in CELLS if name(cell) == run.arm)
    return 0.8 - 0.05 * abs(run.setting - best) + 0.001 * (run.seed % 7) * (1 + run.setting)


def accuracy_of(run: Run) -> float:
    """The mask matters by 3 points and the batch by none; a seed makes some noise."""
    return round(0.7 + 0.03 * ("kept" in run.arm) + 0.001 * math.sin(run.seed + len(run.arm)), 6)


def submit(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    asked = {"arms": None, "factors": [MASK, LENGTH], "effects": "with_interactions"}
    return api.submit(**{**asked, "tuning": TUNING, "seeds": {"count": 8}, **changes})


def through(api: ApiForTests, made: dict[str, Any], added: int) -> None:
    """Tune, choose and compare."""
    for run in api.runs(made["id"]):
        end_run(api.database, run, validated(run))
    with api.database.transaction() as session:
        assert len(setting_choices.make_due_choice(session, made["id"], now())) == added
    for run in api.runs(made["id"]):
        if run.state not in TERMINAL:
            api.train(run.id, accuracy=accuracy_of(run))


def test_effects_rest_on_the_chosen_setting_of_every_cell(api: ApiForTests) -> None:
    made = submit(api)
    assert len(made["runs"]) == 4 * 3 * 2
    through(api, made, 4 * 8)
    document = api.get(f"/v1/experiments/{made['id']}/results")
    runs = [run for run in api.runs(made["id"]) if not run.tuning]
    assert {(run.arm, run.setting) for run in runs} == {(name(c), BEST[c]) for c in CELLS}
    value = {(run.arm, run.seed): accuracy_of(run) for run in runs}

    def at(mask: int, batch: int, seed: int) -> float:
        return value[name((("left out", "kept")[mask], ("8", "16")[batch])), seed]

    by_hand = {
        "mask=kept": [
            (at(1, 0, s) + at(1, 1, s) - at(0, 0, s) - at(0, 1, s)) / 2 for s in range(8)
        ],
        "batch=16": [(at(0, 1, s) + at(1, 1, s) - at(0, 0, s) - at(1, 0, s)) / 2 for s in range(8)],
        "the combination of mask=kept and batch=16": [
            at(1, 1, s) - at(0, 1, s) - at(1, 0, s) + at(0, 0, s) for s in range(8)
        ],
    }
    primary = [one for one in document["effects"] if one["role"] == "primary"]
    assert {one["a"] for one in primary} == by_hand.keys()
    for one in primary:
        differences = by_hand[one["a"]]
        half = stats.t.ppf(0.975, 7) * stdev(differences) / math.sqrt(8)
        assert [pair["difference"] for pair in one["pairs"]] == pytest.approx(differences)
        assert one["interval"]["low"] == pytest.approx(fmean(differences) - half)
        assert ", every cell at the best of 3 settings, chosen on validation" in one["sentence"]
        assert [each["kind"] for each in one["warnings"]] == [
            "different_settings",
            "chosen_at_edge",
        ]
        assert "were given 3 different settings" in one["sentence"]
        assert one["sentence"].endswith(
            "The settings that were chosen for 2 of these 4 cells are at the edge of those tried "
            "in learning rate (optimiser), so better ones may lie beyond."
        )
    assert (primary[0]["a"], primary[0]["verdict"]) == ("mask=kept", "a_better")
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["verdicts"][0]["warnings"] == primary[0]["warnings"]


def test_every_effect_is_told_at_each_equal_setting(api: ApiForTests) -> None:
    made = submit(api)
    through(api, made, 4 * 8)
    found = api.get(f"/v1/experiments/{made['id']}/results")["tuning"]
    assert {arm["name"]: arm["chosen"] for arm in found["arms"]} == {
        name(c): BEST[c] for c in CELLS
    }
    value = {
        (run.arm, run.setting, run.seed): validated(run)
        for run in api.runs(made["id"])
        if run.tuning
    }
    expected = [
        (setting, side)
        for setting, side in product(
            range(3), ("mask=kept", "batch=16", "the combination of mask=kept and batch=16")
        )
    ]
    assert [(one["setting"], one["a"]) for one in found["by_setting"]] == expected
    for one in found["by_setting"]:
        if one["a"] != "mask=kept":
            continue
        differences = [
            fmean(value[name(("kept", b)), one["setting"], seed] for b in ("8", "16"))
            - fmean(value[name(("left out", b)), one["setting"], seed] for b in ("8", "16"))
            for seed in (FIRST, FIRST + 1)
        ]
        assert one["b"] == "mask=left out"
        assert [pair["difference"] for pair in one["pairs"]] == pytest.approx(differences)
        assert one["mean_difference"] == pytest.approx(fmean(differences))


def test_untuned_effects_say_that_every_cell_is_at_one_setting(api: ApiForTests) -> None:
    made = submit(api, tuning=None)
    for run in api.runs(made["id"]):
        api.train(run.id, accuracy=accuracy_of(run))
    document = api.get(f"/v1/experiments/{made['id']}/results")
    assert all(", every cell at one setting" in one["sentence"] for one in document["effects"])
    assert document["tuning"] is None


def test_seeds_are_added_until_the_effects_of_tuned_cells_are_decided(api: ApiForTests) -> None:
    made = submit(api, seeds={"until_decided": {"min": 6, "max": 12}}, effects="main")
    through(api, made, 4 * 6)
    with api.database.transaction() as session:
        added = interim_looks.take_due_look(session, made["id"], now())
    assert added is not None
    runs = [run for run in api.runs(made["id"]) if not run.tuning and run.seed >= 6]
    # the batch makes no difference, which six seeds do not tell; the same settings go on
    assert {(run.arm, run.setting) for run in runs} == {(name(c), BEST[c]) for c in CELLS}
