"""The charts of an experiment in a browser: read together, switched, smoothed, taken along."""

from dataclasses import replace

from playwright.sync_api import expect

from models.states import RunState
from models.store.metrics.rows import append_steps
from models.store.run_life import runs

from support.api import ARMS, ApiForTests, now
from support.browser import Tab
from support.shown_runs import shown_experiment
from support.stored import step_row
from support.taken_charts import saved, table

MARGINS = [
    {"name": f"margin {one}", "loss": {"margin": one / 10, "terms": [{"kind": "mean_negative"}]}}
    for one in range(1, 13)
]


def loaded(tab: Tab, section: str = "#curves") -> None:
    expect(tab.find(f"{section} canvas").first).to_be_visible()
    tab.page.wait_for_load_state("networkidle")  # every run's figures have come


def test_charts_share_cursor_zoom_and_arms_and_can_be_taken_along(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service)
    tab.open(f"/experiments/{found}")
    loaded(tab)
    head, *rows = table(saved(tab, "#curves", "CSV"))
    assert head == [
        "step", "vanilla", "vanilla low", "vanilla high", "modified", "modified low",
        "modified high",
    ]  # fmt: skip
    assert [row[0] for row in rows] == [str(step) for step in range(5, 65, 5)]
    assert float(rows[0][1]) == 0.5
    assert saved(tab, "#curves", "PNG").read_bytes().startswith(b"\x89PNG")

    holder = tab.find("#curves .holder")
    holder.focus()
    for _ in range(4):
        tab.page.keyboard.press("ArrowRight")
    expect(tab.find("#collapse .legend .at")).to_have_text(["step 20"] * 4)

    off = tab.find("#curves .legend").get_by_role("button", name="vanilla")
    off.click()
    expect(off).to_have_attribute("aria-pressed", "false")
    expect(tab.find("#collapse .legend [aria-pressed=false]")).to_have_count(4)
    assert table(saved(tab, "#curves", "CSV"))[0] == [
        "step", "modified", "modified low", "modified high"
    ]  # fmt: skip
    off.click()

    tab.page.get_by_label("Smoothing").fill("0.5")
    smooth = table(saved(tab, "#curves", "CSV"))
    assert float(smooth[-1][1]) > float(rows[-1][1])  # it lags behind a loss that falls
    tab.page.get_by_label("Over", exact=True).select_option("over training time")
    timed = table(saved(tab, "#curves", "CSV"))
    assert timed[0][0] == "training time"
    assert float(timed[-1][0]) == 30.0  # seconds that each run trained

    tab.find("#curves .chart-tools button", has_text="Full size").click()
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.locator("canvas")).to_be_visible()
    box = dialog.bounding_box()
    assert box is not None
    assert box["width"] > 1100
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tab.find("#curves canvas")).to_be_visible()


def test_a_section_has_an_address_and_many_arms_are_one_table_of_verdicts(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service, seeds=1, arms=MARGINS)
    tab.open(f"/experiments/{found}/collapse")
    loaded(tab)
    expect(tab.find("#collapse-title")).to_be_in_viewport()
    tab.find(".jump").get_by_role("link", name="Runs").click()
    assert tab.page.url.endswith(f"#/experiments/{found}/runs")
    expect(tab.find("#runs summary")).to_be_focused()
    rows = tab.find("#verdict .comparisons tbody tr")
    expect(rows).to_have_count(11)
    expect(rows.first).to_contain_text("undecided")
    expect(rows.locator(".interval-chart")).to_have_count(11)
    expect(tab.find("#verdict .sentence")).to_contain_text("11 arms are undecided")
    # of so many arms the means alone are drawn, which is what can be read
    head = table(saved(tab, "#curves", "CSV"))[0]
    assert len(head) == 13


def test_differences_that_so_few_seeds_cannot_tell_among_so_many_say_so(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service, arms=[*ARMS, {**ARMS[0], "name": "third"}])
    tab.open(f"/experiments/{found}")
    tab.sees(
        "1 of these 2 differences would be told from zero alone, but among 3 comparisons no p of 6 "
        "seeds is small enough: that takes at least 7 seeds."
    )


def test_a_logarithmic_axis_may_begin_just_below_a_power_of_ten(
    tab: Tab, service: ApiForTests
) -> None:
    found = service.submit(steps=4, seeds={"count": 1})["id"]
    norms = (0.0010824, 0.04, 3.0, 260.0)  # the axis would begin at 0.92 times the least
    for run in service.runs(found):
        attempt = service.claim(run.id)
        steps = [replace(step_row(at), gradient_norm=norm) for at, norm in enumerate(norms, 1)]
        with service.database.transaction() as session:
            append_steps(session, run.id, steps)
            runs.advance(session, run.id, attempt, 4, now(), trained_seconds=1.0)
            runs.finish(session, run.id, attempt, RunState.FAILED, now=now(), reason="of the test")
    tab.open(f"/experiments/{found}/collapse")
    loaded(tab, "#collapse")
    assert tab.complaints == []
