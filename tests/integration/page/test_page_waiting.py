"""An experiment before its verdict: that it is waited for, for how long, and without an alarm."""

import re

from playwright.sync_api import expect

from models.result_words import level_words
from models.states import RunState
from models.store.run_life import runs

from support.api import ApiForTests, now
from support.browser import Tab


def fail(service: ApiForTests, run_id: str, attempt: int | None = None) -> None:
    attempt = service.claim(run_id) if attempt is None else attempt
    with service.database.transaction() as session:
        runs.finish(session, run_id, attempt, RunState.FAILED, reason="a test", now=now())


def test_a_verdict_that_is_still_to_come_reads_as_waiting(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(seeds={"count": 6})
    verdict = tab.find("#verdict")
    tab.open(f"/experiments/{made['id']}")
    expect(verdict.locator(".kind")).to_have_text("…Waiting for the first seed")
    expect(verdict.locator(".sentence")).to_contain_text(
        "0 of 6 seeds are done. The verdict comes with the last of them."
    )
    expect(verdict).to_contain_text("It is not known yet whether modified and vanilla differ")
    expect(verdict.locator(".facts")).to_have_count(0)
    for run in service.runs(made["id"]):
        if run.seed < 2:
            service.train(run.id, accuracy=0.7 + 0.01 * (run.arm == "modified"), seconds=60)
    expect(verdict.locator(".kind")).to_have_text("…Waiting for more seeds")
    (running, *_) = [run for run in service.runs(made["id"]) if run.seed == 2]
    attempt = service.claim(running.id)
    expect(verdict.locator(".sentence")).to_have_text(
        re.compile(r"^2 of 6 seeds are done\. The verdict comes with the last of them, in about ")
    )
    expect(verdict.locator(".interval-chart .seed")).to_have_count(2)
    for run in service.runs(made["id"]):
        if run.state == "queued":
            service.train(run.id, accuracy=0.7 + 0.01 * (run.arm == "modified"))
    fail(service, running.id, attempt)
    expect(verdict.locator(".kind")).not_to_contain_text("Waiting")


def test_the_first_look_is_waited_for_where_seeds_are_added_until_decided(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(seeds={"until_decided": {"min": 6, "max": 20}})
    looks = len(service.get(f"/v1/experiments/{made['id']}")["plan"])
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#verdict .sentence")).to_have_text(
        "0 of 6 seeds are done. The first verdict can come with the last of them, "
        f"at the first of {looks} looks."
    )
    for run in service.runs(made["id"]):
        if run.seed < 2:
            service.train(run.id, accuracy=0.7 + 0.01 * run.seed * (run.arm == "modified"))
    (one, *_) = service.get(f"/v1/experiments/{made['id']}/results")["comparisons"]
    level = level_words(one["interval"]["confidence"])  # which is no whole percent at a look
    assert "." in level
    expect(tab.find("#verdict .pictured")).to_contain_text(f"the bar its {level} interval")


def test_too_few_seeds_for_a_verdict_are_not_waited_for_as_if_one_came(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(seeds={"count": 1})
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#verdict .sentence")).to_contain_text("0 of 1 seed is done.")
    expect(tab.find("#verdict .sentence")).to_contain_text("a verdict would take 6 seeds")


def test_no_verdict_is_promised_where_too_few_seeds_can_still_be_done(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(seeds={"count": 7})
    tab.open(f"/experiments/{made['id']}")
    failing = [run for run in service.runs(made["id"]) if run.seed in (2, 5)]
    sentence = tab.find("#verdict .sentence")
    for run in failing[:2]:  # both arms of one seed
        fail(service, run.id)
    expect(tab.find("#runs")).to_contain_text("2 failed")
    expect(sentence).to_contain_text("0 of 7 seeds are done. The verdict comes with the last")
    fail(service, failing[2].id)
    expect(sentence).to_have_text(
        "0 of 7 seeds are done. Runs of 2 seeds ended without a result, so no verdict comes before "
        "they are tried again: it takes 6 seeds."
    )


def test_a_level_is_told_in_full_without_what_a_product_adds(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(decision={"metric": "test.accuracy", "confidence": 0.58})
    for run in service.runs(made["id"])[:4]:
        service.train(run.id, accuracy=0.7 + 0.01 * run.seed * (run.arm == "modified"))
    tab.open(f"/experiments/{made['id']}")
    fact = tab.find("#verdict .facts div").filter(has_text="Interval")
    expect(fact).to_have_attribute("title", "At 58 %")  # which is 57.99999999999999 of hundred
