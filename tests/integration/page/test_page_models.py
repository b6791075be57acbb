"""Models in a browser: an archive that is sent, the list, deleting, and the form that names one."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.api import ApiForTests
from support.browser import Tab
from support.pretrained import tarred, toy_files, zipped
from support.uploads import upload_model


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "my toy.tar.gz"
    path.write_bytes(tarred({**toy_files(), "pytorch_model.bin": b"\x80\x02"}, "w:gz"))
    return path


def test_an_archive_is_sent_and_the_model_is_listed_and_deleted(
    tab: Tab, service: ApiForTests, archive: Path
) -> None:
    tab.open("/models")
    tab.sees("No model yet")
    tab.find("input[type=file]").set_input_files(archive)
    expect(tab.page.get_by_label("Name", exact=True)).to_have_value("my-toy")
    tab.button("Upload").click()
    tab.sees("my-toy is stored.")
    tab.sees("pytorch_model.bin was not stored: it is a pickle")
    (stored,) = service.get("/v1/models")["items"]
    card = tab.find("article")
    expect(card).to_contain_text("bert, 2,144 parameters")
    expect(card).to_contain_text("Longest text40 tokens")
    expect(card).to_contain_text("mean of all tokens")
    expect(card.locator("code")).to_have_text(stored["content_hash"][:12])
    tab.page.once("dialog", lambda asked: asked.dismiss())
    tab.button("Delete my-toy").click()
    expect(card).to_be_visible()
    tab.page.once("dialog", lambda asked: asked.accept())
    tab.button("Delete my-toy").click()
    tab.sees("No model yet")
    assert service.get("/v1/models")["items"] == []


def test_an_archive_that_is_refused_says_why_at_its_field(
    tab: Tab, archive: Path, tmp_path: Path
) -> None:
    tab.expected_statuses = {415, 422}
    wrong = tmp_path / "weights.zip"
    wrong.write_bytes(zipped({**toy_files(), "config.json": b'{"auto_map": {"AutoModel": "x"}}'}))
    tab.open("/models")
    tab.find("input[type=file]").set_input_files(wrong)
    tab.button("Upload").click()
    error = tab.find('[data-pointer="/file"] .field-error')
    expect(error).to_contain_text("no code of a model is ever run")
    plain = tmp_path / "plain.zip"
    plain.write_bytes(b"plain")
    tab.find("input[type=file]").set_input_files(plain)
    tab.button("Upload").click()
    expect(error).to_contain_text("is not an archive")
    tab.find("input[type=file]").set_input_files(archive)
    tab.page.get_by_label("Name", exact=True).fill("no good/name")
    tab.button("Upload").click()
    expect(tab.find('[data-pointer="/name"] .field-error')).to_contain_text("a name begins with")


def test_a_model_that_an_experiment_uses_stays_and_says_so(tab: Tab, service: ApiForTests) -> None:
    assert upload_model(service).status_code == 201
    made = service.submit(encoder={"kind": "pretrained", "model": "toy", "max_tokens": 24})
    tab.expected_statuses = {409}
    tab.open("/models")
    tab.page.once("dialog", lambda asked: asked.accept())
    tab.button("Delete toy").click()
    tab.sees(f"is used by experiment {made['id']}")
    expect(tab.find("article h2")).to_have_text("toy")


def test_the_form_starts_an_experiment_from_a_model(tab: Tab, service: ApiForTests) -> None:
    for name in ("second", "toy"):
        assert upload_model(service, name=name).status_code == 201
    tab.expected_statuses = {422}
    tab.open("/new?recipe=hard-negative-mining-small")
    tab.find("#field-name-value").wait_for()
    tab.page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
    tab.find("#field-encoder-kind").select_option("pretrained")
    model = tab.find("#field-encoder-model-value")
    expect(model.locator("option")).to_have_text(["second", "toy"])
    model.select_option("toy")
    long = tab.find('[data-pointer="/encoder/max_tokens"]')
    expect(long.locator(".field-error")).to_contain_text("texts of at most 40 tokens")
    long.locator("input").fill("24")
    tab.find("#field-encoder-train_layers-kind").select_option("a number")
    layers = tab.find("#field-encoder-train_layers-value")
    layers.fill("3")
    error = tab.find('[data-pointer="/encoder/train_layers"] .field-error')
    expect(error).to_have_text("the model toy has 2 layers")
    layers.fill("1")
    tab.find("#field-encoder-pooling-value").select_option("cls")
    tab.find("#field-encoder-dropout-value").fill("0.1")
    expect(tab.find(".cost")).to_contain_text("Memory of a run")
    tab.button("Start").click()
    expect(tab.find("h1")).to_contain_text("Does leaving out harder negatives help?")
    (made,) = service.get("/v1/experiments")["items"]
    stored = service.get(f"/v1/experiments/{made['id']}")["spec"]["encoder"]
    assert stored == {
        "kind": "pretrained",
        "model": "toy",
        "pooling": "cls",
        "max_tokens": 24,
        "train_layers": 1,
        "dropout": 0.1,
    }


def test_a_stored_spec_shows_the_layers_that_it_trains(tab: Tab, service: ApiForTests) -> None:
    assert upload_model(service).status_code == 201
    encoder = {"kind": "pretrained", "model": "toy", "max_tokens": 24}
    for layers in (2, "all"):
        made = service.submit(name="like", encoder={**encoder, "train_layers": layers})
        tab.open(f"/new?like={made['id']}")
        tab.find("#field-name-value").wait_for()
        expect(tab.find("#field-encoder-kind")).to_have_value("pretrained")
        number = tab.find("#field-encoder-train_layers-value")
        if layers == "all":
            expect(number).to_have_count(0)
        else:
            expect(number).to_have_value("2")
        found = json.loads(tab.find("#json").input_value())
        assert found["encoder"]["train_layers"] == layers


def test_the_untouched_model_is_told_once_beside_the_results(
    tab: Tab, service: ApiForTests
) -> None:
    assert upload_model(service).status_code == 201
    made = service.submit(encoder={"kind": "pretrained", "model": "toy", "max_tokens": 24})
    for run in made["runs"]:
        service.train(run["id"], accuracy=0.7, untrained=0.8)
    tab.open(f"/experiments/{made['id']}")
    row = tab.find("#arms tr", has_text="zero-shot")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("The model of vanilla and modified, zero-shot")
    expect(row).to_contain_text("0.8000")
    expect(tab.find(".verdict .doubt").first).to_contain_text("no better than zero-shot")
