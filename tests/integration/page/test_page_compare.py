"""Finding and comparing experiments: filters, order, columns, tags, and side by side."""

from playwright.sync_api import expect

from support.api import ARMS, ApiForTests
from support.browser import Tab
from support.shown_runs import shown_experiment


def test_selected_experiments_stand_beside_each_other(tab: Tab, service: ApiForTests) -> None:
    one = shown_experiment(service, name="Small margin", seeds=6)
    wide = [{**arm, "loss": {**arm["loss"], "margin": 0.5}} for arm in ARMS]
    other = shown_experiment(service, name="Wide margin", seeds=6, arms=wide)
    tab.open("/experiments")
    for name in ("Small margin", "Wide margin"):
        tab.page.get_by_label(f"Select {name}").check()
    tab.page.get_by_role("link", name="Compare 2 experiments").click()
    verdicts = tab.find("#verdicts tbody tr")
    expect(verdicts).to_have_count(2)
    expect(verdicts.first).to_contain_text("modified does better than vanilla")
    tab.page.set_viewport_size({"width": 390, "height": 800})
    told = verdicts.first.locator(".verdict-line").bounding_box()
    assert told is not None
    assert told["x"] + told["width"] <= 390  # a phone shows it without a touch
    differ = tab.find("#differences")
    expect(differ.locator("thead")).to_contain_text("Margin")
    expect(differ.locator("thead")).not_to_contain_text("Seeds")
    expect(differ.locator("tbody tr")).to_have_count(4)
    expect(differ.locator("tbody tr").last).to_contain_text("0.5")
    expect(tab.find("#curves .legend button")).to_have_count(4)
    expect(tab.find("#curves .legend button").first).to_have_text("Small margin: vanilla")
    assert {one, other} <= set(tab.page.url.split("ids=")[1].split(","))


def test_the_list_is_narrowed_sorted_and_shows_the_columns_that_were_chosen(
    tab: Tab, service: ApiForTests
) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    shown_experiment(service, name="Beta", arms=[ARMS[0], third], seeds=1)
    found = shown_experiment(service, name="Alpha")
    tab.open(f"/experiments/{found}")
    tab.button("Edit name, tags and notes").click()
    tab.page.get_by_label("Tags").fill("quora, margin")
    tab.page.get_by_label("Notes").fill("Once more with forty seeds.")
    tab.button("Save").click()
    expect(tab.find(".labels .notes")).to_have_text("Once more with forty seeds.")
    tab.open("/experiments")
    expect(tab.find(".experiments .name")).to_have_text(["Alpha", "Beta"])
    tab.page.get_by_label("Sort").select_option("Oldest first")
    expect(tab.find(".experiments .name")).to_have_text(["Beta", "Alpha"])
    tab.find(".more summary").click()
    tab.page.get_by_label("Verdict").select_option("one arm better")
    expect(tab.find(".experiments > li")).to_have_count(1)
    tab.page.get_by_label("Verdict").select_option("Every verdict")
    tab.page.get_by_label("Arm", exact=True).fill("third")
    expect(tab.find(".experiments .name")).to_have_text(["Beta"])
    tab.page.get_by_label("Arm", exact=True).fill("")
    tab.find(".experiments .tag", has_text="margin").click()
    expect(tab.find(".experiments .name")).to_have_text(["Alpha"])
    assert tab.page.url.endswith("#/experiments?tag=margin")
    tab.find(".columns summary").click()
    tab.page.get_by_label("Id", exact=True).check()
    expect(tab.find(".experiments .meta code")).to_have_text(found)
    tab.page.reload()
    expect(tab.find(".experiments .meta code")).to_have_text(found)


def test_an_experiment_is_renamed_where_it_stands(tab: Tab, service: ApiForTests) -> None:
    tab.open(f"/experiments/{shown_experiment(service, name='Misspelt', seeds=1)}")
    tab.button("Edit name, tags and notes").click()
    tab.page.get_by_label("Name").fill("Spelt")
    tab.button("Save").click()
    expect(tab.find("h1")).to_have_text("Spelt")
    expect(tab.page).to_have_title("Spelt · Tripletlab")
    tab.page.get_by_role("link", name="Duplicate and edit").click()
    expect(tab.find("#field-name-value")).to_have_value("Spelt")
