"""The page for everyone: by keyboard, on a narrow screen, in the dark, and by the WCAG's rules."""

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from support.api import ARMS, GENERATED, ApiForTests
from support.asked_studies import plan_study, with_data_sets
from support.browser import Tab, tab_in
from support.shown_runs import shown_experiment
from support.uploads import upload_model

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def places(service: ApiForTests) -> list[str]:
    """Every view, each with something in it."""
    found = shown_experiment(service, seeds=2, programme="my search")
    alone = shown_experiment(service, seeds=3, arms=ARMS[:1])
    run = service.runs(found)[0].id
    new = "/new?recipe=hard-negative-mining-small"
    data = f"/datasets/{GENERATED}"
    assert upload_model(service).status_code == 201
    study = plan_study(service, with_data_sets(service, 2), seeds={"count": 1})["id"]
    shown = [f"/experiments/{found}", f"/experiments/{alone}", f"/runs/{run}", f"/studies/{study}"]
    lists = ["/experiments", "/studies", "/datasets", "/models", "/programmes"]
    return [*lists, *shown, "/programmes/my%20search", new, "/studies/new", data]


def settle(tab: Tab, place: str) -> None:
    tab.open(place)
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
    tab.page.evaluate(
        """async () => { for (let y = 0; y < document.body.scrollHeight; y += 400) {
          scrollTo(0, y); await new Promise((done) => setTimeout(done, 60)); } scrollTo(0, 0); }"""
    )
    tab.page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_breaks_a_rule_of_the_wcag(
    browser: Browser, service: ApiForTests, scheme: str
) -> None:
    found: list[Any] = []
    for place in places(service):
        # axe is put into the page by the test, which the page's own policy would forbid
        with tab_in(browser, service.url, color_scheme=scheme, bypass_csp=True) as tab:
            settle(tab, place)
            tab.page.evaluate(AXE)
            result = tab.page.evaluate("(tags) => axe.run({ runOnly: tags })", RULES)
            assert len(result["passes"]) > 10
            found += [
                (place, one["id"], [node["html"][:160] for node in one["nodes"]])
                for one in result["violations"]
            ]
    assert found == []


def test_no_view_is_wider_than_a_narrow_screen(browser: Browser, service: ApiForTests) -> None:
    for place in places(service):
        narrow = {"width": 360, "height": 740}
        with tab_in(browser, service.url, viewport=narrow, has_touch=True) as tab:
            settle(tab, place)
            wide = tab.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 360, place


def test_the_list_can_be_walked_and_an_experiment_opened_by_keyboard(
    tab: Tab, service: ApiForTests
) -> None:
    service.submit(name="By keyboard")
    tab.open()
    tab.page.keyboard.press("Tab")
    expect(tab.find(".skip")).to_be_focused()
    expect(tab.find(".skip")).to_be_in_viewport()
    tab.page.keyboard.press("Enter")
    expect(tab.find("#main")).to_be_focused()
    for _ in range(9):
        tab.page.keyboard.press("Tab")
        outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        if tab.page.evaluate("document.activeElement.className") == "name":
            break
    tab.page.keyboard.press("Enter")
    expect(tab.find("h1")).to_have_text("By keyboard")
    expect(tab.find("h1")).to_be_focused()


def test_the_theme_is_the_systems_until_another_is_chosen_and_then_kept(
    browser: Browser, service: ApiForTests
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with tab_in(browser, service.url, color_scheme="dark") as tab:
        tab.open()
        assert tab.page.evaluate(ground) == "rgb(20, 22, 27)"
        tab.button("Theme: system").click()
        assert tab.page.evaluate(ground) == "rgb(250, 249, 246)"
        tab.page.reload()
        assert tab.page.evaluate(ground) == "rgb(250, 249, 246)"
        expect(tab.button("Theme: light")).to_be_visible()
