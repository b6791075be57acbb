"""An experiment that tunes, in a browser: its settings, the choice, and the form to ask for it."""

import json
import re

from playwright.sync_api import expect

from models.store import setting_choices

from support.api import ApiForTests, now
from support.browser import Tab
from support.shown_runs import EVERY, STEPS, train_shown
from support.tuning import end_runs, rising

TUNING = {"grid": {"/optimizer/lr": [0.003, 0.01, 0.03]}, "seeds": 2}


def test_the_settings_stand_with_their_means_the_choice_and_the_expected_best(
    tab: Tab, service: ApiForTests
) -> None:
    tuning = {**TUNING, "halving": {"at": [0.5], "keep": 0.6}}
    spec = {"steps": STEPS, "evaluate_every": EVERY, "seeds": {"count": 6}, "tuning": tuning}
    made = service.submit(**spec)
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#tuning")).to_contain_text("0 of 12 tuning runs have ended")
    expect(tab.find("#verdict .waits .sentence")).to_have_text(
        "The settings of the arms are tuned first. 0 of 6 seeds are done. "
        "The verdict comes with the last of them."
    )
    expect(tab.find("#verdict")).to_contain_text("It is not known yet whether modified and vanilla")
    expect(tab.find("#runs")).to_contain_text("its runs are queued once the settings are chosen")
    for _ in ("the stop", "the end"):
        end_runs(service.database, made["id"], rising)
        with service.database.transaction() as session:
            setting_choices.make_due_choice(session, made["id"], now())
    for run in service.runs(made["id"]):
        if not run.tuning:
            train_shown(service, run)
    # it is followed, so the choice comes by itself
    expect(tab.find("#tuning")).to_contain_text("the best mean of validation ROC-AUC was chosen")
    rows = tab.find("#tuning tbody tr")
    expect(rows).to_have_count(3)
    stop = STEPS // 2
    expect(rows.nth(0)).to_contain_text(re.compile(rf"0\.7505.*left out at step {stop}"))
    expect(tab.find("#tuning")).to_contain_text(f"behind at step {stop} were left out")
    expect(rows.nth(1)).to_contain_text(re.compile(r"/optimizer/lr 0\.01.*0\.8005✓ chosen"))
    expect(rows.nth(2)).to_contain_text("✓ chosen, at the edge")
    expect(tab.find("#tuning canvas")).to_have_count(1)
    turning = tab.find("#tuning .forest-chart .effect")
    expect(turning).to_have_count(1)  # the one setting at which both went to the end
    expect(turning).to_contain_text(re.compile(r"/optimizer/lr 0\.01.*−0\.0500"))
    expect(tab.find("#runs tbody tr")).to_have_count(12)
    expect(tab.find("#verdict .doubt").last).to_contain_text("chosen at the edge")


def test_a_grid_is_written_in_the_form_and_its_cost_is_told(tab: Tab) -> None:
    tab.open("/new?recipe=hard-negative-mining-small")
    tab.page.get_by_text("Tuning and programme").click()
    tab.find("#field-tuning-set").check()
    tab.find("#field-tuning-grid-set").check()
    grid = {"/optimizer/lr": [0.003, 0.01, 0.03]}
    tab.find("#field-tuning-grid-value").fill(json.dumps(grid))
    expect(tab.find(".cost .big").first).to_have_text("34 runs")
    expect(tab.find(".cost")).to_contain_text(
        "18 runs try 3 settings of every arm under 3 tuning seeds"
    )
    assert json.loads(tab.find("#json").input_value())["tuning"]["grid"] == grid
