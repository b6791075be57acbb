"""`tripletlab study …`: planned from a file or by data sets, joined, followed, shown, exported."""

import json
from pathlib import Path

from support.api import StartService
from support.asked_studies import STUDY_SPEC, over, train_experiment, with_data_sets
from support.commands import tripletlab

AHEAD = (0.02, 0.031, 0.012, 0.024)


def test_a_study_from_its_file_to_its_table(start_service: StartService, tmp_path: Path) -> None:
    api = start_service()
    names = with_data_sets(api, 4)
    url = ("--url", api.url)
    file = tmp_path / "study.json"
    file.write_text(json.dumps({"name": "Whole", "spec": STUDY_SPEC, "over": over(names)}))
    dry = tripletlab("study", "submit", str(file), "--dry-run", *url)
    assert json.loads(dry.stdout)["runs"] == 48
    done = tripletlab("study", "submit", str(file), "--set", "steps=20", *url)
    assert done.returncode == 0, done.stderr
    study = done.stdout.strip()
    assert "4 experiments" in done.stderr
    assert "No verdict on data sets in general" not in done.stderr
    early = tripletlab("study", "results", study, "--expect", "decided", *url)
    assert early.returncode == 3
    made = api.get(f"/v1/studies/{study}")
    for one, ahead in zip(made["experiments"], AHEAD, strict=True):
        train_experiment(api, one["id"], ahead)
    shown = tripletlab("study", "watch", study, "--expect", "a_better", *url)
    assert shown.returncode == 0, shown.stderr
    document = api.get(f"/v1/studies/{study}/results")
    assert document["sentence"] in shown.stdout
    for name in (*names, "mean of 4", "one more data set", "between data sets"):
        assert name in shown.stdout
    assert f"{document['mean_difference']:+.4f}" in shown.stdout
    whole = tripletlab("study", "results", study, "--json", *url)
    assert json.loads(whole.stdout) == document
    table = tmp_path / "study.csv"
    assert tripletlab("study", "export", study, "-o", str(table), *url).returncode == 0
    assert len(table.read_text().splitlines()) == 6
    ids = [one["id"] for one in made["experiments"]]
    joined = tripletlab("study", "join", "Afterwards", *ids, *url).stdout.strip()
    listed = tripletlab("study", "list", *url).stdout
    assert (study in listed, joined in listed, "joined" in listed) == (True, True, True)
    assert tripletlab("study", "delete", joined, "--yes", *url).returncode == 0
    assert [one["id"] for one in api.get("/v1/studies")["items"]] == [study]


def test_a_study_can_be_asked_before_there_is_data_of_ones_own(start_service: StartService) -> None:
    api = start_service()
    url = ("--url", api.url)
    for style in ("easy", "typed"):
        made = tripletlab("datasets", "generate", style, "--style", style, "--rows", "300", *url)
        assert made.returncode == 0, made.stderr
        assert f"{style}: 300 pairs" in made.stdout
    recipe = "hard-negative-mining-small"
    dry = tripletlab(
        "study", "submit", recipe, "--over", "easy", "--over", "typed", "--dry-run", *url
    )
    found = json.loads(dry.stdout)["experiments"]
    assert [one["spec"]["dataset"] for one in found] == ["easy", "typed"]
    assert {one["spec"]["split"]["train_rows"] for one in found} == {240}
    unknown = tripletlab("datasets", "generate", "mine", "--style", "odd", *url)
    assert (unknown.returncode, "close, easy, typed" in unknown.stderr) == (2, True)


def test_data_sets_are_named_one_by_one_for_a_spec(
    start_service: StartService, tmp_path: Path
) -> None:
    api = start_service()
    names = with_data_sets(api, 2)
    file = tmp_path / "spec.json"
    file.write_text(json.dumps({**STUDY_SPEC, "seeds": {"count": 1}}))
    each = [part for name in names for part in ("--over", name)]
    done = tripletlab("study", "submit", str(file), *each, "--name", "Two", "--url", api.url)
    assert done.returncode == 0, done.stderr
    assert "that needs at least 4, and there are 2." in done.stderr
    assert api.get(f"/v1/studies/{done.stdout.strip()}")["name"] == "Two"
    for said in ("is cancelled: no run goes on", "had ended before, as cancelled"):
        assert said in tripletlab("study", "cancel", done.stdout.strip(), "--url", api.url).stderr
    without = tripletlab("study", "submit", str(file), "--url", api.url)
    assert (without.returncode, "--over" in without.stderr) == (2, True)
    wrong = tripletlab(
        "study", "submit", str(file), *each, "--set", "batch_size=1", "--url", api.url
    )
    assert wrong.returncode == 2
    assert "/spec/batch_size" in wrong.stderr
