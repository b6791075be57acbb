"""An experiment taken along from its page: its files, and the report on a phone and on paper."""

from pathlib import Path
from typing import Literal

from support.api import ApiForTests
from support.browser import Tab
from support.shown_runs import shown_experiment

WIDEST = """Math.max(...[...document.querySelectorAll("body *")]
  .filter((one) => !one.closest("svg"))
  .map((one) => [one.getBoundingClientRect(), one.scrollWidth])
  .flatMap(([place, width]) => [place.right, place.left + width]))"""
"""The right end of whatever a page has, also of what is cut and could only be scrolled to."""


def test_everything_can_be_taken_along_from_the_page(tab: Tab, service: ApiForTests) -> None:
    found = shown_experiment(service, seeds=1)
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.open(f"/experiments/{found}/export")
    place = f"/v1/experiments/{found}"
    for row, link, path in (
        ("Results", "JSON", "/results"),
        ("Table: steps", "CSV", "/export?table=steps&format=csv"),
        ("Picture: training", "PNG", "/figures/training?format=png"),
    ):
        with tab.page.expect_download() as download:
            tab.find("#export tr", has_text=row).get_by_role("link", name=link).click()
        saved = Path(download.value.path()).read_bytes()
        assert saved == service.http.get(place + path).content, row
        assert download.value.suggested_filename.startswith(found)
    tab.find("#export").get_by_role("tab", name="Python").click()
    script = tab.find("#export [role=tabpanel]:visible pre").inner_text()
    assert f'lab.results("{found}")' in script
    assert f"{service.url}/client/tripletlab.py" in script


def test_the_report_fits_a_phone_a_screen_and_a_page_of_paper(
    tab: Tab, service: ApiForTests
) -> None:
    arms = [{"name": f"an arm with a long name {one}", "loss": {"margin": one / 10, "terms": [
        {"kind": "closest_negative"}]}} for one in (1, 2, 3)]  # fmt: skip
    found = shown_experiment(service, seeds=1, arms=arms)
    tab.page.goto(f"{service.url}/v1/experiments/{found}/report")
    sizes: list[tuple[int, Literal["screen", "print"]]] = [
        (390, "screen"), (1280, "screen"), (688, "print"),  # A4 less its margins
    ]  # fmt: skip
    for width, medium in sizes:
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.emulate_media(media=medium)
        widest = tab.page.evaluate(WIDEST)
        assert widest < width + 1, (width, medium, widest)
    tab.page.emulate_media(media="screen")
    tab.page.set_viewport_size({"width": 390, "height": 900})
    heads = tab.find("td[data-head='margin']").first
    before = heads.evaluate("(one) => getComputedStyle(one, '::before').content")
    assert before.replace('" "', "") == '"margin: "'  # one string or two, as browsers have it
