"""Asking through the form: made from the schema, in step with the JSON, errors at their fields."""

import json
from typing import Any

from playwright.sync_api import Route, expect

from models.specs.experiment import FACTORIAL, ExperimentSpec

from support.api import ApiForTests
from support.browser import Tab
from support.uploads import own_pairs, upload

SMALL = "/new?recipe=hard-negative-mining-small"


def document(tab: Tab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tab.find("#json").input_value())
    return found


def unfold(tab: Tab) -> None:
    tab.find("#field-name-value").wait_for()
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")


def test_the_cost_is_told_before_anything_starts(tab: Tab, service: ApiForTests) -> None:
    tab.open(SMALL)
    expect(tab.find(".cost .big").first).to_have_text("16 runs")
    expect(tab.find(".cost .big").nth(1)).to_contain_text("about ")
    tab.find("#field-seeds-count-value").fill("9")
    expect(tab.find(".cost .big").first).to_have_text("18 runs")
    expect(tab.find(".cost")).to_contain_text("Better can be said from 6 seeds on.")
    tab.find("#field-seeds-count-value").fill("5")
    expect(tab.find(".cost .alert")).to_contain_text("With 5 seeds no arm can be called better")
    assert service.get("/v1/experiments")["items"] == []


def test_a_changed_recipe_is_started_once_and_shown(tab: Tab, service: ApiForTests) -> None:
    tab.open(SMALL)
    tab.find("#field-name-value").fill("Asked by form")
    tab.find("#field-seeds-count-value").fill("1")
    expect(tab.find(".cost .big").first).to_have_text("2 runs")
    tab.button("Start").dblclick()
    expect(tab.find("h1")).to_have_text("Asked by form")
    (made,) = service.get("/v1/experiments")["items"]
    assert made["name"] == "Asked by form"
    assert made["id"] in tab.page.url


def test_every_field_of_the_spec_has_a_place_in_the_form(tab: Tab) -> None:
    tab.open(SMALL)
    tab.find("#field-name-value").wait_for()
    pointers = tab.page.evaluate(
        "[...document.querySelectorAll('[data-pointer]')].map((one) => one.dataset.pointer)"
    )
    there = ExperimentSpec.model_fields.keys() - FACTORIAL  # which take the place of the arms
    assert {f"/{name}" for name in there} <= set(pointers)
    assert "/arms/1/loss/terms/1/among" in pointers
    assert "/encoder/embedding_dim" in pointers


def test_errors_stand_at_the_fields_that_the_service_names(tab: Tab) -> None:
    tab.expected_statuses = {422}
    tab.open(SMALL)
    unfold(tab)
    tab.find("#field-decision-confidence-value").fill("2")
    tab.find("#field-batch_size-value").fill("1")
    tab.sees("2 fields are wrong")
    batch = tab.find('[data-pointer="/batch_size"]')
    expect(batch.locator(".field-error")).to_contain_text("greater than or equal to 2")
    control = batch.locator("input")
    expect(control).to_have_attribute("aria-invalid", "true")
    described = control.get_attribute("aria-describedby")
    expect(tab.find(f"#{described}")).to_contain_text("greater than or equal to 2")
    expect(tab.button("Start")).to_be_disabled()
    tab.page.get_by_role("link", name="/decision/confidence").click()
    expect(tab.find("#field-decision-confidence-value")).to_be_focused()
    tab.find("#field-decision-confidence-value").fill("0.9")
    tab.find("#field-batch_size-value").fill("64")
    expect(tab.button("Start")).to_be_enabled()
    expect(tab.find(".field-error:not(:empty)")).to_have_count(0)


def test_what_is_as_by_default_is_folded_and_told_until_it_is_wrong(tab: Tab) -> None:
    tab.expected_statuses = {422}
    tab.open(SMALL)
    training = tab.find('details[data-fold="Training"]')
    expect(training.locator("> summary")).to_have_text(
        "Training Bag of words (embedding width 64), Adam (learning rate 0.03), batch size 128, "
        "steps 300"
    )
    seeds = tab.find('details[data-fold="/seeds"] > summary')
    expect(seeds).to_contain_text("What differs between seeds: initial weights and batch order")
    for first in ("dataset", "seeds-count", "decision-metric", "decision-equivalence_margin"):
        expect(tab.find(f"#field-{first}-value")).to_be_visible()
    weight = tab.find("#field-arms-0-loss-terms-0-weight-value")
    expect(weight).to_be_hidden()
    tab.find('details[data-fold="/arms/0/loss/terms/0"] > summary').click()
    weight.fill("2")
    expect(tab.find('details[data-fold="/arms/0/loss/terms/0"] > summary')).to_contain_text(
        "Weight 2"
    )
    rate = tab.find("#field-optimizer-lr-value")
    expect(rate).to_be_hidden()
    tab.page.get_by_text("The whole spec as JSON").click()
    wrong = {**document(tab)["optimizer"], "lr": -1}
    tab.find("#json").fill(json.dumps({**document(tab), "optimizer": wrong}))
    expect(rate).to_be_visible()
    expect(rate).to_have_attribute("aria-invalid", "true")
    tab.page.get_by_role("link", name="/optimizer/lr").click()
    expect(rate).to_be_focused()
    expect(tab.find("#field-vocabulary-min_count-value")).to_be_hidden()


def test_the_json_and_the_fields_follow_each_other(tab: Tab) -> None:
    tab.open(SMALL)
    unfold(tab)
    tab.find("#field-steps-value").fill("77")
    assert document(tab)["steps"] == 77
    changed = {**document(tab), "steps": 88, "name": "From JSON"}
    tab.find("#json").fill(json.dumps(changed))
    expect(tab.find("#field-steps-value")).to_have_value("88")
    expect(tab.find("#field-name-value")).to_have_value("From JSON")
    tab.find("#json").fill("{")
    expect(tab.find("#json-error")).to_contain_text("Not JSON yet")
    expect(tab.button("Start")).to_be_disabled()


def test_a_late_reply_on_another_text_lets_nothing_start(tab: Tab) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tab.page.route("**/v1/experiments?dry_run=true", hold)
    tab.open(SMALL)
    unfold(tab)
    while not held:  # the page asks what it would cost after a pause
        tab.page.evaluate("() => fetch('/healthz')")
    tab.find("#json").fill("{")
    expect(tab.find("#json-error")).to_contain_text("Not JSON yet")
    with tab.page.expect_response("**/v1/experiments?dry_run=true") as reply:
        held[0].continue_()
    reply.value.finished()
    tab.page.evaluate("() => fetch('/healthz')")  # what the reply does has been done by then
    assert tab.button("Start").is_disabled()
    expect(tab.find(".cost .big")).to_have_count(0)


def test_kinds_arms_and_terms_can_be_changed_added_and_removed(tab: Tab) -> None:
    tab.open(SMALL)
    tab.button("Add arm").click()
    assert [arm["name"] for arm in document(tab)["arms"]] == ["vanilla", "modified", "modified 2"]
    expect(tab.find("#field-decision-baseline-value option")).to_have_count(3)
    third = tab.find('[data-pointer="/arms/2"]')
    third.locator("#field-arms-2-loss-terms-1-kind").select_option("multiple_negatives")
    assert document(tab)["arms"][2]["loss"]["terms"][1]["kind"] == "multiple_negatives"
    expect(tab.find("#field-arms-2-loss-terms-1-scale-value")).to_have_value("20")
    third.get_by_role("button", name="Remove Term 1").click()
    assert len(document(tab)["arms"][2]["loss"]["terms"]) == 1
    expect(tab.find(".cost .big").first).to_have_text("24 runs")
    tab.find("#field-seeds-kind").select_option("until_decided")
    expect(tab.find(".cost")).to_contain_text("The verdict is looked at with")
    expect(tab.find(".cost")).to_contain_text("where more seeds would most likely decide nothing")
    tab.button("Remove modified 2").click()
    assert len(document(tab)["arms"]) == 2


def test_a_small_data_set_of_ones_own_is_asked_without_a_field_changed(
    tab: Tab, service: ApiForTests
) -> None:
    assert upload(service, own_pairs(1000), name="mine").status_code == 201
    tab.open("/new?dataset=mine")
    expect(tab.find(".cost .big").first).to_have_text("16 runs")
    expect(tab.find(".cost")).to_contain_text("The first 800 rows train and the next 200 test")
    expect(tab.find(".cost")).to_contain_text("A batch has 64 pairs")
    assert document(tab)["batch_size"] == 64
    tab.find("#field-dataset-value").select_option("questions-generated")
    expect(tab.find("#field-batch_size-value")).to_have_value("128")
    assert document(tab)["split"]["train_rows"] == 20_000
    tab.find("#field-dataset-value").select_option("mine")
    expect(tab.find("#field-batch_size-value")).to_have_value("64")
    expect(tab.find(".cost")).to_contain_text("A batch has 64 pairs")
    tab.page.get_by_label("Recipe").select_option("noise-floor")
    expect(tab.find(".cost .big").first).to_have_text("12 runs")
    assert (document(tab)["dataset"], document(tab)["batch_size"]) == ("mine", 64)
    unfold(tab)
    tab.find("#field-split-kind").select_option("connected_groups")
    assert "test_rows" not in document(tab)["split"]
    expect(tab.button("Start")).to_be_enabled()
    tab.button("Start").click()
    expect(tab.find("h1")).to_contain_text("How far apart")
    (made,) = service.get("/v1/experiments")["items"]
    assert made["dataset"] == "mine"


def test_an_experiment_can_be_asked_again_with_a_change(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(name="The first", steps=33)
    tab.open(f"/experiments/{made['id']}")
    tab.page.get_by_role("link", name="Duplicate and edit").click()
    expect(tab.find("#field-name-value")).to_have_value("The first")
    assert document(tab) == made["spec"]


def test_what_a_seed_varies_is_chosen_by_boxes_and_told_with_the_cost(tab: Tab) -> None:
    tab.open(SMALL)
    unfold(tab)
    boxes = tab.find('[data-pointer="/seeds/vary"] input')
    expect(boxes).to_have_count(3)
    assert [boxes.nth(index).is_checked() for index in range(3)] == [True, True, False]
    expect(tab.find(".cost")).to_contain_text("Each seed has its own initial weights and")
    tab.page.get_by_label("Training rows").press("Space")
    tab.page.get_by_role("checkbox", name="Initial weights").press("Space")
    assert document(tab)["seeds"]["vary"] == ["batch_order", "training_rows"]
    expect(tab.find(".cost")).to_contain_text("The initial weights of seed 0 are those of all runs")
    tab.expected_statuses = {422}
    for label in ("Training rows", "Batch order"):
        tab.page.get_by_label(label).press("Space")
    error = tab.find('[data-pointer="/seeds/vary"] .field-error')
    expect(error).to_contain_text("every run would be the same")
