"""Charts that are drawn as marks, in a browser: taken along as pictures and as numbers."""

from typing import Any

import pytest
from playwright.sync_api import expect

from support.api import ARMS, ApiForTests
from support.browser import Tab
from support.factors import MASK, RATE
from support.shown_runs import shown_experiment
from support.taken_charts import colour_of, colours, saved, table


def results_of(service: ApiForTests, experiment: str) -> Any:
    return service.get(f"/v1/experiments/{experiment}/results")


def text(value: float | None) -> str:
    """A number as JavaScript writes it."""
    return "" if value is None else repr(value)


def numbers(cells: list[str]) -> list[float]:
    return [float(cell) for cell in cells]


def test_a_difference_and_its_seeds_are_taken_along(tab: Tab, service: ApiForTests) -> None:
    found = shown_experiment(service)
    tab.open(f"/experiments/{found}")
    tab.find("#verdict .interval-chart").wait_for()
    one = results_of(service, found)["comparisons"][0]
    head, mean, *seeds = table(saved(tab, "#verdict", "CSV"))
    assert head == ["of", f"difference in {one['metric']}", "low", "high", "margin"]
    expected = [one["mean_difference"], one["interval"]["low"], one["interval"]["high"]]
    assert mean[0] == "mean"
    assert numbers(mean[1:4]) == pytest.approx(expected)
    assert [row[0] for row in seeds] == [f"seed {pair['seed']}" for pair in one["pairs"]]
    drawn = colours(saved(tab, "#verdict", "PNG"))
    assert drawn[colour_of(tab, "--arm-2")] > 100, "the interval has the arm's colour"
    assert colour_of(tab, "--ground") in drawn

    head, *rows = table(saved(tab, "#seeds", "CSV"))
    assert head == ["seed", "modified", "vanilla", "difference"]
    assert [numbers(row) for row in rows] == [
        pytest.approx([pair["seed"], pair["a"], pair["b"], pair["difference"]])
        for pair in one["pairs"]
    ]
    drawn = colours(saved(tab, "#seeds", "PNG"))
    assert min(drawn[colour_of(tab, name)] for name in ("--arm-1", "--arm-2")) > 100


def test_a_picture_has_the_colours_of_the_theme(tab: Tab, service: ApiForTests) -> None:
    found = shown_experiment(service)
    tab.page.emulate_media(color_scheme="dark")
    tab.open(f"/experiments/{found}")
    tab.find("#verdict .interval-chart").wait_for()
    drawn = colours(saved(tab, "#verdict", "PNG"))
    dark = colour_of(tab, "--ground")
    assert sum(dark) < 100
    assert max(drawn, key=lambda colour: drawn[colour]) == dark


def test_effects_and_two_factors_at_a_time_are_taken_along(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(
        arms=None, factors=[MASK, RATE], effects="with_interactions", seeds={"count": 8}
    )
    for run in service.runs(made["id"]):
        gain = 0.05 * ("kept" in run.arm) + 0.02 * ("kept" in run.arm and "0.03" in run.arm)
        service.train(run.id, accuracy=0.7 + gain + 0.001 * ((run.seed * 3 + len(run.arm)) % 5))
    results = results_of(service, made["id"])
    tab.open(f"/experiments/{made['id']}")
    tab.find("#verdict .forest-chart").wait_for()
    head, *rows = table(saved(tab, "#verdict", "CSV"))
    assert head == ["name", "metric", "difference", "low", "high", "confidence", "margin"]
    primary = [one for one in results["effects"] if one["role"] == "primary"]
    assert sorted(numbers([row[2] for row in rows])) == pytest.approx(
        sorted(one["mean_difference"] for one in primary)
    )
    assert colours(saved(tab, "#verdict", "PNG"))[colour_of(tab, "--arm-1")] > 100
    head, *rows = table(saved(tab, ".factor-pairs", "CSV"))
    (pair,) = results["factor_pairs"]
    assert head == [*pair["factors"], "mean test.accuracy"]
    assert rows == [[*one["levels"], text(one["mean"])] for one in pair["means"]]
    drawn = colours(saved(tab, ".factor-pairs", "PNG"))
    assert min(drawn[colour_of(tab, name)] for name in ("--arm-1", "--arm-2")) > 50


def test_a_noise_floor_is_taken_along(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(arms=ARMS[:1], seeds={"count": 8})
    for run in made["runs"]:
        service.train(run["id"], accuracy=0.73 + 0.001 * (run["seed"] * 3 % 8))
    tab.open(f"/experiments/{made['id']}")
    tab.find("#verdict .noise-chart").wait_for()
    head, *rows = table(saved(tab, "#verdict", "CSV"))
    assert head == ["difference of two runs in test.accuracy"]
    apart = numbers([row[0] for row in rows])
    assert len(apart) == 28
    assert apart == sorted(apart)
    assert colours(saved(tab, "#verdict", "PNG"))[colour_of(tab, "--arm-1")] > 100


def test_a_table_of_verdicts_is_taken_along_as_one_picture(tab: Tab, service: ApiForTests) -> None:
    third = {"name": "third", "loss": {"margin": 0.3, "terms": [{"kind": "mean_negative"}]}}
    found = shown_experiment(service, arms=[*ARMS, third])
    tab.open(f"/experiments/{found}")
    expect(tab.find("#verdict .comparisons tbody tr")).to_have_count(2)
    _, *rows = table(saved(tab, "#verdict", "CSV"))
    assert [row[0] for row in rows] == ["modified", "third"]
    assert colours(saved(tab, "#verdict", "PNG"))[colour_of(tab, "--arm-1")] > 100


def test_a_drawing_is_seen_in_full_size_and_comes_back(tab: Tab, service: ApiForTests) -> None:
    tab.open(f"/experiments/{shown_experiment(service)}")
    tab.find("#seeds .chart-tools button", has_text="Full size").click()
    drawing = tab.page.get_by_role("dialog").locator(".pairs-chart")
    expect(drawing).to_be_visible()
    box = drawing.bounding_box()
    assert box is not None
    assert box["width"] > 1000
    tab.page.keyboard.press("Escape")
    expect(tab.find("#seeds .pairs-chart")).to_be_visible()
