"""`list`, `runs` and `delete`: every id that another command needs, and why runs failed."""

import pytest

from api.client import Client, NoPrediction
from models.states import RunState
from models.store.run_life import runs

from support.api import ApiForTests, StartService, now
from support.commands import run_process, tripletlab

REASON = "the loss is not finite at step 3"


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


def failed(api: ApiForTests) -> str:
    """An experiment of which two runs failed for one reason, and two were cancelled."""
    made = api.submit(name="a-name-of-many-words-" * 4)
    for run in made["runs"][:2]:
        attempt = api.claim(run["id"])
        with api.database.transaction() as session:
            runs.finish(session, run["id"], attempt, RunState.FAILED, reason=REASON, now=now())
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    return str(made["id"])


def test_a_list_in_a_pipe_has_whole_names_what_succeeded_and_why_not(api: ApiForTests) -> None:
    made = failed(api)
    listed = run_process("list", "--url", api.url, COLUMNS="80").stdout
    (row,) = (line for line in listed.splitlines() if made in line)
    for words in ("a-name-of-many-words-" * 4, "0/4 runs", REASON, "questions-generated"):
        assert words in row


def test_results_and_runs_tell_each_reason_once_and_every_id(api: ApiForTests) -> None:
    made = failed(api)
    for command in ("results", "watch", "runs"):
        said = tripletlab(command, made, "--url", api.url).stdout
        assert said.count(f"2 runs failed: {REASON}") == 1, command
        if command != "runs":
            assert f"tripletlab runs {made}" in said
        if command == "watch":
            assert "0 % of 80 steps, failed" in said
    assert api.get(f"/v1/experiments/{made}")["progress"] == 0
    assert api.get("/v1/experiments")["items"][0]["progress"] == 0
    said = tripletlab("runs", made, "--url", api.url).stdout
    assert all(run.id in said for run in api.runs(made))


@pytest.mark.parametrize("command", [("weights",), ("predict", "a", "b"), ("reproduce",)])
def test_an_experiment_where_a_run_is_wanted_is_told_how_to_find_it(
    command: tuple[str, ...],
) -> None:
    verb, *more = command
    done = tripletlab(verb, "exp_x", *more)
    assert (done.returncode, "tripletlab runs exp_x" in done.stderr) == (2, True)


def test_predict_says_at_once_that_no_worker_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(*_: object) -> None:
        raise NoPrediction("the weights are gone")

    run = "run_" + "0" * 26
    replies = {f"/v1/runs/{run}": {"state": "succeeded"}, "/readyz": {"live_workers": 0}}
    monkeypatch.setattr(Client, "get", lambda _, path: replies[path])
    monkeypatch.setattr(Client, "predict", predict)
    waits, ended = tripletlab("predict", run, "a", "b").stderr.splitlines()
    assert waits.startswith("No worker is alive, and one has to compute this: it waits")
    assert ended == "There is no prediction: the weights are gone"
    replies["/readyz"] = {"live_workers": 1}
    assert "No worker" not in tripletlab("predict", run, "a", "b").stderr


def test_an_experiment_and_a_data_set_are_deleted_after_a_question(
    api: ApiForTests, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made, url = failed(api), ("--url", api.url)
    kept = tripletlab("delete", made, *url, stdin="n\n")
    assert kept.returncode == 1
    assert api.get(f"/v1/experiments/{made}")["id"] == made
    done = tripletlab("delete", made, *url, stdin="y\n")
    assert done.returncode == 0
    assert done.stderr.endswith(f"{made} is deleted.\n")
    again = tripletlab("delete", made, "--yes", *url)
    assert (again.returncode, "no experiment" in again.stderr) == (1, True)
    pairs = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    pairs.write_text("question1,question2,is_duplicate\na b,c d,1\ne f,g h,0\n")
    assert tripletlab("datasets", "add", str(pairs), "--name", "mine", *url).returncode == 0
    assert tripletlab("datasets", "delete", "mine", *url, stdin="n\n").returncode == 1
    assert tripletlab("datasets", "delete", "mine", "--yes", *url).returncode == 0
    assert "mine" not in tripletlab("datasets", "list", *url).stdout


def test_submit_tells_where_the_page_shows_it(api: ApiForTests) -> None:
    done = tripletlab("submit", "noise-floor", "--url", api.url)
    assert f"On the page: {api.url}/#/experiments/{done.stdout.strip()}\n" in done.stderr
