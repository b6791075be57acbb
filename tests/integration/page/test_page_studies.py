"""Studies in a browser: the list, the answer with every data set on one scale, and their links."""

from typing import Any

from playwright.sync_api import expect

from support.api import ApiForTests
from support.asked_studies import plan_study, train_experiment, with_data_sets
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
    expect(tab.find("#verdict .sentence")).to_contain_text("no data set has enough runs yet")


def test_a_study_whose_experiments_are_gone_says_so(tab: Tab, service: ApiForTests) -> None:
    made = plan_study(service, with_data_sets(service, 2))
    for one in made["experiments"]:
        service.http.post(f"/v1/experiments/{one['id']}/cancel")
        assert service.http.delete(f"/v1/experiments/{one['id']}").status_code == 204
    tab.open(f"/studies/{made['id']}")
    tab.sees("Every experiment of this study was deleted.")
