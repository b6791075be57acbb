"""The list of experiments in a browser: what it tells, filtering, searching, cancelling, states."""

import re

import pytest
from playwright.sync_api import Browser, Dialog, expect

from models.states import RunState
from models.store.run_life import runs

from support.api import ApiForTests, now
from support.browser import Tab, tab_in
from support.shown_runs import shown_experiment

FIRST_VIEW = 300_000  # bytes
EVIL = "<img src=x onerror=\"document.title='taken'\">"


def rows(tab: Tab) -> list[str]:
    return tab.find(".experiments > li .name").all_inner_texts()


def test_an_empty_service_says_so_and_how_to_begin(tab: Tab) -> None:
    tab.open()
    tab.sees("No experiment yet")
    tab.find("main a", has_text="Ask the forum's question").click()
    tab.sees("New experiment")
    expect(tab.find("select[aria-label=Recipe]")).to_have_value("hard-negative-mining-small")


def test_the_list_tells_state_progress_arms_and_verdict(tab: Tab, service: ApiForTests) -> None:
    shown_experiment(service, name="All done")
    waiting = service.submit(name="Still waiting")
    tab.open()
    done = tab.find(".experiments > li", has_text="All done")
    expect(done).to_contain_text("modified does better than vanilla")
    expect(done).to_contain_text("by 0.0210")
    expect(done.locator(".chip")).to_have_text("succeeded")
    assert done.locator(".arm").all_inner_texts() == ["vanilla", "modified"]
    other = tab.find(f"[data-experiment={waiting['id']}]")
    expect(other.locator(".chip")).to_have_text("queued")
    expect(other.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "0")
    assert rows(tab) == ["Still waiting", "All done"]


def test_a_verdict_that_says_little_has_an_amber_mark_in_list_and_page(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(name="Nothing learned", seeds={"count": 6})
    for run in service.runs(made["id"]):
        service.train(run.id, accuracy=0.31 + 0.0001 * run.seed)
    tab.open()
    row = tab.find(f"[data-experiment={made['id']}]")
    expect(row.locator(".doubt")).to_contain_text("nothing was learned")
    expect(row.locator(".doubt")).to_have_attribute("title", re.compile("takes no learning"))
    tab.open(f"/experiments/{made['id']}")
    expect(tab.find("#verdict .doubt")).to_contain_text("nothing was learned")
    expect(tab.find("#verdict .sentence")).to_contain_text("not learned enough to be compared")
    # what needs a spread, or an open question, is not shown
    expect(tab.find("#verdict")).not_to_contain_text("Seeds to find the margin")


def test_a_failed_experiment_tells_its_reason_in_the_list_and_no_verdict(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(seeds={"count": 1})
    for run, reason in zip(service.runs(made["id"]), ("no memory", "no disk"), strict=True):
        attempt, failed = service.claim(run.id), RunState.FAILED
        with service.database.transaction() as session:
            runs.finish(session, run.id, attempt, failed, reason=reason, now=now())
    tab.open()
    row = tab.find(f"[data-experiment={made['id']}]")
    expect(row.locator(".reason")).to_have_text("no memory")
    expect(row).to_contain_text("no verdict")
    expect(row).not_to_contain_text("undecided")


def test_the_list_follows_what_happens_without_a_reload(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(seeds={"count": 1})
    tab.open()
    run = service.runs(made["id"])[0]
    attempt = service.claim(run.id)
    with service.database.transaction() as session:
        runs.advance(session, run.id, attempt, 10, now())
    bar = tab.find(f"[data-experiment={made['id']}]").get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "25")


def test_the_state_filters_the_name_searches_and_the_address_keeps_both(
    tab: Tab, service: ApiForTests
) -> None:
    for name in ("Margin of 0.1", "Margin of 0.2", "Other"):
        service.submit(name=name)
    service.http.post(f"/v1/experiments/{service.submit(name='Margin of 9')['id']}/cancel")
    tab.open()
    tab.page.get_by_label("Search by name").fill("margin")
    expect(tab.find(".experiments > li")).to_have_count(3)
    tab.page.get_by_label("State").select_option("queued")
    expect(tab.find(".experiments > li")).to_have_count(2)
    assert tab.page.url.endswith("#/experiments?state=queued&name=margin")
    tab.page.reload()
    expect(tab.find(".experiments > li")).to_have_count(2)
    assert rows(tab) == ["Margin of 0.2", "Margin of 0.1"]
    tab.page.get_by_label("Search by name").fill("no such")
    tab.sees("Nothing matches")


@pytest.mark.parametrize("agreed", [True, False])
def test_an_experiment_is_cancelled_from_the_list_once_that_is_confirmed(
    tab: Tab, service: ApiForTests, agreed: bool
) -> None:
    made = service.submit(name="Too long")

    def answer(dialog: Dialog) -> None:
        assert "Too long" in dialog.message
        dialog.accept() if agreed else dialog.dismiss()

    tab.page.on("dialog", answer)
    tab.open()
    tab.button("Cancel Too long").click()
    if agreed:
        expect(tab.find(".experiments .chip")).to_have_text("cancelled")
    state = service.get(f"/v1/experiments/{made['id']}")["state"]
    assert state == (RunState.CANCELLED if agreed else RunState.QUEUED)


def test_more_than_one_piece_of_the_list_can_be_shown(tab: Tab, service: ApiForTests) -> None:
    for number in range(52):
        service.submit(name=f"Number {number}", seeds={"count": 1})
    tab.open()
    expect(tab.find(".experiments > li")).to_have_count(50)
    tab.button("Show more").click()
    expect(tab.find(".experiments > li")).to_have_count(52)
    assert len(set(rows(tab))) == 52


def test_a_name_that_looks_like_markup_is_shown_as_text(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(name=EVIL)
    tab.open().sees(EVIL)
    assert rows(tab) == [EVIL]
    tab.find(".experiments .name").click()
    expect(tab.find("h1")).to_have_text(EVIL)
    assert tab.find("main img").count() == 0
    tab.open(f"/new?like={made['id']}")
    expect(tab.find("#field-name-value")).to_have_value(EVIL)
    assert "taken" not in tab.page.title()


def test_the_first_view_is_small_and_all_of_it_comes_from_the_service(
    tab: Tab, service: ApiForTests
) -> None:
    service.submit()
    replies = tab.hear_replies()
    tab.open()
    tab.page.wait_for_load_state("networkidle")
    assert all(reply.url.startswith(service.url) for reply in replies)
    sizes = {reply.url: len(reply.body()) for reply in replies}
    assert len(sizes) > 10
    assert sum(sizes.values()) < FIRST_VIEW, sizes


def test_a_service_that_is_away_is_said_and_found_again(
    browser: Browser, service: ApiForTests
) -> None:
    service.submit(name="Here")
    with tab_in(browser, service.url) as tab:
        tab.away_expected = True
        tab.open()
        tab.sees("Here")
        tab.page.context.set_offline(True)
        tab.page.get_by_label("State").select_option("queued")
        expect(tab.find("#banner")).to_contain_text("does not answer")
        tab.sees("That did not work")
        tab.page.context.set_offline(False)
        expect(tab.find("#banner")).to_be_empty()
        tab.sees("Here")


def test_an_address_that_names_nothing_says_so(tab: Tab) -> None:
    tab.expected_statuses = {404}
    tab.open("/nowhere")
    tab.sees("There is nothing here")
    tab.open("/experiments/exp_" + "0" * 26)
    tab.sees("Not found")
    tab.open("/experiments")
    tab.sees("No experiment yet")


def test_the_page_asks_for_a_key_keeps_it_for_the_tab_and_puts_it_into_no_address(
    tab: Tab, service: ApiForTests
) -> None:
    service.submit(name="Guarded")
    secret = service.key("submit")["Authorization"].removeprefix("Bearer ")
    tab.expected_statuses = {401}
    replies = tab.hear_replies()
    tab.open()
    tab.sees("An API key is needed")
    field = tab.page.get_by_label("Key", exact=True).last
    field.fill("tl_" + "w" * 43)
    tab.button("Use this key").click()
    expect(tab.find("dialog")).to_contain_text("is unknown or was revoked")
    tab.page.get_by_label("Key", exact=True).last.fill(secret)
    tab.button("Use this key").click()
    tab.sees("Guarded")
    with tab.page.expect_response(lambda reply: "/events" in reply.url):
        tab.find(".experiments .name").click()
    expect(tab.find("h1")).to_have_text("Guarded")
    assert all(secret not in reply.url for reply in replies)
    events = [reply for reply in replies if "/events" in reply.url]
    assert [reply.status for reply in events] == [200]
    tab.unfold("spec")
    tab.find("#spec").get_by_role("tab", name="curl").click()
    expect(tab.find("#spec [role=tabpanel]:visible")).to_contain_text("Bearer $TRIPLETLAB_KEY")
    assert tab.page.evaluate("localStorage.length") == 0
    tab.button("Forget key").click()
    tab.sees("An API key is needed")


def test_a_key_that_may_only_read_is_told_so_where_it_tries_more(
    tab: Tab, service: ApiForTests
) -> None:
    service.submit(name="Not yours")
    secret = service.key("read")["Authorization"].removeprefix("Bearer ")
    tab.expected_statuses = {401, 403}
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.open()
    tab.page.get_by_label("Key", exact=True).last.fill(secret)
    tab.button("Use this key").click()
    tab.button("Cancel Not yours").click()
    expect(tab.find("#toasts")).to_contain_text(re.compile("may only read"))


def test_state_and_cancel_of_a_queued_experiment_stand_beside_its_bar(
    tab: Tab, service: ApiForTests
) -> None:
    service.submit(name="Waits")
    tab.open()
    row = tab.find(".experiments > li")
    row.get_by_role("button", name="Cancel").wait_for()
    bar, state = (row.locator(one).first.bounding_box() for one in (".bar", ".end > *"))
    assert bar is not None
    assert state is not None
    assert bar["x"] + bar["width"] <= state["x"]
