"""The form in words: what fields are called, what their choices mean, and in what arms differ."""

import json
from typing import Any

from playwright.sync_api import expect

from support.browser import Tab
from support.factors import MASK

SMALL = "/new?recipe=hard-negative-mining-small"
AMONG = '[data-pointer="/arms/{}/loss/terms/1/among"]'


def rate(lr: float) -> dict[str, Any]:
    return {"name": f"{lr}", "optimizer": {"lr": lr}}


def opened(tab: Tab) -> Tab:
    tab.open(SMALL)
    tab.find("#field-name-value").wait_for()
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
    return tab


def changed(tab: Tab, **changes: Any) -> None:
    editor = tab.find("#json")
    editor.fill(json.dumps({**json.loads(editor.input_value()), **changes}))


def test_no_label_is_a_name_from_the_spec(tab: Tab) -> None:
    labels = opened(tab).find("form label, form legend").all_inner_texts()
    assert {"Learning rate", "Epsilon", "Shrinking of weights", "Rows of a batch are"} <= set(
        labels
    )
    assert not [label for label in labels if "_" in label or label in ("Lr", "Eps", "Init")]


def test_each_choice_is_explained_beside_its_field(tab: Tab) -> None:
    opened(tab)
    padding = tab.find('[data-pointer="/encoder/padding"]')
    expect(padding.locator("option")).to_have_text(
        ["Masked", "Averaged over padding (power of two)"]
    )
    expect(padding.locator(".meaning")).to_contain_text("Padding is ignored")
    padding.locator("select").select_option("power_of_two")
    expect(padding.locator(".meaning")).to_contain_text("As in the course, both sides are padded")
    metric = tab.find('[data-pointer="/decision/metric"]')
    metric.locator("select").select_option("test.mrr_at_10")
    expect(metric.locator(".meaning")).to_contain_text("rank")
    terms = tab.find('[data-pointer="/arms/0/loss/terms/0"]')
    expect(terms.locator(".meaning").first).to_contain_text("mean of the negatives that count")


def test_the_rest_of_a_description_unfolds_beside_the_field(tab: Tab) -> None:
    opened(tab)
    about = tab.find('[data-pointer="/encoder/dropout"] details.help')
    about.evaluate("(one) => { one.open = false; }")
    expect(about.locator("p")).to_be_hidden()
    about.locator("summary").click()
    expect(about.locator("p")).to_contain_text("Evaluations leave nothing out.")


def test_the_one_difference_between_the_arms_is_marked_in_words(tab: Tab) -> None:
    opened(tab)
    expect(tab.find("p.help.differs-note")).to_have_text(
        "The arms differ in one field: negatives of term 2 (closest negative)."
    )
    note = tab.find(f"{AMONG.format(1)} .differs-note")
    expect(note).to_have_text(
        "Differs from vanilla: all of them instead of not harder than the positive."
    )
    expect(tab.find(".differs")).to_have_count(1)
    tab.find(f"{AMONG.format(1)} select").select_option("semi_hard")
    expect(note).to_have_text(
        "Differs from vanilla: semi-hard instead of not harder than the positive."
    )


def test_a_difference_of_a_field_that_is_folded_away_stands_at_the_arm(tab: Tab) -> None:
    opened(tab)
    arms = json.loads(tab.find("#json").input_value())["arms"]
    changed(tab, arms=[{**arms[0], "batch_size": 64}, arms[1]])
    expect(tab.find("p.help.differs-note")).to_contain_text("The arms differ in 2 fields: ")
    tab.find('[data-fold="/arms/1"]').evaluate("(one) => { one.open = false; }")
    changed(tab, arms=[{**arms[0], "batch_size": 32}, arms[1]])
    own = tab.find('[data-pointer="/arms/1"] > .differs-note')
    expect(own).to_contain_text("Batch size differs from vanilla: 128 instead of 32.")


def test_each_level_of_a_factor_says_how_it_differs_from_the_first(tab: Tab) -> None:
    opened(tab)
    document = json.loads(tab.find("#json").input_value())
    del document["arms"], document["decision"]
    rates = {"name": "rate", "levels": [rate(0.01), rate(0.03), rate(0.1)]}
    tab.find("#json").fill(json.dumps({**document, "factors": [MASK, rates]}))
    expect(tab.find("p.help.differs-note")).to_contain_text("The cells differ in 2 fields: ")
    notes = tab.find('[data-pointer="/factors/1"] .differs-note')
    expect(notes).to_have_text(
        [f"Differs from 0.01: {lr} instead of 0.01." for lr in ("0.03", "0.1")]
    )
    kept = tab.find('[data-pointer="/factors/0/levels/1"] .differs-note')
    expect(kept).to_contain_text("iffers from left out: ")


def test_arms_of_a_spec_that_is_refused_are_not_marked(tab: Tab) -> None:
    tab.expected_statuses = {422}
    opened(tab)
    expect(tab.find(".differs")).to_have_count(1)
    tab.find("#field-batch_size-value").fill("1")
    expect(tab.find(".field-error")).to_have_count(1)
    expect(tab.find(".differs, .differs-note")).to_have_count(0)
