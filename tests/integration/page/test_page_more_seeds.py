"""After the end of an experiment: seeds that may be added or not, and a notification."""

from playwright.sync_api import expect

from models.store import interim_looks

from support.api import SPEC, ApiForTests, now
from support.browser import Tab
from support.shown_runs import STEPS, shown_experiment, train_shown


def test_seeds_of_a_known_verdict_are_refused_beforehand_and_fresh_ones_offered(
    tab: Tab, service: ApiForTests
) -> None:
    found = shown_experiment(service, seeds=3)
    tab.open(f"/experiments/{found}")
    tab.find(".more-seeds summary").click()
    expect(tab.find(".more-seeds")).to_contain_text("spent the whole error that was promised")
    expect(tab.find(".more-seeds button")).to_have_count(0)
    tab.page.get_by_role("link", name="Open one in the form").click()
    expect(tab.find("#field-name-value")).to_have_value("A small question, fresh seeds")
    expect(tab.find(".cost .big").first).to_have_text("12 runs")
    tab.button("Start").click()
    expect(tab.find("h1")).to_have_text("A small question, fresh seeds")
    (made, _) = service.get("/v1/experiments")["items"]
    spec = service.get(f"/v1/experiments/{made['id']}")["spec"]
    assert spec["seeds"]["list"] == [3, 4, 5, 6, 7, 8]


def test_seeds_are_added_up_to_a_planned_look(tab: Tab, service: ApiForTests) -> None:
    seeds = {"until_decided": {"min": 6, "max": 10, "looks": [6, 8, 10]}}
    made = service.submit(seeds=seeds, decision={"equivalence_margin": 0.001})
    for run in service.runs(made["id"]):
        swing = 0.02 * (-1) ** run.seed if run.arm == "modified" else 0.0
        service.train(run.id, accuracy=0.7 + swing)
    with service.database.transaction() as session:
        interim_looks.take_due_look(session, made["id"], now())
    tab.open(f"/experiments/{made['id']}")
    tab.find(".more-seeds summary").click()
    expect(tab.find(".more-seeds")).to_contain_text("up to a planned look: to 8 or 10")
    expect(tab.button("Add 4 seeds, up to 10")).to_be_visible()
    tab.button("Add 2 seeds, up to 8").click()
    expect(tab.find(".verdict")).to_contain_text("Look 1 of 3 taken")
    assert len(service.runs(made["id"])) == 16


def test_one_arm_is_given_as_many_seeds_as_are_asked_for(tab: Tab, service: ApiForTests) -> None:
    made = service.submit(arms=SPEC["arms"][:1], seeds={"count": 2})
    for run in service.runs(made["id"]):
        service.train(run.id, accuracy=0.7 + 0.01 * run.seed)
    tab.open(f"/experiments/{made['id']}")
    tab.find(".more-seeds summary").click()
    tab.find(".more-seeds input").fill("5")
    tab.find(".more-seeds button").click()
    expect(tab.find(".page-head")).to_contain_text("5 runs")


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
