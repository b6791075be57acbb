"""One arm in a browser: proposed before the first comparison, listed, shown as a noise floor."""

import json
import re

from playwright.sync_api import expect

from support.api import ARMS, GENERATED, ApiForTests
from support.browser import Tab

SMALL = "/new?recipe=hard-negative-mining-small"


def measured(api: ApiForTests) -> str:
    made = api.submit(name="How noisy", arms=ARMS[:1], seeds={"count": 8})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.73 + 0.001 * (run["seed"] * 3 % 8))
    found: str = made["id"]
    return found


def test_the_page_shows_the_noise_floor_in_place_of_a_verdict(
    tab: Tab, service: ApiForTests
) -> None:
    found = measured(service)
    floor = service.get(f"/v1/experiments/{found}/results")["noise_floor"]
    tab.open(f"/experiments/{found}")
    expect(tab.find("#verdict .sentence")).to_have_text(floor["sentence"])
    expect(tab.find("#verdict .kind")).to_contain_text("The noise floor of vanilla")
    chart = tab.find("#verdict .noise-chart")
    expect(chart.locator(".seed")).to_have_count(28)  # every two of eight runs
    rare = floor["two_runs_differ_by"]["in_1_of_20"]
    expect(chart).to_have_attribute("aria-label", re.compile(f"1 in 20 above {rare:.4f}"))
    x = {
        name: float(chart.locator(f".{name}").first.get_attribute("x1") or "nan")
        for name in ("zero", "median", "margin-edge", "rare")
    }
    apart = floor["two_runs_differ_by"]
    assert x["zero"] < x["median"] < x["rare"]
    assert (x["margin-edge"] < x["median"]) == (floor["margin"] < apart["median"])
    facts = tab.find("#verdict .facts")
    expect(facts).to_contain_text(f"{floor['seeds_for_margin']} seeds")
    arms = tab.find("#arms .arm-values tbody tr")
    expect(arms).to_have_count(3)  # the arm, and two models that need no training
    expect(arms.first).to_contain_text(f"{floor['mean']:.4f}")
    expect(tab.find("#seeds")).to_have_count(0)  # one arm has no pairs
    tab.page.get_by_role("link", name="ask again with a second arm").click()
    tab.button("Add arm").click()
    arms_now = json.loads(tab.find("#json").input_value())["arms"]
    assert [arm["name"] for arm in arms_now] == ["vanilla", "vanilla 2"]


def test_the_page_shows_what_makes_runs_differ(tab: Tab, service: ApiForTests) -> None:
    seeds = {"count": 4, "vary": ["initial_weights", "training_rows"], "tell_apart": True}
    made = service.submit(name="What makes it", arms=ARMS[:1], seeds=seeds)
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#verdict .sentence").first).to_contain_text("too few to tell what makes")
    for run in made["runs"]:
        moved = 0.01 * (run["seed"] - 1) * (run["arm"] == "other training rows")
        service.train(run["id"], accuracy=0.73 + 0.001 * run["seed"] + moved)
    expect(tab.find("#verdict .sentence").first).to_contain_text("differ in test accuracy, as the")
    found = service.get(f"/v1/experiments/{made['id']}/results")["seed_sources"]
    expect(tab.find("#verdict .sentence").first).to_have_text(found["sentence"])
    rows = tab.find("#verdict tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("training rows")
    expect(rows.first).to_contain_text(f"{found['sources'][0]['sd']:.4f}")
    estimates = tab.find("#verdict .forest-chart .estimate")
    x = [float(estimates.nth(index).get_attribute("cx") or "nan") for index in range(3)]
    assert x[1] < x[2] < x[0], "the largest first, and all together last"
    arms = tab.find("#arms .arm-values tbody tr")
    expect(arms).to_have_count(5)
    expect(arms.nth(2)).to_contain_text("other training rows")
    mean = found["sources"][0]["summary"]["mean"]
    expect(arms.nth(2)).to_contain_text(f"{mean:.4f}")
    expect(tab.find("#verdict")).not_to_contain_text("ask again with a second arm")


def test_the_list_tells_the_noise_floor(tab: Tab, service: ApiForTests) -> None:
    found = measured(service)
    floor = service.get("/v1/experiments")["items"][0]["noise_floor"]
    tab.open()
    row = tab.find(f"[data-experiment={found}]")
    rare = f"{floor['two_runs_differ_by']['in_1_of_20']:.4f}"
    expect(row).to_contain_text(f"two runs differ by more than {rare} in 1 of 20")
    expect(row.locator(".verdict-line")).to_have_attribute("title", floor["sentence"])


def test_a_noise_floor_that_is_not_there_yet_is_said(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(arms=ARMS[:1], seeds={"count": 2})
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#verdict .sentence")).to_contain_text("no run of it has finished")
    service.train(made["runs"][0]["id"], accuracy=0.7)
    expect(tab.find("#verdict .sentence")).to_contain_text("is too few to tell its noise")
    expect(tab.find("#verdict .noise-chart")).to_have_count(0)


def test_the_form_proposes_it_before_the_first_experiment_on_a_data_set(tab: Tab) -> None:
    tab.open(SMALL)
    tab.find("#field-seeds-count-value").fill("9")
    tab.button("Measure the noise floor first").click()
    expect(tab.find(".cost .big").first).to_have_text("12 runs")
    expect(tab.find("#field-name-value")).to_have_value(f"Noise floor of vanilla on {GENERATED}")
    expect(tab.find(".proposal")).to_have_count(0)  # one arm it is already
    spec = json.loads(tab.find("#json").input_value())
    assert ([arm["name"] for arm in spec["arms"]], spec["seeds"]) == (["vanilla"], {"count": 12})
    tab.button("Start").click()
    expect(tab.find("#verdict .sentence")).to_contain_text("no run of it has finished")
    tab.open(SMALL)
    expect(tab.button("Start")).to_be_enabled()
    tab.page.wait_for_load_state("networkidle")
    expect(tab.find(".proposal")).to_have_count(0)  # something was asked on this data set
