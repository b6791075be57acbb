"""`compare` on files of runs, without a service, and on the tables that the service exports."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.api import ApiForTests, StartService
from support.commands import tripletlab

NOWHERE = "http://127.0.0.1:1"  # port 1 answers nobody
RUNS = ["seed,loss,accuracy,epochs"] + [
    f"{seed},{loss},{base + seed % 4 / 1000:.4f},3"
    for seed in range(8)
    for loss, base in (("vanilla", 0.70), ("modified", 0.72), ("other", 0.7001))
]


def compare(*arguments: str | Path, code: int = 0) -> Any:
    done = tripletlab("compare", *map(str, arguments), TRIPLETLAB_URL=NOWHERE)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(RUNS) + "\n")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    a, b = tmp_path / "modified.csv", tmp_path / "vanilla.csv"
    for path, base in ((a, 0.72), (b, 0.70)):
        rows = [f"{seed},{base + seed % 4 / 1000:.4f}" for seed in range(7 + (path == b))]
        path.write_text("\n".join(["seed,value", *rows]) + "\n")
    return a, b


def test_two_files_are_compared_without_a_service(files: tuple[Path, Path]) -> None:
    done = compare(*files, "--margin", "0.005")
    assert "modified against vanilla: value" in done.stdout
    assert "modified does better than vanilla, with the higher value over 7 seeds" in done.stdout
    assert "The seed that only vanilla has is left out: 7." in done.stdout
    assert "Read the seed from seed, the value from value." in done.stderr
    assert "A higher value is taken as better" in done.stderr
    found = json.loads(compare(*files, "--json", "--metric", "value").stdout)
    assert (found["a"], found["b"], found["verdict"]) == ("modified", "vanilla", "a_better")
    assert (found["declared_by"], found["only_b"], found["equivalence"]) == ("caller", [7], None)


def test_one_file_holds_several_arms_which_are_one_family(runs: Path) -> None:
    done = compare(runs, "--by", "loss", "--margin", "0.005", "--json")
    first, second = json.loads(done.stdout)["comparisons"]
    assert [(one["a"], one["b"]) for one in (first, second)] == [
        ("modified", "vanilla"), ("other", "vanilla"),
    ]  # fmt: skip
    assert (first["metric"], first["verdict"]) == ("accuracy", "a_better")
    assert (second["verdict"], second["multiplicity"]["family"]) == ("equivalent", 2)
    turned = compare(runs, "--by", "loss", "--baseline", "modified", "--json")
    assert {one["b"] for one in json.loads(turned.stdout)["comparisons"]} == {"modified"}


def test_the_direction_and_an_expected_verdict_are_as_they_are_asked(
    files: tuple[Path, Path],
) -> None:
    compare(*files, "--expect", "a_better")
    compare(*files, "--lower-is-better", "--expect", "b_better")
    compare(*files, "--lower-is-better", "--expect", "a_better", code=1)
    few = compare(*files, "--confidence", "0.999", "--expect", "decided", code=3)
    assert "Undecided" in few.stderr


def test_names_of_a_file_are_shown_as_they_are(tmp_path: Path) -> None:
    rows = [f"{seed},{loss},{seed + base}" for seed in range(3) for loss, base in
            (("[bold]a[/]", 1), ("[/nothing]", 2))]  # fmt: skip
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(["seed,loss,score", *rows]) + "\n")
    assert "[/nothing] against [bold]a[/]: score" in compare(path, "--by", "loss").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["RUNS"], "name it with --by: loss"),
        (["RUNS", "absent.csv"], "There is no file absent.csv"),
        (["RUNS", "RUNS", "--by", "loss"], "--by is for one file"),
        (["RUNS", "--by", "loss", "--baseline", "x"], "No arm is called 'x'; the arms are vanilla"),
        (["RUNS", "--by", "loss", "--metric", "acc"], "no column 'acc', which --metric names"),
        (["RUNS", "--by", "loss", "--margin", "-1"], "margin must be a positive number"),
        (["RUNS", "--by", "loss", "--confidence", "2"], "confidence must lie between"),
        (["EXP/one", "EXP/two", "--seed", "seed"], "--seed is for files of runs"),
        (["EXP/one", "EXP/two", "--lower-is-better"], "known of the service's metrics"),
    ],
)
def test_what_is_missing_is_asked_for_by_its_option(
    runs: Path, arguments: list[str], words: str
) -> None:
    made = {"RUNS": str(runs)}
    given = [made.get(one, one.replace("EXP", "exp_" + "0" * 26)) for one in arguments]
    assert words in compare(*given, code=2).stderr


def test_a_table_of_runs_that_the_service_exports_gives_the_services_own_comparison(
    start_service: StartService, tmp_path: Path
) -> None:
    api: ApiForTests = start_service()
    made = api.submit(seeds={"count": 7})
    for run in made["runs"][:-1]:  # the last of `modified` has not begun
        better = 0.02 if run["arm"] == "modified" else 0.0
        api.train(run["id"], accuracy=0.7 + better + 0.001 * (run["seed"] % 3))
    path = tmp_path / "runs.csv"
    exported = tripletlab("export", "table", made["id"], "runs", "-o", str(path), "--url", api.url)
    assert exported.returncode == 0, exported.stderr
    metric = ("--metric", "test.accuracy", "--margin", "0.005")
    found = json.loads(compare(path, "--by", "arm", *metric, "--json").stdout)["comparisons"][0]
    sides = {"a": f"{made['id']}/modified", "b": f"{made['id']}/vanilla"}
    ours = api.get("/v1/comparisons", **sides)
    for name in ("a", "b", "pairs", "interval", "sign_flip_p", "equivalence", "power"):
        assert found[name] == ours[name], name
    assert "1 run of modified that did not finish is left out." in found["sentence"]
    assert found["only_b"] == [6]
