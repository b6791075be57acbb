"""What scripts rely on: JSON and nothing else, exit codes, completion; and what people see."""

import json
import os
import pty
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from models.store.metrics import rows
from models.store.run_life import runs

from support.api import SPEC, ApiForTests, StartService, now
from support.commands import COMMAND, PATIENCE, environment, run_process, tripletlab
from support.receivers import Receiver
from support.stored import step_row
from support.workers import wait_until


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


def ended(api: ApiForTests, difference: float = 0.0, seeds: int = 7) -> dict[str, Any]:
    """An experiment whose arm `modified` is better by the difference under every seed."""
    made = api.submit(seeds={"count": seeds})
    for run in made["runs"]:
        spread = 0.001 * (run["seed"] % 3)
        better = difference + spread / 10 if run["arm"] == "modified" else 0.0
        api.train(run["id"], accuracy=0.7 + spread + better)
    return made


def test_json_is_the_reply_of_the_service_and_nothing_else(
    api: ApiForTests, tmp_path: Path
) -> None:
    made = ended(api)
    place, url = f"/v1/experiments/{made['id']}", ("--json", "--url", api.url)
    a, b = f"{made['id']}/modified", f"{made['id']}/vanilla"
    for command, path, query in (
        (("results", made["id"]), f"{place}/results", {}),
        (("watch", made["id"]), f"{place}/results", {}),
        (("compare", a, b), "/v1/comparisons", {"a": a, "b": b}),
        (("list",), "/v1/experiments", {"limit": 20}),
        (("recipes",), "/v1/recipes", {}),
        (("datasets", "list"), "/v1/datasets", {}),
        (("webhooks", "list"), "/v1/webhooks", {}),
        (("cancel", made["id"]), place, {}),
    ):
        done = tripletlab(*command, *url)
        assert done.returncode == 0, (command, done.stderr)
        assert json.loads(done.stdout) == api.get(path, **query), command
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))
    submitted = json.loads(tripletlab("submit", str(spec), *url).stdout)
    assert submitted["spec"]["name"] == SPEC["name"]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("question1,question2,is_duplicate\na b,c d,1\ne f,g h,0\n")
    added = tripletlab("datasets", "add", str(pairs), "--name", "mine", *url)
    assert json.loads(added.stdout)["rows"] == 2


def test_a_terminal_that_cannot_hold_a_character_gets_the_rest(api: ApiForTests) -> None:
    made = api.submit(name="Is Ω better?")
    poor = {"PYTHONIOENCODING": "ascii", "TRIPLETLAB_URL": api.url}
    for command in (("results", made["id"]), ("list",)):
        done = run_process(*command, **poor)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert "Is ? better?" in done.stdout
    listed = run_process("list", "--json", **poor)
    assert json.loads(listed.stdout)["items"][0]["name"] == "Is Ω better?"


@pytest.mark.parametrize(
    ("difference", "seeds", "expected", "code"),
    [
        (0.02, 7, "decided", 0),
        (0.02, 7, "a_better", 0),
        (0.02, 7, "b_better", 1),
        (0.02, 7, "equivalent", 1),
        (0.0, 7, "equivalent", 0),
        (0.02, 2, "decided", 3),
        (0.02, 2, "a_better", 3),
    ],
)
def test_a_verdict_that_is_expected_is_an_exit_code(
    api: ApiForTests, difference: float, seeds: int, expected: str, code: int
) -> None:
    made = ended(api, difference, seeds)
    for command in (
        ("results", made["id"]),
        ("watch", made["id"]),
        ("compare", f"{made['id']}/modified", f"{made['id']}/vanilla"),
    ):
        done = tripletlab(*command, "--expect", expected, "--url", api.url)
        assert done.returncode == code, (command, done.stdout, done.stderr)
        assert ("was expected" in done.stderr) == (code != 0)


def test_a_verdict_while_seeds_go_on_is_no_verdict_to_a_script(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 7})
    for run in made["runs"]:
        if run["seed"] < 6:
            api.train(run["id"], accuracy=0.8 if run["arm"] == "modified" else 0.7)
    for command in (
        ("results", made["id"]),
        ("compare", f"{made['id']}/modified", f"{made['id']}/vanilla"),
    ):
        done = tripletlab(*command, "--expect", "decided", "--url", api.url)
        assert done.returncode == 3, (command, done.stdout)
        assert "6 of 7 planned seeds so far" in done.stdout
        if command[0] == "results":
            assert "How the arms differ" in done.stdout
            assert "closest negative: relu(margin - s_ap + max(s_an))" in done.stdout


def test_submit_and_wait_ends_with_3_while_the_verdict_is_undecided(
    api: ApiForTests, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))

    def work() -> None:
        made = wait_until("an experiment", lambda: api.get("/v1/experiments")["items"])[0]
        for run in api.runs(made["id"]):
            api.train(run.id, accuracy=0.7)

    worker = threading.Thread(target=work)
    worker.start()
    command = ("submit", str(spec), "--wait", "--json", "--expect", "decided", "--url", api.url)
    done = tripletlab(*command)
    worker.join()
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["complete"] is True
    alone = tripletlab("submit", str(spec), "--expect", "decided", "--url", api.url)
    assert (alone.returncode, "--wait" in alone.stderr) == (2, True)
    assert tripletlab("results", "exp_x", "--expect", "maybe").returncode == 2


def test_experiments_are_listed_and_cancelled(api: ApiForTests) -> None:
    made = api.submit()
    listed = tripletlab("list", "--state", "queued", "--url", api.url)
    assert made["id"] in listed.stdout
    assert "0/4" in listed.stdout
    done = tripletlab("cancel", made["id"], "--url", api.url)
    assert done.stderr == f"{made['id']} is cancelled: no run goes on.\n"
    assert made["id"] not in tripletlab("list", "--state", "queued", "--url", api.url).stdout
    again = tripletlab("cancel", made["id"], "--url", api.url)
    assert again.stderr == f"{made['id']} had ended before, as cancelled: nothing was cancelled.\n"
    wrong = tripletlab("list", "--state", "asleep", "--url", api.url)
    assert (wrong.returncode, "--state" in wrong.stderr) == (2, True)


def test_cancelling_says_how_many_runs_go_on_for_now(api: ApiForTests) -> None:
    made = api.submit()
    for run in made["runs"][:2]:
        api.claim(run["id"])
    done = tripletlab("cancel", made["id"], "--url", api.url)
    assert done.stderr == f"{made['id']} is being cancelled; 2 runs still have to stop.\n"


def test_what_has_succeeded_is_neither_cancelled_nor_retried(api: ApiForTests) -> None:
    made = ended(api)
    done = tripletlab("cancel", made["id"], "--url", api.url)
    words = f"{made['id']} had ended before, as succeeded: nothing was cancelled.\n"
    assert (done.returncode, done.stderr) == (0, words)
    done = tripletlab("retry", made["id"], "--url", api.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nothing was queued again" in done.stderr
    queued = api.submit()["id"]
    done = tripletlab("retry", queued, "--url", api.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{queued} is queued, and only failed and cancelled runs are" in done.stderr


def test_a_comparison_is_shown_with_its_sentence(api: ApiForTests) -> None:
    made = ended(api, 0.02)
    a, b = f"{made['id']}/modified", f"{made['id']}/vanilla"
    done = tripletlab("compare", a, b, "--url", api.url)
    assert api.get("/v1/comparisons", a=a, b=b)["sentence"] in done.stdout
    begun = made["id"].removeprefix("exp_")[:-2]
    again = tripletlab("compare", "latest/modified", f"{begun}/vanilla", "--url", api.url)
    assert again.stdout == done.stdout
    other = tripletlab("compare", a, b, "--metric", "test.roc_auc", "--url", api.url)
    assert "test.roc_auc" in other.stdout
    assert "modified better" in done.stdout
    wrong = tripletlab("compare", a, a, "--url", api.url)
    assert (wrong.returncode, " B: " in wrong.stderr) == (2, True)


def test_the_shell_is_offered_recipes_and_experiments(api: ApiForTests) -> None:
    made = api.submit()

    def offered(words: str) -> str:
        asking = {"_TRIPLETLAB_COMPLETE": "complete_bash", "COMP_WORDS": words}
        asking["COMP_CWORD"] = str(len(words.split(" ")) - 1)
        return subprocess.run(
            [COMMAND],
            env=environment(TRIPLETLAB_URL=api.url) | asking,
            capture_output=True,
            text=True,
        ).stdout

    assert "course-notebook" in offered("tripletlab submit cour").split()
    assert made["id"] in offered("tripletlab watch exp").split()
    assert "recipes" in offered("tripletlab rec").split()


def test_a_terminal_shows_a_bar_and_a_curve_for_each_run_and_ctrl_c_leaves_it_going(
    api: ApiForTests, request: pytest.FixtureRequest
) -> None:
    made = api.submit()
    first = made["runs"][0]
    api.train(first["id"], accuracy=0.7)
    attempt = half_done(api, made["runs"][1]["id"])
    assert attempt == 1
    ours, theirs = pty.openpty()
    watching = subprocess.Popen(
        [COMMAND, "watch", made["id"], "--url", api.url],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm-256color", COLUMNS="140"),
        start_new_session=True,
    )
    os.close(theirs)
    request.addfinalizer(watching.kill)
    seen = bytearray()

    def curve() -> bool:
        seen.extend(os.read(ours, 65536))
        said = seen.decode(errors="replace")
        return "loss 0.0039 a row" in said and "10/20" in said

    wait_until("the curve, and the bar beside it", curve)
    shown = seen.decode(errors="replace")
    assert f"{made['runs'][1]['arm']} · seed {made['runs'][1]['seed']}" in shown
    assert "█" in shown
    watching.send_signal(signal.SIGINT)
    while True:  # what it said last may be read after its end
        try:
            seen.extend(os.read(ours, 65536))
        except OSError:  # the other side is closed
            break
    assert watching.wait(PATIENCE) == 130
    os.close(ours)
    assert "goes on" in seen.decode(errors="replace")
    assert api.get(f"/v1/experiments/{made['id']}")["state"] == "running"


def half_done(api: ApiForTests, run_id: str) -> int:
    attempt = api.claim(run_id)
    with api.database.transaction() as session:
        steps = [step_row(step, loss=10.0 / step) for step in range(1, 11)]
        rows.append_steps(session, run_id, steps)
        runs.advance(session, run_id, attempt, 10, now())
    return attempt


def test_webhooks_are_added_listed_and_removed(start_service: StartService) -> None:
    with Receiver() as receiver:
        api = start_service(webhook_hosts=receiver.place)
        url = ("--url", api.url)
        added = tripletlab("webhooks", "add", receiver.url, "--on", "failed", *url)
        assert added.stdout.startswith("whsec_")
        (hook,) = api.get("/v1/webhooks")["items"]
        assert hook["events"] == ["experiment.failed"]
        assert hook["id"] in tripletlab("webhooks", "list", *url).stdout
        assert tripletlab("webhooks", "deliveries", hook["id"], *url).returncode == 0
        assert tripletlab("webhooks", "remove", hook["id"], *url).returncode == 0
        assert api.get("/v1/webhooks")["items"] == []
        refused = tripletlab("webhooks", "add", "https://hooks.example.org/", *url)
        assert refused.returncode == 2
        assert "TRIPLETLAB_WEBHOOK_HOSTS" in refused.stderr
