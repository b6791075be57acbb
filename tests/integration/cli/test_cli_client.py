"""The command as a client of a real server: what it prints, and how it ends."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.store.tables import Step

from support.api import GENERATED, SPEC, ApiForTests, StartService
from support.commands import tripletlab

ROWS = "question1,question2,is_duplicate\na b,c d,1\ne f,g h,0\n"


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    return path


def experiment_of(output: str) -> str:
    return output.split()[0]


def test_submit_takes_a_file_and_prints_the_id_alone(api: ApiForTests, spec_file: Path) -> None:
    done = tripletlab("submit", str(spec_file), "--url", api.url)
    assert done.returncode == 0, done.stderr
    made = done.stdout.strip()
    assert api.get(f"/v1/experiments/{made}")["name"] == "A small question"
    assert "none is alive" in done.stderr


def test_submit_takes_a_recipe_or_standard_input_and_changes(api: ApiForTests) -> None:
    changes = ["--set", "steps=7", "--set", "seeds.list=[3]", "--set", "name=Mine"]
    by_name = tripletlab("submit", "hard-negative-mining-small", *changes, TRIPLETLAB_URL=api.url)
    spec = api.get(f"/v1/experiments/{by_name.stdout.strip()}")["spec"]
    assert (spec["steps"], spec["seeds"], spec["name"]) == (7, {"list": [3]}, "Mine")
    change = ["--set", "arms.1.loss.margin=0.5"]
    piped = tripletlab("submit", "-", *change, stdin=json.dumps(SPEC), TRIPLETLAB_URL=api.url)
    spec = api.get(f"/v1/experiments/{piped.stdout.strip()}")["spec"]
    assert [arm["loss"]["margin"] for arm in spec["arms"]] == [0.25, 0.5]


def test_a_change_of_a_string_is_text_and_a_number_in_its_path_an_index(api: ApiForTests) -> None:
    changes = ["name=2024", "arms.0.name=1e5", "arms.1.loss.margin=0.5", "tokenizer=lower"]
    changes += ["decision.baseline=1e5", 'device="cpu"', "seeds.count=3"]
    arguments = [part for change in changes for part in ("--set", change)]
    recipe = "hard-negative-mining-small"
    done = tripletlab("submit", recipe, "--dry-run", *arguments, TRIPLETLAB_URL=api.url)
    spec = json.loads(done.stdout)["spec"]
    assert (spec["name"], spec["tokenizer"], spec["device"]) == ("2024", "lower", "cpu")
    first, second = spec["arms"]
    assert (first["name"], spec["decision"]["baseline"]) == ("1e5", "1e5")
    assert (second["name"], second["loss"]["margin"]) == ("modified", 0.5)
    absent = tripletlab("submit", recipe, "--set", "dataset=2024", TRIPLETLAB_URL=api.url)
    assert "no data set is called '2024'" in absent.stderr


def test_a_spec_may_begin_with_a_byte_order_mark(api: ApiForTests, spec_file: Path) -> None:
    text = "\ufeff" + json.dumps({**SPEC, "name": "Ω"}, ensure_ascii=False)
    spec_file.write_text(text, encoding="utf-8")
    for source, stdin in ((str(spec_file), ""), ("-", text)):
        done = tripletlab("submit", source, "--dry-run", "--url", api.url, stdin=stdin)
        assert json.loads(done.stdout)["spec"]["name"] == "Ω", done.stderr


def test_a_dry_run_prints_the_normalised_spec(api: ApiForTests, spec_file: Path) -> None:
    done = tripletlab("submit", str(spec_file), "--dry-run", "--url", api.url)
    assert json.loads(done.stdout)["runs"] == 4
    assert api.get("/v1/experiments")["items"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["submit", "absent.json"], "no file"),
        (["submit", "nonsense"], "/recipe"),
        (["submit", "hard-negative-mining-small", "--set", "steps"], "key.path=value"),
        (["submit", "hard-negative-mining-small", "--set", "batch_size=1"], "/batch_size"),
        (["submit", "hard-negative-mining-small", "--set", "arms.7.name=x"], "0 to 1"),
        (["submit", "hard-negative-mining-small", "--set", "arms.last.name=x"], "no item 'last'"),
        (["submit", "-"], "not JSON"),
        (["datasets", "add", "absent.csv", "--name", "x"], "no file"),
        (["serve", "--port", "99999999"], "port"),
        (["worker"], "broker"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(
    api: ApiForTests, arguments: list[str], words: str
) -> None:
    done = tripletlab(*arguments, TRIPLETLAB_URL=api.url)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("serve", "--no-worker", "--port", "0"), ("migrate",)])
@pytest.mark.parametrize("below", ["", "lab"])
def test_a_data_folder_that_is_a_file_is_refused(
    tmp_path: Path, command: tuple[str, ...], below: str
) -> None:
    (tmp_path / "file").touch()
    done = tripletlab(*command, TRIPLETLAB_DATA_DIR=str(tmp_path / "file" / below))
    assert done.returncode == 2
    assert "file is a file" in done.stderr
    assert "TRIPLETLAB_DATA_DIR" in done.stderr


def test_a_data_folder_that_cannot_be_made_or_written_is_told_in_a_sentence() -> None:
    # no user, not even root, makes a folder or a file there
    serve = ("serve", "--no-worker", "--port", "0")
    for command, folder in ((serve, "/sys/tripletlab"), (("migrate",), "/sys/kernel")):
        done = tripletlab(*command, TRIPLETLAB_DATA_DIR=folder)
        assert done.returncode == 2
        assert f"data folder {folder} cannot be written" in done.stderr
        assert "TRIPLETLAB_DATA_DIR" in done.stderr
        assert "Traceback" not in done.stderr


def test_settings_that_cannot_be_used_end_every_command_with_2() -> None:
    done = tripletlab("list", TRIPLETLAB_PORT="http")
    assert (done.returncode, "port" in done.stderr) == (2, True)


def test_a_service_that_is_away_ends_with_1_and_what_to_do() -> None:
    done = tripletlab("recipes", TRIPLETLAB_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "tripletlab serve" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_experiment_that_is_not_there_ends_with_1(api: ApiForTests) -> None:
    done = tripletlab("results", "exp_x", "--url", api.url)
    assert (done.returncode, "no experiment" in done.stderr) == (1, True)


def test_data_sets_are_added_and_listed(api: ApiForTests, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(ROWS)
    added = tripletlab("datasets", "add", str(path), "--name", "mine", "--url", api.url)
    assert (added.returncode, added.stdout.splitlines()) == (
        0,
        [
            "mine: 2 pairs, 50.0 % duplicates",
            "Read as labelled pairs (question1: question1, question2: question2, "
            "label: is_duplicate).",
        ],
    )
    shared = tmp_path / "shared.csv"
    shared.write_text(ROWS + "i,j,0\na b,k,0\n")
    told = tripletlab("datasets", "add", str(shared), "--name", "leaky", "--url", api.url).stdout
    assert "1 of the 1 test pairs of an in-order split have a question that is trained on" in told
    listed = tripletlab("datasets", "list", "--url", api.url)
    assert "mine" in listed.stdout
    assert GENERATED in listed.stdout
    rows = [line.strip("│ ").split() for line in listed.stdout.replace("│", " ").splitlines()]
    assert ["leaky", "1", "2", "0", "100.0", "%"] in rows
    path.write_text(ROWS + "a,b,maybe\n")
    refused = tripletlab("datasets", "add", str(path), "--name", "other", "--url", api.url)
    assert refused.returncode == 2
    assert "line 4" in refused.stderr


def test_a_data_set_is_added_with_what_is_said_of_its_file(
    api: ApiForTests, tmp_path: Path
) -> None:
    path = tmp_path / "pairs.csv"
    written = ROWS.replace(",", ";") + '"é;\nf";g;1\n'
    path.write_text(written, encoding="utf-16")
    command = ["datasets", "add", str(path), "--name", "mine", "--url", api.url]
    refused = tripletlab(*command)
    assert (refused.returncode, "set `encoding` to utf-16" in refused.stderr) == (2, True)
    added = tripletlab(*command, "--encoding", "utf-16", "--delimiter", ";")
    assert added.returncode == 0
    assert "1 row spans lines and has ';' between quotation marks" in added.stdout
    sure = tripletlab(*command, "--encoding", "utf-16", "--delimiter", ";", "--quoting", "double")
    assert (sure.returncode, "spans lines" in sure.stdout) == (0, False)
    nli = tmp_path / "nli.jsonl"
    nli.write_text(
        '{"premise": "a", "hypothesis": "b", "gold_label": "entailment"}\n'
        '{"premise": "a", "hypothesis": "c", "gold_label": "-"}\n'
    )
    meanings = '{"entailment": 1, "-": null}'
    command[2:5] = [str(nli), "--name", "nli"]
    told = tripletlab(*command, "--labels", meanings).stdout
    assert "Read as labelled pairs (question1: premise, question2: hypothesis, label: gold_" in told
    assert "1 row is left out, as `labels` says of the label: 1 '-'." in told
    assert "--labels is not JSON" in tripletlab(*command, "--labels", "{entailment: 1}").stderr
    command[2:5] = [str(path), "--name", "mine"]
    merged = ROWS.splitlines()[0] + '\n"a,b,1\nc",d,0\n'
    path.write_text(merged)
    assert "further lines inside these rows: 1\n" in tripletlab(*command).stderr


def test_recipes_are_listed(api: ApiForTests) -> None:
    assert "course-notebook" in tripletlab("recipes", "--url", api.url).stdout


def test_watch_follows_to_the_end_and_prints_the_verdict(api: ApiForTests) -> None:
    made = api.submit()
    train_all(api, made)
    with api.database.transaction() as session:
        plateau = {"loss_per_row": 0.25, "s_ap_mean": 0.99, "s_an_mean": 0.99}
        session.execute(update(Step).where(Step.step <= 5).values(**plateau))
    done = tripletlab("watch", made["id"], "--url", api.url)
    assert done.returncode == 0, done.stderr
    assert "modified against vanilla: test.accuracy" in done.stdout
    assert "undecided" in done.stdout
    assert api.get(f"/v1/experiments/{made['id']}/results")["comparisons"][0]["sentence"] in (
        done.stdout
    )
    assert "2 paired seeds cannot tell which of modified and vanilla leaves the plateau sooner" in (
        done.stdout
    )
    assert "by calling every pair a duplicate" in done.stdout


def test_submit_and_wait_shows_runs_as_they_go(api: ApiForTests, spec_file: Path) -> None:
    def worker() -> None:
        made: dict[str, Any] = {}
        while not made:
            items = api.get("/v1/experiments")["items"]
            made = api.get(f"/v1/experiments/{items[0]['id']}") if items else {}
        train_all(api, made)

    beside = threading.Thread(target=worker)
    beside.start()
    done = tripletlab("submit", str(spec_file), "--wait", "--url", api.url)
    beside.join()
    assert done.returncode == 0, done.stderr
    assert "modified, seed 1: succeeded" in done.stdout
    assert "100 % of 80 steps, succeeded" in done.stdout
    assert "verdict" in done.stdout


def test_a_cancelled_experiment_ends_the_watch_with_1(api: ApiForTests) -> None:
    made = api.submit()
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    done = tripletlab("watch", made["id"], "--url", api.url)
    assert done.returncode == 1
    assert "cancelled" in done.stdout


def test_results_are_printed_whole_as_json(api: ApiForTests) -> None:
    made = api.submit()
    done = tripletlab("results", made["id"], "--json", "--url", api.url)
    assert json.loads(done.stdout) == api.get(f"/v1/experiments/{made['id']}/results")
    assert "so far" in tripletlab("results", made["id"], "--url", api.url).stdout


def train_all(api: ApiForTests, made: dict[str, Any]) -> None:
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"])
