"""`serve`, `demo` and the example of the client: they work as started, and leave nothing behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.commands import PATIENCE, environment, stopped, tripletlab
from support.faults.processes import supervisors_in
from support.pretrained import toy_files, write_folder
from support.process_tree import still_alive
from support.project import ROOT
from support.serving import Served
from support.tiny_recipe import TINY_RECIPE
from support.uploads import own_pairs
from support.workers import wait_until

TINY: dict[str, Any] = {**TINY_RECIPE, "seeds": {"count": 1}}


EXAMPLE = ROOT / "docs" / "client_example.py"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    service = Served(tmp_path)
    yield service
    service.process.kill()
    service.process.wait()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service for tests that leave it running, and the one that ends it."""
    service = Served(tmp_path_factory.mktemp("served"))
    yield service
    service.process.kill()
    service.process.wait()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="what is loaded is read from /proc")
def test_what_verdicts_need_is_loaded_before_anybody_asks_for_one(shared: Served) -> None:
    maps = Path(f"/proc/{shared.process.pid}/maps")
    wait_until("scipy", lambda: "/scipy/special/" in maps.read_text())


@pytest.mark.timeout(5 * PATIENCE)  # a worker's processes start slowly on a busy machine
def test_the_example_of_the_client_runs_to_its_end_where_only_the_file_is(
    shared: Served, tmp_path: Path
) -> None:
    file = httpx.get(f"{shared.url}/client/tripletlab.py", timeout=60)
    assert file.headers["content-type"].startswith("text/x-python")
    (tmp_path / "tripletlab.py").write_bytes(file.content)
    shutil.copy(EXAMPLE, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLE.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        env=environment(TRIPLETLAB_URL=shared.url) | {"PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stderr
    for told in (
        "kitchen: 800 pairs",
        "'pointer': '/batch_size'",
        "4 runs, about",
        "a verdict needs at least 6 seeds",
        "undecided",
        "weights.safetensors",
    ):
        assert told in done.stdout, (told, done.stdout)


def test_a_small_data_set_gets_from_its_file_to_a_verdict_without_a_size_named(
    shared: Served, tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(own_pairs(1000))
    place = {"TRIPLETLAB_URL": shared.url}
    added = tripletlab("datasets", "add", str(file), "--name", "own-pairs", **place)
    assert added.returncode == 0, added.stderr
    quick = ('encoder={"kind": "bag", "embedding_dim": 4}', "steps=4", "seeds.count=2")
    changes = [part for one in ("dataset=own-pairs", *quick) for part in ("--set", one)]
    done = tripletlab("submit", TINY["recipe"], *changes, "--wait", **place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "modified against vanilla: test.accuracy" in done.stdout
    assert "The first 800 rows train and the next 200 test" in done.stderr
    assert "A batch has 64 pairs" in done.stderr
    assert "With 2 seeds no arm can be called better" in done.stderr
    (made,) = httpx.get(f"{shared.url}/v1/experiments?dataset=own-pairs").json()["items"]
    assert [one["verdict"] for one in made["verdicts"]] == ["undecided"]
    spec = httpx.get(f"{shared.url}/v1/experiments/{made['id']}").json()["spec"]
    assert (spec["batch_size"], spec["split"]["train_rows"]) == (64, 800)


def test_the_recipe_of_a_pretrained_encoder_asks_for_a_model_and_gets_to_a_verdict(
    shared: Served, tmp_path: Path
) -> None:
    pytest.importorskip("transformers", reason="needs the extra `pretrained`")
    place = {"TRIPLETLAB_URL": shared.url}
    refused = tripletlab("submit", "pretrained", **place)
    assert refused.returncode == 2
    assert "/encoder/model" in refused.stderr
    assert "tripletlab models add FOLDER --name minilm" in " ".join(refused.stderr.split())
    folder = write_folder(toy_files(), tmp_path / "toy")
    added = tripletlab("models", "add", str(folder), "--name", "minilm", **place)
    assert added.returncode == 0, added.stderr
    small = ("split.train_rows=1000", "split.test_rows=100", "validation_pairs=32", "batch_size=8")
    # so wide a margin that the verdict does not hang on what four steps do to a toy
    few = ("seeds.count=6", "decision.equivalence_margin=0.5")
    quick = ("encoder.max_tokens=24", "steps=4", "evaluate_every=4", *few, *small)
    changes = [part for one in quick for part in ("--set", one)]
    done = tripletlab("submit", "pretrained", *changes, "--wait", **place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A run needs about 0.5 GB of memory." in done.stderr
    made = httpx.get(f"{shared.url}/v1/experiments").json()["items"][0]
    results = httpx.get(f"{shared.url}/v1/experiments/{made['id']}/results").json()
    primary = results["comparisons"][0]
    assert (primary["a"], primary["b"]) == ("multiple negatives", "course")
    assert (primary["verdict"], len(primary["pairs"])) == ("equivalent", 6), primary["sentence"]
    assert results["baselines"]["zero_shot"].keys() == {"course", "multiple negatives"}
    assert len(set(results["baselines"]["zero_shot"].values())) == 1


@pytest.mark.parametrize(
    ("recipe", "arms"),
    [
        ("own-formula", ("soft maximum", "closest")),
        ("labelled-negatives", ("given too", "in batch")),
    ],
)
def test_a_recipe_ends_in_a_verdict_under_six_seeds(
    shared: Served, recipe: str, arms: tuple[str, str]
) -> None:
    asked = {
        **TINY, "recipe": recipe, "dataset": "questions-generated", "seeds": {"count": 6},
        "decision": {"equivalence_margin": 0.5},
    }  # fmt: skip
    made = httpx.post(f"{shared.url}/v1/experiments", json=asked, timeout=60).json()
    place = f"{shared.url}/v1/experiments/{made['id']}"
    wait_until("the end", lambda: httpx.get(place, timeout=60).json()["state"] == "succeeded")
    results = httpx.get(f"{place}/results", timeout=60).json()
    primary = results["comparisons"][0]
    assert (primary["a"], primary["b"]) == arms
    assert (primary["verdict"], len(primary["pairs"])) == ("equivalent", 6), primary["sentence"]
    given = next(arm for arm in results["arms"] if arm["name"] == arms[0])["runs"][0]
    steps = httpx.get(f"{shared.url}/v1/runs/{given['id']}/steps", timeout=60).json()
    measured = [value for value in steps["s_given_mean"] if value is not None]
    assert bool(measured) == (recipe == "labelled-negatives")


def test_serve_trains_survives_its_workers_death_and_stops_with_all_its_children(
    shared: Served,
) -> None:
    wait_until("a live worker", lambda: shared.ready()["live_workers"] == 1)
    assert shared.ready()["ready"] is True
    submitted = httpx.post(f"{shared.url}/v1/experiments", json=TINY, timeout=60).json()
    place = f"{shared.url}/v1/experiments/{submitted['id']}"
    wait_until("the end", lambda: httpx.get(place).json()["state"] == "succeeded")
    results = httpx.get(f"{place}/results").json()
    assert results["complete"] is True
    assert len(results["comparisons"][0]["pairs"]) == 1
    scores = httpx.get(f"{shared.url}/v1/runs/{submitted['runs'][0]['id']}/scores").json()
    assert len(scores["score"]) == 100

    (worker,) = _workers(shared)
    os.kill(worker, signal.SIGKILL)
    wait_until("another worker", lambda: _workers(shared) - {worker})

    family = shared.family()
    assert len(family) > 1
    assert stopped(shared.process, signal.SIGTERM) == 0, shared.log.read_text()
    assert still_alive(family) == set()


def test_the_children_of_a_killed_serve_end_by_themselves(served: Served) -> None:
    wait_until("a live worker", lambda: served.ready()["live_workers"] == 1)
    family = served.family()
    served.process.kill()
    served.process.wait()
    wait_until("the end of its children", lambda: not still_alive(family))


def test_serve_without_a_worker_accepts_and_keeps_across_a_restart(tmp_path: Path) -> None:
    first = Served(tmp_path, "--no-worker")
    made = httpx.post(f"{first.url}/v1/experiments", json=TINY, timeout=60).json()
    assert stopped(first.process, signal.SIGINT) == 0
    again = Served(tmp_path, "--no-worker")
    kept = httpx.get(f"{again.url}/v1/experiments/{made['id']}").json()
    assert (kept["state"], kept["spec"]) == ("queued", made["spec"])
    assert stopped(again.process, signal.SIGTERM) == 0


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = tripletlab("serve", "--port", port, "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_shows_the_answer_and_ends_by_itself(tmp_path: Path) -> None:
    changes = [
        *("encoder={'kind': 'bag', 'embedding_dim': 4}".replace("'", '"'),),
        *("steps=4", "evaluate_every=2", "batch_size=16", "seeds.count=2"),
        *("split.train_rows=1000", "split.test_rows=100", "validation_pairs=32"),
    ]
    arguments = [part for change in changes for part in ("--set", change)]
    place = ("--data-dir", str(tmp_path))
    done = tripletlab("demo", "--once", *place, *arguments, TRIPLETLAB_WORKERS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "modified against vanilla: test.accuracy" in done.stdout
    assert "undecided" in done.stdout
    assert "Baselines of every accuracy" in done.stdout
    assert "What it means: these seeds cannot tell" in done.stderr
    assert "benchmarks/forum_question.md" in done.stderr
    assert re.search(r"answers at http://127.0.0.1:\d+", done.stderr)
    # the first line of its progress, while the worker that it starts is not there yet
    assert "waiting for the worker, which is starting" in done.stdout
    assert "none is alive" not in done.stdout
    # a link would lead to a service that has ended
    assert "/#/experiments/" not in done.stderr
    assert f"tripletlab serve --data-dir {tmp_path} shows the results again" in done.stderr


def _workers(served: Served) -> set[int]:
    return set(supervisors_in(served.family()))
