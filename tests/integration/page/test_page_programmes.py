"""Programmes on the page: which there are, their questions, and the line before a verdict."""

from playwright.sync_api import expect

from support.api import ApiForTests
from support.browser import Tab

DECISION = {"equivalence_margin": 0.0001}


def test_a_programme_shows_its_questions_their_levels_and_what_they_found(
    tab: Tab, service: ApiForTests
) -> None:
    more = {"programme": "my search", "decision": DECISION, "seeds": {"count": 10}}
    found = service.submit(name="Finds", **more)
    for run in found["runs"]:
        lead = 0.02 + 0.001 * run["seed"] if run["arm"] == "modified" else 0.0
        service.train(run["id"], accuracy=0.7 + lead)
    waits = service.submit(name="Waits", **more)
    tab.open(f"/experiments/{waits['id']}")
    line = "2nd question of the programme 'my search', level 0.0"
    expect(tab.find(".page-head")).to_contain_text(line)
    tab.page.get_by_role("link", name=line).click()
    expect(tab.find("h1")).to_have_text("my search")
    rows = tab.find("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("0.00625")
    expect(rows.first).to_contain_text("a discovery")
    expect(rows.nth(1)).to_contain_text("open")
    expect(tab.find(".page-head")).to_contain_text("The next question would have the level")
    tab.page.get_by_role("link", name="Finds").click()
    expect(tab.find("h1")).to_have_text("Finds")


def test_programmes_are_found_from_the_list_of_experiments(tab: Tab, service: ApiForTests) -> None:
    tab.open("/experiments")
    expect(tab.find(".list-tools > a").first).to_be_hidden()  # compares what is selected: nothing
    tab.page.get_by_role("link", name="Programmes").click()
    expect(tab.find("#main")).to_contain_text("No programme yet")
    service.submit(programme="my search", decision=DECISION)
    tab.open("/experiments")
    tab.page.get_by_role("link", name="Programmes").click()
    expect(tab.find("[data-programme]")).to_contain_text("1 question")
    expect(tab.find("[data-programme]")).to_contain_text("last level 0.00625")
    tab.page.get_by_role("link", name="my search").click()
    expect(tab.find("h1")).to_have_text("my search")
