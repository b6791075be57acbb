"""After the end of an experiment: seeds that may not be added, fresh ones, and a notification."""

from playwright.sync_api import expect

from support.api import ApiForTests
from support.browser import Tab
from support.shown_runs import STEPS, shown_experiment, train_shown


def test_seeds_are_not_added_after_the_verdict_but_a_fresh_experiment_is_offered(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service, seeds=3)
    tab.open(f"/experiments/{found}")
    tab.find(".more-seeds summary").click()
    expect(tab.find(".more-seeds")).to_contain_text("more than 5.0 % of the cases")
    tab.page.get_by_role("link", name="Open one in the form").click()
    expect(tab.find("#field-name-value")).to_have_value("A small question, fresh seeds")
    expect(tab.find(".cost .big").first).to_have_text("12 runs")
    tab.button("Start").click()
    expect(tab.find("h1")).to_have_text("A small question, fresh seeds")
    (made, _) = service.get("/v1/experiments")["items"]
    spec = service.get(f"/v1/experiments/{made['id']}")["spec"]
    assert spec["seeds"]["list"] == [3, 4, 5, 6, 7, 8]


def test_the_browser_notifies_of_the_end_whoever_asked_for_it(
    tab: Tab, service: ApiForTests
) -> None:
    made = service.submit(steps=STEPS, seeds={"count": 1}, name="Soon over")
    tab.page.context.grant_permissions(["notifications"])
    # the browser's own, which also keeps what it was asked to show
    tab.page.add_init_script("""
      window.shown = [];
      window.Notification = class extends Notification {
        constructor(title, options) {
          super(title, options);
          window.shown.push([title, options.body]);
        }
      };""")
    tab.open(f"/experiments/{made['id']}")
    tab.button("Notify me at the end").click()
    expect(tab.button("You will be notified")).to_have_attribute("aria-pressed", "true")
    for run in service.runs(made["id"]):
        train_shown(service, run)
    tab.page.wait_for_function("() => window.shown.length === 1")
    ((title, body),) = tab.page.evaluate("window.shown")
    assert title == "Soon over: succeeded"
    assert (
        body == service.get(f"/v1/experiments/{made['id']}/results")["comparisons"][0]["sentence"]
    )
