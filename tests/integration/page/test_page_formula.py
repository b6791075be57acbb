"""A formula in a browser: written in the form, marked where it is wrong, drawn in the results."""

import json

from playwright.sync_api import expect

from support.api import ApiForTests
from support.browser import Tab

PLACE = '[data-pointer="/arms/1/loss/terms/0/row"]'
SOFT = "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"


def opened(tab: Tab) -> None:
    tab.open("/new?recipe=own-formula")
    tab.find("#field-name-value").wait_for()
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")


def test_a_formula_shows_what_it_costs_and_where_it_is_wrong(tab: Tab) -> None:
    tab.expected_statuses = {422}
    opened(tab)
    place = tab.find(PLACE)
    values = place.locator(".formula-values")
    expect(values.locator("dd")).to_have_text(["0.2500", "0.3052", "0"])
    expect(place.locator(".formula-preview")).to_contain_text("relu(margin − sap")
    expect(place.locator(".formula-preview sub").first).to_have_text("ap")

    control = place.locator("textarea")
    control.fill("relu(margin - s_ap + max(s_ap))")
    error = place.locator(".field-error")
    expect(error).to_contain_text("column 26: max goes over a row's negatives")
    expect(place.locator(".formula-preview mark")).to_have_text("sap")
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(values).to_be_empty()
    expect(tab.button("Start")).to_be_disabled()
    tab.page.get_by_role("link", name="/arms/1/loss/terms/0/row").click()
    expect(control).to_be_focused()
    selected = control.evaluate("(one) => [one.selectionStart, one.selectionEnd]")
    assert selected == [25, 26]

    control.fill("mean(s_an) * 0.1 - min(s_an) * 0.2 + 0 * s_ap")
    expect(values).to_contain_text("asks for a collapse")
    expect(place.locator("mark")).to_have_count(0)
    expect(error).to_have_count(0)
    document = json.loads(tab.find("#json").input_value())
    assert document["arms"][1]["loss"]["terms"][0]["row"] == control.input_value()


def test_a_term_becomes_a_formula_in_the_form_and_is_drawn_in_the_results(
    tab: Tab, service: ApiForTests
) -> None:
    tab.open("/new?recipe=hard-negative-mining-small")
    tab.find("#field-name-value").wait_for()
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
    tab.find("#field-arms-0-loss-terms-0-kind").select_option("formula")
    control = tab.find('[data-pointer="/arms/0/loss/terms/0/row"] textarea')
    expect(control).to_have_value(SOFT)
    tab.find("#field-seeds-count-value").fill("1")
    expect(tab.find(".cost .big").first).to_have_text("2 runs")
    tab.button("Start").click()
    expect(tab.find("h1")).to_contain_text("Does leaving out harder negatives help?")
    soft = "relu(margin − sap + logmeanexp(20 · san) / 20)"
    differ = tab.find("#arms .arms-differ tbody tr")
    expect(differ.nth(0)).to_contain_text("vanilla · baseline")
    expect(differ.nth(0).locator(".formula")).to_have_text(soft)
    expect(differ.nth(0)).to_contain_text("not harder than the positive")
    expect(differ.nth(1)).to_contain_text("mean negative")
    expect(differ.nth(1)).to_contain_text("all of them")
    tab.find("#arms .losses summary").click()
    drawn = tab.find("#arms .losses dl > div").first
    expect(drawn.locator(".formula").first).to_have_text(soft)
    expect(drawn).to_contain_text("(closest negative, negatives not harder than the positive)")
    (made,) = service.get("/v1/experiments")["items"]
    spec = service.get(f"/v1/experiments/{made['id']}")["spec"]
    assert spec["arms"][0]["loss"]["terms"][0]["row"] == SOFT
