"""TensorBoard's own hparams plugin reads what `export tensorboard` writes: a row for each run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.states import RunState
from models.store.metrics import rows
from models.store.run_life import runs

from support.api import ARMS, ApiForTests, StartService, now
from support.commands import tripletlab
from support.stored import step_row

READ_HPARAMS = """
import json, sys
from tensorboard import context
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, get_experiment, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context

read = EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()
shown = Context(TBContext(data_provider=MultiplexerDataProvider(read, sys.argv[1])))
asked = (context.RequestContext(), shown, "")
whole = get_experiment.Handler(*asked, api_pb2.GetExperimentRequest(include_metrics=True)).run()
names = [one.name for one in whole.metric_infos]
wanted = api_pb2.ListSessionGroupsRequest(
    start_index=0, slice_size=100, include_metrics=True,
    allowed_statuses=list(api_pb2.Status.values()),
    col_params=[api_pb2.ColParams(metric=name) for name in names],
)
groups = list_session_groups.Handler(*asked, wanted).run()
print(json.dumps({
    "columns": {one.name: one.type for one in whole.hparam_infos},
    "choices": {one.name: list(one.domain_discrete) for one in whole.hparam_infos},
    "metrics": {one.name.tag: one.display_name for one in whole.metric_infos},
    "rows": {
        session.name: {
            "status": session.status,
            "link": session.monitor_url,
            "values": {
                name: getattr(value, value.WhichOneof("kind"))
                for name, value in group.hparams.items()
            },
            "metrics": {one.name.tag: one.value for one in session.metric_values},
        }
        for group in groups.session_groups for session in group.sessions
    },
}))
"""
"""What TensorBoard's own plugin shows as its table: columns, and a row for each run."""


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


def test_tensorboards_plugin_shows_parameters_states_and_metrics_of_every_run(
    api: ApiForTests, tmp_path: Path
) -> None:
    # its own encoder has a field that the others' have not, and one of another type
    lstm = {"kind": "lstm", "hidden_dim": 32, "init": "trax"}
    other = {**ARMS[1], "name": "lstm", "encoder": lstm, "batch_size": 16}
    made = api.submit(arms=[*ARMS, other], encoder={"kind": "bag"}, seeds={"count": 1})
    *done, failed = made["runs"]
    for run in done:
        api.train(run["id"], accuracy=0.7 + 0.01 * done.index(run))
    attempt = api.claim(failed["id"])
    with api.database.transaction() as session:
        rows.append_steps(session, failed["id"], [step_row(1)])
        runs.advance(session, failed["id"], attempt, 1, now())
        end = RunState.FAILED
        runs.finish(session, failed["id"], attempt, end, reason="it diverged", now=now())
    place = ("-o", str(tmp_path), "--url", api.url)
    assert tripletlab("export", "tensorboard", made["id"], *place).returncode == 0
    command = [sys.executable, "-W", "ignore", "-c", READ_HPARAMS, str(tmp_path)]
    read = subprocess.run(command, capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    found = json.loads(read.stdout)
    text, boolean, number = 1, 2, 3
    kinds = {"arm": text, "encoder.init": text, "encoder.hidden_dim": number, "batch_size": number}
    assert kinds.items() <= found["columns"].items()
    assert found["columns"]["loss.exclude_known_duplicates"] == boolean
    assert found["choices"]["arm"] == ["vanilla", "modified", "lstm"]
    assert found["choices"]["batch_size"] == []
    assert found["metrics"]["test/roc_auc"] == "test ROC-AUC"
    shown = found["rows"]
    assert set(shown) == {f"{run['arm']}/seed-0" for run in made["runs"]}
    last = shown[f"{failed['arm']}/seed-0"]
    success, failure = 1, 2
    assert [shown[f"{run['arm']}/seed-0"]["status"] for run in done] == [success] * 2
    assert last["status"] == failure
    for run in done:
        own = shown[f"{run['arm']}/seed-0"]
        accuracy = 0.7 + 0.01 * done.index(run)
        assert own["metrics"]["test/accuracy"] == pytest.approx(accuracy)
        assert own["values"]["arm"] == run["arm"]
        assert own["link"] == f"{api.url}/#/runs/{run['id']}"
    by_arm = {name.partition("/")[0]: one["values"] for name, one in shown.items()}
    assert by_arm["lstm"]["encoder.hidden_dim"] == 32
    assert "encoder.hidden_dim" not in by_arm["vanilla"]
    assert (by_arm["lstm"]["batch_size"], by_arm["lstm"]["encoder.init"]) == (16, "trax")
