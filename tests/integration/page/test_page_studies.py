"""Studies in a browser: planned, listed, cancelled, and every data set on one scale."""

from typing import Any

from playwright.sync_api import expect

from support.api import ApiForTests
from support.asked_studies import STUDY_SPEC, plan_study, train_experiment, with_data_sets
from support.browser import Tab

AHEAD = (0.02, 0.031, 0.012, 0.024)


def shown(service: ApiForTests) -> dict[str, Any]:
    return plan_study(service, with_data_sets(service, 4))


def test_the_answer_has_every_data_set_on_one_scale_and_the_mean_below(
    tab: Tab, service: ApiForTests
) -> None:
    made = shown(service)
    tab.open(f"/studies/{made['id']}")
    expect(tab.find("#verdict")).to_contain_text("The verdict comes when every experiment has")
    for one, ahead in zip(made["experiments"], AHEAD, strict=True):
        train_experiment(service, one["id"], ahead)
    results = service.get(f"/v1/studies/{made['id']}/results")
    # it is followed, so the verdict comes by itself
    expect(tab.find("#verdict .sentence")).to_have_text(results["sentence"])
    expect(tab.find("#verdict .kind")).to_contain_text("modified does better than vanilla")
    drawn = tab.find("#verdict .forest-chart .effect")
    expect(drawn).to_have_count(5)
    expect(drawn.last).to_contain_text("mean of 4")
    expect(drawn.last.locator("path.estimate")).to_have_count(1)
    expect(drawn.last.locator(".interval.rare")).to_have_count(1)
    widths = [
        float(drawn.nth(at).locator("circle").get_attribute("cx") or "nan") for at in range(4)
    ]
    means = [one["mean_difference"] for one in results["experiments"]]
    assert sorted(range(4), key=widths.__getitem__) == sorted(range(4), key=means.__getitem__)
    expect(tab.find("#data-sets tbody tr")).to_have_count(4)
    tab.find("#data-sets tbody a").first.click()
    tab.page.get_by_role("link", name="part of a study").click()
    expect(tab.find("h1")).to_have_text("On all of them")
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.button("Delete").click()
    expect(tab.find("#main")).to_contain_text("No study yet")
    assert len(service.get("/v1/experiments")["items"]) == 4


def test_the_list_tells_how_far_each_study_is_on_which_data_sets(
    tab: Tab, service: ApiForTests
) -> None:
    made = shown(service)
    tab.open("/experiments")
    tab.page.get_by_role("link", name="Studies", exact=True).click()
    row = tab.find(f"[data-study={made['id']}]")
    expect(row).to_contain_text("questions-generated, pairs-1, pairs-2, pairs-3")
    expect(row).to_contain_text("0 % of its steps")
    row.get_by_role("link").click()
    expect(tab.find("#verdict .waits .sentence")).to_contain_text("It is not known yet whether")
    expect(tab.find("#verdict .waits .kind")).to_contain_text("waiting for the verdict")
    expect(tab.find("#verdict .forest-chart, #verdict .facts")).to_have_count(0)
    expect(tab.find("#data-sets tbody tr").first).to_contain_text("not known before 2 seeds")


def test_no_verdict_is_waited_for_where_data_sets_are_too_few(
    tab: Tab, service: ApiForTests
) -> None:
    made = plan_study(service, with_data_sets(service, 2))
    tab.open(f"/studies/{made['id']}")
    expect(tab.find("#verdict .kind")).to_contain_text("waiting for the runs")
    expect(tab.find("#verdict")).not_to_contain_text("verdict comes")
    expect(tab.find("#verdict .sentence")).to_contain_text("needs at least 4 data sets")


def test_a_study_is_planned_on_the_page_and_cancelled(tab: Tab, service: ApiForTests) -> None:
    with_data_sets(service, 3)
    tab.open("/studies")
    tab.page.get_by_role("link", name="New study").first.click()
    expect(tab.find("aside")).to_contain_text("Choose 2 data sets or more")
    tab.page.get_by_label("questions-generated", exact=True).check()
    tab.page.get_by_label("pairs-1", exact=True).check()
    expect(tab.find("aside")).to_contain_text("pairs-1: The first 64 rows train and the next 16")
    expect(tab.find("aside")).to_contain_text("2 data sets give a mean and no verdict")
    tab.expected_statuses = {422}
    differs = tab.page.get_by_label("What differs on pairs-1, as JSON")
    differs.fill('{"steps": 0}')
    wrong = tab.find('li:has-text("pairs-1") .field-error')
    expect(wrong).to_contain_text("greater than or equal to 1")
    expect(tab.button("Start")).to_be_disabled()
    differs.fill('{"steps": 40}')
    tab.page.get_by_label("Seeds on each data set").fill("7")
    expect(tab.find("aside")).to_contain_text("28 runs")
    tab.page.get_by_label("Name").fill("Planned here")
    expect(tab.button("Start")).to_be_enabled()
    tab.button("Start").click()
    expect(tab.find("h1")).to_have_text("Planned here")
    (made,) = service.get("/v1/studies")["items"]
    specs = [service.get(f"/v1/experiments/{one['id']}")["spec"] for one in made["experiments"]]
    assert [(spec["dataset"], spec["steps"], spec["seeds"]["count"]) for spec in specs] == [
        ("pairs-1", 40, 7),
        ("questions-generated", 300, 7),
    ]
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.button("Cancel").click()
    expect(tab.find(".page-head .chip")).to_have_text("cancelled")
    assert service.get(f"/v1/studies/{made['id']}")["state"] == "cancelled"


def test_the_question_of_an_experiment_is_asked_on_more_data_sets(
    tab: Tab, service: ApiForTests
) -> None:
    names = with_data_sets(service, 2)
    spec = {**STUDY_SPEC, "name": "First on one", "dataset": names[1]}
    made = service.http.post("/v1/experiments", json=spec).json()
    tab.open(f"/experiments/{made['id']}")
    tab.page.get_by_role("link", name="Run on more data sets").click()
    expect(tab.page.get_by_label("Name")).to_have_value("First on one")
    for name in names:
        tab.page.get_by_label(name, exact=True).check()
    expect(tab.find("aside")).to_contain_text("24 runs")
    tab.button("Start").click()
    expect(tab.find("#verdict")).to_contain_text("The whole mean comes when every experiment")
    (study,) = service.get("/v1/studies")["items"]
    specs = [service.get(f"/v1/experiments/{e['id']}")["spec"] for e in study["experiments"]]
    one, own = sorted(specs, key=lambda spec: bool(spec["dataset"] == names[1]))
    # its own data set keeps its sizes; the other one has those that fit it
    assert own["split"]["train_rows"] == STUDY_SPEC["split"]["train_rows"]
    assert one["split"]["train_rows"] > STUDY_SPEC["split"]["train_rows"]
    assert [arm["loss"] for arm in one["arms"]] == [arm["loss"] for arm in own["arms"]]


def test_a_study_whose_experiments_are_gone_says_so(tab: Tab, service: ApiForTests) -> None:
    made = plan_study(service, with_data_sets(service, 2))
    for one in made["experiments"]:
        service.http.post(f"/v1/experiments/{one['id']}/cancel")
        assert service.http.delete(f"/v1/experiments/{one['id']}").status_code == 204
    tab.open(f"/studies/{made['id']}")
    tab.sees("Every experiment of this study was deleted.")
