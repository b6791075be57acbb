"""Data sets in a browser: profile, lengths, pairs, and a file that is dropped on the page."""

from pathlib import Path

from playwright.sync_api import expect

from support.api import GENERATED, ApiForTests
from support.browser import Tab

CSV = "question1,question2,is_duplicate\n" + "".join(
    f"how is {word} made,how do they make {word},{number % 2}\n"
    for number, word in enumerate(("tea", "<b>ink</b>", "glass", "paper") * 30)
)


def test_a_data_set_shows_its_profile_lengths_and_pairs(tab: Tab, service: ApiForTests) -> None:
    about = service.get(f"/v1/datasets/{GENERATED}")
    tab.open("/datasets")
    tab.page.get_by_role("link", name=GENERATED).click()
    expect(tab.find("main .facts").first).to_contain_text(f"{about['rows']:,}")
    tab.find("#lengths canvas").wait_for()
    expect(tab.button("Delete")).to_have_count(0)  # it is always there
    first = service.get(f"/v1/datasets/{GENERATED}/pairs", limit=1)["items"][0]
    expect(tab.find("#pairs li").first).to_contain_text(first["question1"])
    tab.button("Next").click()
    expect(tab.find("#pairs li").first).to_contain_text("row 10")
    tab.page.get_by_label("From row").fill("500")
    tab.page.keyboard.press("Tab")
    expect(tab.find("#pairs li").first).to_contain_text("row 500")


def drop(tab: Tab, name: str, text: str) -> None:
    """Let go of a file over the field, as a file manager does."""
    script = """([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: "text/csv" }));
      const drop = document.querySelector(".drop");
      const about = { dataTransfer: transfer, bubbles: true, cancelable: true };
      for (const kind of ["dragover", "drop"]) drop.dispatchEvent(new DragEvent(kind, about));
    }"""
    tab.page.evaluate(script, [name, text])


def test_a_dropped_file_is_uploaded_with_progress_and_shown(tab: Tab, service: ApiForTests) -> None:
    tab.open("/datasets")
    drop(tab, "my pairs.csv", CSV)
    expect(tab.page.get_by_label("Name", exact=True)).to_have_value("my-pairs")
    seen = """new MutationObserver((changes) => { for (const one of changes) for (const node of
      one.addedNodes) if (node.getAttribute?.("role") === "progressbar") window.progress = true; })
      .observe(document.querySelector("[data-pointer='/file'] div"), { childList: true })"""
    tab.page.evaluate(seen)
    tab.button("Upload").click()
    expect(tab.find("h1")).to_have_text("my-pairs")
    assert tab.page.evaluate("window.progress") is True
    assert service.get("/v1/datasets/my-pairs")["rows"] == 120
    expect(tab.find("#pairs li").nth(1)).to_contain_text("how is <b>ink</b> made")
    assert tab.find("#pairs b").count() == 0
    expect(tab.button("Delete")).to_be_visible()


def test_a_file_that_is_refused_says_why_at_its_field(tab: Tab, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("question1,question2,is_duplicate\na,b,perhaps\n")
    tab.expected_statuses = {422}
    tab.open("/datasets")
    tab.button("Upload").click()
    tab.sees("Choose a file, or drop one")
    tab.find("input[type=file]").set_input_files(bad)
    tab.button("Upload").click()
    expect(tab.find('[data-pointer="/file"] .field-error')).to_contain_text("line 2")
    tab.page.get_by_label("Name", exact=True).fill("no good/name")
    tab.button("Upload").click()
    expect(tab.find('[data-pointer="/name"] .field-error')).to_contain_text("a name begins with")


def test_a_file_of_another_delimiter_is_taken_once_the_form_says_so(
    tab: Tab, service: ApiForTests, tmp_path: Path
) -> None:
    path = tmp_path / "semicolons.csv"
    path.write_text(CSV.replace(",", ";"))
    tab.expected_statuses = {422}
    tab.open("/datasets")
    tab.find("input[type=file]").set_input_files(path)
    tab.button("Upload").click()
    expect(tab.find('[data-pointer="/file"] .field-error')).to_contain_text("set `delimiter` to")
    tab.page.get_by_label("Delimiter").fill(";;")
    tab.button("Upload").click()
    expect(tab.find('[data-pointer="/delimiter"] .field-error')).to_contain_text("one character")
    tab.page.get_by_label("Delimiter").fill(";")
    tab.page.get_by_label("Quotation marks").select_option("none")
    tab.button("Upload").click()
    expect(tab.find("h1")).to_have_text("semicolons")
    assert service.get("/v1/datasets/semicolons")["rows"] == 120


def test_triplets_are_shown_with_their_columns_and_numbers(tab: Tab) -> None:
    rows = [
        f'{{"anchor": "mend {n}", "positive": "fix {n}", "negative": "buy {n}"}}' for n in "abc"
    ]
    tab.expected_statuses = {422}
    tab.open("/datasets")
    drop(tab, "triplets.jsonl", "\n".join(rows))
    tab.page.get_by_label("Each row is").select_option("scored_pairs")
    tab.button("Upload").click()
    expect(tab.find('[data-pointer="/duplicate_from"] .field-error')).to_contain_text("score")
    tab.page.get_by_label("Each row is").select_option("triplets")
    tab.button("Upload").click()
    expect(tab.find("h1")).to_have_text("triplets")
    tab.sees("anchor, positive, negative")
    expect(tab.find("#pairs li").nth(1)).to_contain_text("different")
    expect(tab.find("#pairs li").nth(1)).to_contain_text("triplet 0")


def test_rows_that_may_be_several_are_told_before_the_data_set_is_shown(tab: Tab) -> None:
    tab.open("/datasets")
    drop(tab, "doubtful.csv", CSV + '"well, yes\nor no",b,1\n')
    tab.button("Upload").click()
    tab.sees("1 row spans lines")
    tab.page.get_by_role("link", name="Show doubtful").click()
    expect(tab.find("h1")).to_have_text("doubtful")
