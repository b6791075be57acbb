"""Token vectors in a browser: a file that is sent, the list, deleting, and the form that names
one."""

from pathlib import Path

from playwright.sync_api import expect

from models.store.metrics.lines import keep_zero_shot

from support.api import ApiForTests
from support.browser import Tab
from support.vectors import SOME, as_text, gzipped


def test_a_file_is_sent_and_the_vectors_are_listed_and_deleted(
    tab: Tab, service: ApiForTests, tmp_path: Path
) -> None:
    path = tmp_path / "glove 3d.txt.gz"
    path.write_bytes(gzipped(as_text(SOME) + b"how 1 1 1\n"))
    tab.expected_statuses = {415}
    tab.open("/vectors")
    tab.sees("No vectors yet")
    wrong = tmp_path / "vectors.kv"
    wrong.write_bytes(b"\x80\x04]")
    tab.find("input[type=file]").set_input_files(wrong)
    tab.button("Upload").click()
    error = tab.find('[data-pointer="/file"] .field-error')
    expect(error).to_contain_text("save_word2vec_format")
    tab.page.get_by_label("Name", exact=True).fill("")
    tab.find("input[type=file]").set_input_files(path)
    expect(tab.page.get_by_label("Name", exact=True)).to_have_value("glove-3d")
    tab.button("Upload").click()
    tab.sees("glove-3d is stored.")
    tab.sees("1 token of the file comes again")
    (stored,) = service.get("/v1/vectors")["items"]
    card = tab.find("article")
    expect(card).to_contain_text("4 tokens of 3 numbers")
    expect(card.locator("code")).to_have_text(stored["content_hash"][:12])
    tab.page.once("dialog", lambda asked: asked.accept())
    tab.button("Delete glove-3d").click()
    tab.sees("No vectors yet")
    assert service.get("/v1/vectors")["items"] == []


def test_the_form_starts_an_experiment_from_vectors(tab: Tab, service: ApiForTests) -> None:
    for name in ("second", "toy"):
        files = {"file": ("toy.txt", as_text(SOME))}
        assert service.http.post("/v1/vectors", files=files, data={"name": name}).is_success
    tab.expected_statuses = {422}
    tab.open("/new?recipe=hard-negative-mining-small")
    tab.find("#field-name-value").wait_for()
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
    tab.find("#field-encoder-vectors-set").check()
    named = tab.find("#field-encoder-vectors-value")
    expect(named.locator("option")).to_have_text(["second", "toy"])
    named.select_option("toy")
    width = tab.find('[data-pointer="/encoder/embedding_dim"]')
    expect(width.locator(".field-error")).to_contain_text("have 3 numbers for each token")
    width.locator("input").fill("3")
    tab.find("#field-encoder-train_vectors-value").uncheck()
    expect(tab.find(".cost")).to_contain_text("words of vanilla (")
    tab.button("Start").click()
    expect(tab.find("h1")).to_contain_text("Does leaving out harder negatives help?")
    (made,) = service.get("/v1/experiments")["items"]
    encoder = service.get(f"/v1/experiments/{made['id']}")["spec"]["encoder"]
    assert (encoder["vectors"], encoder["train_vectors"]) == ("toy", False)
    assert encoder["embedding_dim"] == 3


def test_what_the_vectors_measure_by_themselves_is_told_beside_the_results(
    tab: Tab, service: ApiForTests
) -> None:
    files = {"file": ("toy.txt", as_text(SOME))}
    assert service.http.post("/v1/vectors", files=files, data={"name": "toy"}).is_success
    made = service.submit(encoder={"kind": "bag", "vectors": "toy"}, seeds={"count": 1})
    for run in made["runs"]:
        with service.database.transaction() as session:
            keep_zero_shot(session, made["id"], run["arm"], {"test.accuracy": 0.81})
        service.train(run["id"], accuracy=0.7, untrained=0.6)
    tab.open(f"/experiments/{made['id']}")
    row = tab.find("#arms tr", has_text="zero-shot")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("The token vectors of vanilla and modified, zero-shot")
    expect(row).to_contain_text("0.8100")
    expect(tab.find(".verdict .doubt").first).to_contain_text("no better than zero-shot")
