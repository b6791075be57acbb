"""One experiment in a browser: its verdict and all that it rests on, and that it is live."""

import json
import re

from playwright.sync_api import expect

from models.states import RunState
from models.store.metrics import rows
from models.store.run_life import runs

from support.api import ApiForTests, now
from support.browser import Tab
from support.shown_runs import STEPS, shown_experiment, train_shown
from support.stored import evaluation_row, step_row


def canvases(tab: Tab, section: str) -> int:
    """Charts of a section on which something other than the ground is drawn."""
    script = """(all) => [...document.querySelectorAll(all)].filter((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, index) => index % 4 === 3 && value > 0);
    }).length"""
    return int(tab.page.evaluate(script, f"{section} canvas"))


def test_the_verdict_comes_first_as_the_services_sentence_with_its_interval(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service)
    primary = service.get(f"/v1/experiments/{found}/results")["comparisons"][0]
    tab.open(f"/experiments/{found}")
    expect(tab.find("#verdict .sentence")).to_have_text(primary["sentence"])
    chart = tab.find("#verdict .interval-chart")
    expect(chart).to_have_attribute("aria-label", re.compile(r"modified minus vanilla: \+0\.021"))
    x = {
        name: float(chart.locator(f".{name}").first.get_attribute(place) or "nan")
        for name, place in {
            "zero": "x1", "estimate": "cx", "interval": "x1", "margin-edge": "x1",
        }.items()
    }  # fmt: skip
    assert x["margin-edge"] < x["zero"] < x["interval"] < x["estimate"]
    expect(chart.locator(".seed")).to_have_count(6)
    arms = tab.find("#arms .arm-values tbody tr")
    # two arms, two answers that need no network, both networks untrained alike, and TF-IDF
    expect(arms).to_have_count(6)
    expect(arms.nth(4)).to_contain_text("Every arm before its first step")
    expect(arms.nth(4)).to_contain_text("0.5250")
    expect(arms.nth(5)).to_contain_text("Cosine of TF-IDF vectors")
    expect(arms.nth(5)).to_contain_text("0.7100")
    expect(tab.find("#seeds .help").first).to_contain_text("Without training test accuracy is")
    # the best line is drawn; the weaker ones would leave the dots no room
    drawn = tab.find("#seeds .pairs-chart .untaught")
    expect(drawn).to_have_count(1)
    # and its name stands beside the dots, in a margin of its own
    name = tab.find("#seeds .pairs-chart .untaught-name")
    expect(name).to_have_text("Cosine of TF-IDF vectors")
    across = [float(one.get_attribute("cx") or 0) for one in tab.find("#seeds .dot").all()]
    assert max(across) + 6 < float(name.get_attribute("x") or 0)
    dots = [float(one.get_attribute("cy") or 0) for one in tab.find("#seeds .dot").all()]
    assert min(dots) < float(drawn.get_attribute("y1") or 0)


def test_the_curves_can_be_read_by_key_zoomed_and_put_on_a_log_scale(
    tab: Tab, service: ApiForTests
) -> None:
    tab.open(f"/experiments/{shown_experiment(service)}")
    holder = tab.find("#curves .holder")
    tab.find("#curves canvas").wait_for()
    tab.page.wait_for_function("document.querySelector('#curves canvas').width > 0")
    assert canvases(tab, "#curves") == 1
    holder.focus()
    tab.page.keyboard.press("ArrowRight")
    expect(tab.find("#curves .legend")).to_contain_text("step 5")
    expect(tab.find("#curves .legend output").first).to_have_text("0.5")
    tab.page.keyboard.press("+")
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("Escape")
    tab.button("Log scale").click()
    expect(tab.button("Log scale")).to_have_attribute("aria-pressed", "true")
    tab.page.get_by_label("Metric", exact=True).select_option("Validation accuracy")
    holder.hover(position={"x": 300, "y": 100})
    expect(tab.find("#curves .legend output").first).to_have_text(re.compile(r"0\.6\d+"))


def test_a_reader_keeps_their_step_when_the_curves_are_drawn_anew(
    tab: Tab, service: ApiForTests
) -> None:
    tab.open(f"/experiments/{shown_experiment(service)}")
    expect(tab.find("#curves canvas")).to_be_visible()
    tab.page.wait_for_load_state("networkidle")  # every run's figures have come
    tab.find("#curves .holder").focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("ArrowRight")
    expect(tab.find("#curves .legend")).to_contain_text("step 10")
    tab.page.evaluate("document.querySelector('#curves canvas').dataset.old = 'yes'")
    tab.page.emulate_media(color_scheme="dark")
    expect(tab.find("#curves canvas[data-old]")).to_have_count(0)
    expect(tab.find("#curves .legend")).to_contain_text("step 10")


def test_collapse_seeds_and_plateau_are_drawn(tab: Tab, service: ApiForTests) -> None:
    tab.open(f"/experiments/{shown_experiment(service)}")
    expect(tab.find("#collapse canvas")).to_have_count(4)
    expect(tab.find("#plateau summary")).to_contain_text("had left it by step")
    tab.unfold("plateau")
    tab.page.wait_for_function("document.querySelectorAll('#plateau canvas').length === 1")
    assert canvases(tab, "#collapse") == 4
    assert canvases(tab, "#plateau") == 1
    # each arm once, and once what its two lines are
    similarity = tab.find("#collapse .legend").first
    names = ["vanilla", "modified", "positives", "negatives"]
    expect(similarity.locator(".arm")).to_have_text(names)
    tab.find("#collapse .holder").first.focus()
    tab.page.keyboard.press("ArrowRight")
    expect(similarity.locator("output")).to_have_text([re.compile(r"^[\d.]+$")] * 4)
    tab.sees("vanilla: 6 of 6 runs left the plateau")
    expect(tab.find("#seeds .pairs-chart .dot")).to_have_count(12)
    expect(tab.find("#seeds .pairs-chart .pair")).to_have_count(6)
    tab.find("#seeds summary").click()
    expect(tab.find("#seeds tbody tr")).to_have_count(6)


def test_the_accuracy_follows_the_threshold_that_is_dragged(tab: Tab, service: ApiForTests) -> None:
    found = shown_experiment(service)
    run = service.runs(found)[0].id
    scores = service.get(f"/v1/runs/{run}/scores")

    def accuracy(threshold: float) -> str:
        pairs = zip(scores["label"], scores["score"], strict=True)
        right = [(score > threshold) == (label == 1) for label, score in pairs]
        return f"{sum(right) / len(right):.4f}"

    tab.open(f"/experiments/{found}")
    tab.unfold("scores")
    shown = tab.find("#scores [data-metric=accuracy]")
    expect(shown).to_have_text(accuracy(0.7))
    slider = tab.page.get_by_role("slider", name="Threshold")
    slider.focus()
    tab.page.keyboard.press("ArrowLeft")
    expect(shown).to_have_text(accuracy(0.695))
    tab.find("#scores .threshold").scroll_into_view_if_needed()
    over = tab.find("#scores .u-over").bounding_box()
    assert over is not None
    tab.page.mouse.move(over["x"] + over["width"] * 0.5, over["y"] + 40)
    tab.page.mouse.down()
    tab.page.mouse.move(over["x"] + over["width"] * 0.6, over["y"] + 40)
    tab.page.mouse.up()
    moved = float(tab.find("#scores output[for=threshold]").inner_text())
    assert moved < 0.6
    expect(shown).not_to_have_text(accuracy(0.695))
    tab.button("Back to the run's 0.700").click()
    expect(shown).to_have_text(accuracy(0.7))


def test_runs_tell_worker_attempt_reason_and_time(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(steps=STEPS, seeds={"count": 1})
    first, second = service.runs(made["id"])
    train_shown(service, first)
    attempt = service.claim(second.id, seconds_ago=60)
    with service.database.transaction() as session:
        runs.advance(session, second.id, attempt, 30, now())
    tab.open(f"/experiments/{made['id']}")
    done, going = (tab.find("#runs tbody tr").nth(index) for index in (0, 1))
    expect(done).to_contain_text("succeeded")
    expect(going).to_contain_text("30 of 60")
    expect(going).to_contain_text(re.compile(r"\d+ s left|1 min \d+ s left"))
    expect(going.locator("code")).to_have_attribute("title", "wrk_t")


def test_steps_and_states_arrive_live_and_the_verdict_with_them(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(seeds={"count": 1})
    one, other = service.runs(made["id"])
    replies = tab.hear_replies()
    tab.open(f"/experiments/{made['id']}")
    tab.sees("No step is stored yet")
    attempt = service.claim(one.id)
    for step in range(1, 11):
        with service.database.transaction() as session:
            rows.append_steps(session, one.id, [step_row(step)])
            if step == 10:
                rows.append_evaluation(session, one.id, evaluation_row(step))
            runs.advance(session, one.id, attempt, step, now())
    tab.find("#curves canvas").wait_for()
    expect(tab.find("#runs tbody tr").first).to_contain_text("10 of 20")
    runs_left = [other]
    with service.database.transaction() as session:
        runs.request_cancel(session, one.id, now())
    for run in runs_left:
        service.train(run.id, accuracy=0.8)
    expect(tab.find("#runs tbody tr").nth(1)).to_contain_text("succeeded")
    expect(tab.find("#arms .arm-values tbody tr").nth(1)).to_contain_text("0.8000")
    streams = [reply for reply in replies if "/events?from_now=true" in reply.url]
    assert len(streams) == 1


def fail(service: ApiForTests, run_id: str, reason: str) -> None:
    attempt = service.claim(run_id)
    with service.database.transaction() as session:
        runs.finish(session, run_id, attempt, RunState.FAILED, reason=reason, now=now())


def test_a_failed_run_says_why_and_other_states_are_honest(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(seeds={"count": 1})
    for run in service.runs(made["id"]):
        fail(service, run.id, "step 3: the loss is not finite")
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#runs tbody tr").first).to_contain_text("step 3: the loss is not finite")
    expect(tab.find("#verdict .sentence")).to_contain_text("Nothing can be said")
    expect(tab.find("#verdict")).not_to_contain_text("undecided")
    tab.sees("No run of this experiment has stored a step")
    expect(tab.find("#runs summary")).to_contain_text("2 failed")
    expect(tab.find("#scores")).to_contain_text("Scores are written when a run succeeds")
    expect(tab.find("#seeds")).to_contain_text("No seed has finished in both arms yet")


def test_a_failed_experiment_opens_with_each_reason_once_and_can_be_tried_again(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(seeds={"count": 2})
    done, *others = service.runs(made["id"])
    service.train(done.id, accuracy=0.8)
    reasons = ("step 12 of 20: not finite", "step 3 of 20: not finite", "no memory")
    for run, reason in zip(others, reasons, strict=True):
        fail(service, run.id, reason)
    tab.open(f"/experiments/{made['id']}")
    alerts = tab.find(".alert")
    expect(alerts).to_have_count(2)
    expect(alerts.first).to_contain_text("2 of 4 runs failed: step 3 to 12 of 20: not finite")
    expect(alerts.first.locator("a")).to_have_count(2)
    expect(alerts.last).to_contain_text("1 of 4 runs failed: no memory")
    tab.button("Try again").click()
    tab.sees("queued again")
    expect(alerts).to_have_count(0)
    assert [run.state for run in service.runs(made["id"])] == ["succeeded", *["queued"] * 3]


def test_the_spec_and_the_curl_command_ask_the_same_again(tab: Tab, service: ApiForTests) -> None:
    found = shown_experiment(service, seeds=1, name="What's in a margin?")
    spec = service.get(f"/v1/experiments/{found}")["spec"]
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.open(f"/experiments/{found}")
    tab.unfold("spec")
    panel = tab.find("#spec [role=tabpanel]:visible")
    assert json.loads(panel.locator("pre").inner_text()) == spec
    panel.get_by_role("button", name="Copy").click()
    tab.sees("Copied.")
    assert json.loads(tab.page.evaluate("navigator.clipboard.readText()")) == spec
    tab.find("#spec [role=tab]").first.focus()
    tab.page.keyboard.press("ArrowRight")
    command = tab.find("#spec [role=tabpanel]:visible pre").inner_text()
    assert command.startswith(f"curl -X POST {service.url}/v1/experiments")
    body = command.split("-d '", 1)[1].removesuffix("'").replace("'\\''", "'")
    again = service.http.post("/v1/experiments?dry_run=true", content=body)
    assert again.json()["spec"] == spec


def test_deleting_asks_first_and_leads_back_to_the_list(tab: Tab, service: ApiForTests) -> None:
    found = shown_experiment(service, seeds=1)
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.open(f"/experiments/{found}")
    tab.button("Delete").click()
    tab.sees("No experiment yet")
    assert service.http.get(f"/v1/experiments/{found}").status_code == 404
