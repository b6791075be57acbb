"""What of an experiment comes first: what is folded, and what a wide window and a phone show."""

from playwright.sync_api import Browser, expect

from support.api import ApiForTests
from support.browser import Tab, tab_in
from support.shown_runs import shown_experiment


def test_what_is_secondary_is_folded_until_its_address_or_a_link_asks_for_it(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service, seeds=2)
    tab.open(f"/experiments/{found}/export")
    expect(tab.find("#export .files")).to_be_visible()
    expect(tab.find("#export summary")).to_be_focused()
    rows = tab.find("#runs tbody tr")
    expect(rows.first).to_be_hidden()
    expect(tab.find("#runs summary")).to_contain_text("4 succeeded")
    tab.page.get_by_role("link", name="Runs", exact=True).click()
    expect(rows.first).to_be_visible()
    expect(tab.find("#runs")).to_be_in_viewport()
    expect(tab.find("#runs summary")).to_be_focused()


def test_paper_has_every_section_unfolded(tab: Tab, service: ApiForTests) -> None:
    tab.open(f"/experiments/{shown_experiment(service, seeds=2)}")
    spec = tab.find("#spec pre").first
    expect(spec).to_be_hidden()
    tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(spec).to_be_visible()
    tab.page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(spec).to_be_hidden()


def test_a_wide_window_is_used_and_its_lines_stay_readable(
    browser: Browser, service: ApiForTests
) -> None:
    found = shown_experiment(service)
    with tab_in(browser, service.url, viewport={"width": 1920, "height": 1080}) as tab:
        tab.open(f"/experiments/{found}")
        expect(tab.find("#collapse canvas")).to_have_count(4)
        tops = tab.page.evaluate(
            "[...document.querySelectorAll('#collapse h3')].map((one) => one.offsetTop)"
        )
        assert len(set(tops)) == 1  # all gauges stand in one row
        curves, seeds = (tab.find(f"#{one}").bounding_box() for one in ("curves", "seeds"))
        assert curves is not None
        assert seeds is not None
        assert curves["x"] + curves["width"] < seeds["x"]
        texts = "[...document.querySelectorAll('main p')].map((one) => one.offsetWidth)"
        assert max(tab.page.evaluate(texts)) < 750


def test_a_phone_shows_the_means_of_the_arms_beside_long_names(
    browser: Browser, service: ApiForTests
) -> None:
    found = shown_experiment(service, seeds=2)
    with tab_in(browser, service.url, viewport={"width": 390, "height": 844}) as tab:
        tab.open(f"/experiments/{found}")
        rows = tab.find("#arms .arm-values tbody tr")
        for row in (0, 2):  # an arm, and a line with a long name
            box = rows.nth(row).locator("td").nth(1).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 390
