"""Factors in a browser: asked through the form, and the effects with their intervals."""

import json
import re
from typing import Any

from playwright.sync_api import expect

from support.api import ARMS, ApiForTests
from support.browser import Tab

MASK = {
    "name": "mask",
    "levels": [
        {"name": "left out", "loss": ARMS[0]["loss"]},
        {"name": "kept", "loss": ARMS[1]["loss"]},
    ],
}
RATE = {
    "name": "rate",
    "levels": [{"name": f"{lr}", "optimizer": {"lr": lr}} for lr in (0.01, 0.03)],
}


def shown(api: ApiForTests, **changes: Any) -> str:
    """An experiment of four cells that has ended; the mask matters most, and more at 0.03."""
    made = api.submit(
        arms=None, factors=[MASK, RATE], effects="with_interactions", seeds={"count": 8}, **changes
    )
    for run in api.runs(made["id"]):
        gain = 0.05 * ("kept" in run.arm) + 0.02 * ("kept" in run.arm and "0.03" in run.arm)
        api.train(run.id, accuracy=0.7 + gain + 0.001 * ((run.seed * 3 + len(run.arm)) % 5))
    return str(made["id"])


def document(tab: Tab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tab.find("#json").input_value())
    return found


def test_the_answer_is_what_matters_most_with_every_effect_drawn(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown(service)
    results = service.get(f"/v1/experiments/{found}/results")
    tab.open(f"/experiments/{found}")
    expect(tab.find("#verdict .sentence")).to_have_text(results["what_matters_most"])
    rows = tab.find("#verdict .forest-chart .effect")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("mask: kept against left out")
    widths = [
        float(rows.nth(at).locator(".estimate").get_attribute("cx") or "nan") for at in range(3)
    ]
    assert widths == sorted(widths, reverse=True)
    primary = [one for one in results["effects"] if one["role"] == "primary"]
    expect(tab.find("#verdict .effects li p")).to_have_text([one["sentence"] for one in primary])
    arms = tab.find("#arms .arm-values tbody tr")
    expect(arms).to_have_count(6)  # four cells, two that need no training
    expect(arms.first).to_contain_text("mask=left out, rate=0.01")
    lines = tab.find("#arms .interaction-chart")
    expect(lines).to_have_count(1)
    expect(lines.locator(".line")).to_have_count(2)
    expect(tab.find("#seeds .interval-chart .seed")).to_have_count(8)
    tab.find("#seeds summary").click()
    expect(tab.find("#seeds tbody tr")).to_have_count(8)
    tab.page.get_by_text("The figures").click()
    expect(tab.find("#verdict table").first.locator("tbody tr")).to_have_count(3)


def test_the_list_names_the_factors_and_the_largest_effect(tab: Tab, service: ApiForTests) -> None:
    shown(service)
    tab.open("/experiments")
    tab.sees("mask × rate, 4 cells")
    tab.sees("mask=kept does better than mask=left out")
    tab.sees("and 2 more")


def test_an_experiment_without_a_run_says_what_is_to_come(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(arms=None, factors=[MASK, RATE])
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#verdict .sentence")).to_contain_text("0 of 2 seeds are done.")
    expect(tab.find("#verdict")).to_contain_text("It is not known yet whether")
    expect(tab.find("#seeds")).to_contain_text("No seed has finished in every cell yet")
    expect(tab.find("#arms .interaction-chart")).to_have_count(0)


def test_the_form_asks_with_factors_and_turns_arms_into_one(tab: Tab) -> None:
    tab.open("/new?recipe=what-matters-most-small")
    expect(tab.find(".cost .big").first).to_have_text("32 runs")
    expect(tab.find(".cost")).to_contain_text("Judges 3 effects together")
    assert "arms" not in document(tab)
    pointers = tab.page.evaluate(
        "[...document.querySelectorAll('[data-pointer]')].map((one) => one.dataset.pointer)"
    )
    assert {"/factors/1/levels/1/optimizer/lr", "/design", "/effects", "/loss"} <= set(pointers)
    tab.find("#field-factors-1-levels-1-name-value").fill("fast")
    expect(tab.find(".cost .big").first).to_have_text("32 runs")
    assert document(tab)["factors"][1]["levels"][1]["name"] == "fast"
    tab.button("Compare arms instead").click()
    expect(tab.find(".cost .big").first).to_have_text("16 runs")
    assert [arm["name"] for arm in document(tab)["arms"]] == ["left out", "kept"]
    tab.button("Vary factors instead").click()
    expect(tab.find(".cost")).to_contain_text("Judges 1 effect together")
    assert document(tab)["factors"][0]["name"] == "choice"


def test_asking_again_lets_the_levels_be_changed(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(arms=None, factors=[MASK, RATE])
    tab.open(f"/new?like={made['id']}")
    expect(tab.find(".cost .big").first).to_have_text("8 runs")
    tab.find("#field-factors-0-levels-0-name-value").fill("without")
    expect(tab.button("Start")).to_be_enabled()
    expect(tab.find(".field-error:not(:empty)")).to_have_count(0)


def test_a_mistake_in_a_level_stands_at_its_field(tab: Tab) -> None:
    tab.expected_statuses = {422}
    tab.open("/new?recipe=what-matters-most-small")
    tab.find("#field-factors-1-levels-1-optimizer-lr-value").fill("-1")
    place = tab.find('[data-pointer="/factors/1/levels/1/optimizer/lr"] .field-error')
    expect(place).to_contain_text(re.compile("greater than 0"))
