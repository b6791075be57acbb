"""One run in a browser: its records, its mistakes in words, and questions of one's own."""

import re
import threading
import time

from playwright.sync_api import expect
from sqlalchemy import select, update

from models.store.run_life import runs
from models.store.tables import Prediction

from support.api import ApiForTests, now
from support.browser import Tab
from support.shown_runs import STEPS, shown_experiment
from support.stored import LOG, POLICY, fault_document, store_told


def run_of(service: ApiForTests) -> str:
    return service.runs(shown_experiment(service, seeds=1))[0].id


def answer_one(service: ApiForTests, similarity: float) -> threading.Thread:
    """Answer the next prediction as a worker's process does."""

    def work() -> None:
        for _ in range(600):
            with service.database.transaction() as session:
                asked = session.scalar(
                    select(Prediction.id).where(Prediction.answered_at.is_(None))
                )
                if asked is not None:
                    answered = {
                        "similarities": [similarity],
                        "unknown_words": [["rice", "cooked"]],
                        "threshold": 0.7,
                        "answered_at": now(),
                    }
                    session.execute(
                        update(Prediction).where(Prediction.id == asked).values(**answered)
                    )
                    return
            time.sleep(0.2)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_run_shows_what_is_written_down_of_it(tab: Tab, service: ApiForTests) -> None:
    run = run_of(service)
    tab.open(f"/runs/{run}")
    expect(tab.find("h1")).to_have_text("vanilla, seed 0")
    expect(tab.find("main .facts").first).to_contain_text(f"{STEPS} of {STEPS}")
    tab.find("#steps canvas").wait_for()
    tab.page.get_by_label("Metric", exact=True).select_option("Gradient norm")
    expect(tab.find("#steps .legend")).to_contain_text("Gradient norm")
    tab.find("#evaluations").scroll_into_view_if_needed()
    expect(tab.find("#evaluations tbody tr")).to_have_count(13)
    expect(tab.find("#events summary")).to_contain_text("3 events")
    expect(tab.find("#provenance .facts")).not_to_be_visible()
    for folded in ("events", "checkpoints", "provenance"):
        tab.unfold(folded)
    expect(tab.find("#provenance .facts")).to_be_visible()
    states = tab.find("#events .chip")
    expect(states).to_have_count(3)
    assert states.all_inner_texts() == ["queued", "running", "succeeded"]
    expect(tab.find("#provenance")).to_contain_text("2.13.0")
    expect(tab.find("#scores canvas")).to_have_count(1)


def test_a_run_tells_what_happened_and_what_it_used(tab: Tab, service: ApiForTests) -> None:
    run = run_of(service)
    tab.open(f"/runs/{run}")
    lines = tab.find("#log li")
    expect(lines).to_have_count(len(LOG) + 1)
    expect(lines.first).to_have_text(f"00:00:01{LOG[0][1]}")
    expect(tab.find("#log .warning")).to_have_text(f"00:00:03Warning {LOG[2][1]}")
    expect(lines.last).to_contain_text("succeeded")
    tab.find("#usage").scroll_into_view_if_needed()
    expect(tab.find("#usage .legend .arm")).to_have_text(["Processors in use", "Memory, in MB"])
    expect(tab.find("#usage canvas")).to_have_count(2)
    holder = tab.find("#usage .holder").nth(1)
    holder.hover()
    expect(tab.find("#usage .legend output").nth(1)).to_have_text(re.compile(r"\d+ MB"))


def test_the_log_of_a_run_goes_on_while_it_is_read(tab: Tab, service: ApiForTests) -> None:
    run = service.submit()["runs"][0]["id"]
    tab.expected_statuses = {404}
    tab.open(f"/runs/{run}")
    expect(tab.find("#log")).to_contain_text("the run has not begun")
    attempt = service.claim(run)
    with service.database.transaction() as session:
        store_told(session, run, attempt)
    expect(tab.find("#log li")).to_have_count(len(LOG))
    expect(tab.find("#usage canvas")).to_have_count(2)
    with service.database.transaction() as session:
        document = fault_document(attempt)
        runs.fault(session, run, attempt, problem=document, policy=POLICY, now=now())
    expect(tab.find("#log .warning").last).to_contain_text("No space left on device. Free room.")


def test_a_run_that_ended_early_promises_nothing_more(tab: Tab, service: ApiForTests) -> None:
    made = service.submit()
    service.http.post(f"/v1/experiments/{made['id']}/cancel").raise_for_status()
    tab.open(f"/runs/{made['runs'][0]['id']}")
    expect(tab.find("#provenance")).to_contain_text("Not recorded: only a run that has succeeded")
    for section, words in (
        ("evaluations", "The run ended before its first evaluation"),
        ("checkpoints", "None is left of this run"),
    ):
        tab.find(f"#{section}").scroll_into_view_if_needed()
        expect(tab.find(f"#{section}")).to_contain_text(words)
    expect(tab.find("main")).not_to_contain_text(re.compile(r"\byet\b"))


def test_the_hardest_mistakes_are_read_in_words(tab: Tab, service: ApiForTests) -> None:
    run = run_of(service)
    found = service.get(f"/v1/runs/{run}/mistakes", limit=1)
    tab.open(f"/runs/{run}")
    first = tab.find("#mistakes li").first
    expect(first).to_contain_text(found["items"][0]["question1"])
    expect(first).to_contain_text(f"similarity {found['items'][0]['similarity']:.3f}")
    expect(tab.find("#mistakes")).to_contain_text(f"{found['wrong']} of 400 test pairs")
    expect(tab.find("#mistakes")).to_contain_text("2% of the labels of questions-generated")
    expect(tab.find("#mistakes li")).to_have_count(10)
    tab.find("#mistakes").get_by_role("button", name="Show more").click()
    expect(tab.find("#mistakes li")).to_have_count(20)
    tab.page.get_by_label("Kind of mistake").select_option("called_duplicate")
    expect(tab.find("#mistakes li").first).to_contain_text("different, called duplicates")


def test_ones_own_questions_are_answered_by_a_worker(tab: Tab, service: ApiForTests) -> None:
    run = run_of(service)
    (pair,) = service.get("/v1/datasets/questions-generated/pairs", limit=1)["items"]
    tab.open(f"/runs/{run}")
    # an example whose words the network knows
    expect(tab.page.get_by_label("One question")).to_have_value(pair["question1"])
    expect(tab.page.get_by_label("Another")).to_have_value(pair["question2"])
    tab.page.get_by_label("One question").fill("Where is <b>Rome</b>?")
    answering = answer_one(service, 0.91)
    tab.button("Are they duplicates?").click()
    expect(tab.find(".answer")).to_have_text(
        re.compile(r"Duplicates: similarity 0\.910, above the threshold 0\.700")
    )
    expect(tab.find(".answer")).to_contain_text("not in the training data: rice, cooked")
    expect(tab.find(".answer")).not_to_contain_text("says nothing")
    answering.join()
    with service.database.reading() as session:
        (asked,) = session.scalars(select(Prediction))
        assert asked.pairs[0][0] == "Where is <b>Rome</b>?"
    for label, question in (("One question", "rice?"), ("Another", "rice cooked")):
        tab.page.get_by_label(label).fill(question)
    answering = answer_one(service, 0.91)
    tab.button("Are they duplicates?").click()
    tab.sees("No word was seen, so the similarity says nothing")
    answering.join()


def test_a_waiting_run_says_what_it_waits_for_and_can_be_cancelled(
    tab: Tab, service: ApiForTests
) -> None:
    run = service.runs(service.submit()["id"])[0].id
    tab.expected_statuses = {404}  # of checkpoints, until the service lists them
    tab.open(f"/runs/{run}")
    tab.sees("Waits for a worker")
    expect(tab.find("#steps")).to_contain_text("No step is stored yet.")
    tab.button("Cancel").click()
    expect(tab.find(".page-head .chip")).to_have_text("cancelled")
