"""Export of an experiment to an MLflow tracking server, by its REST API and without MLflow.

The experiment becomes an MLflow experiment, and each run an MLflow run with parameters, tags and
metrics over the steps; one more run, `comparison`, has the verdict and the files. A run that was
exported completely is left as it is, and an incomplete one is exported again, so the command can be
repeated.
"""

import json
import math
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from api.cli.trackers.run_parameters import TrainedRun, trained_runs, values_at
from api.client import Client, Refused, Results
from models.loopback import is_loopback

AT_ONCE = 1000  # metrics in one request, the most that MLflow accepts
TIMEOUT = 60.0  # seconds for a reply
COMPLETE = "tripletlab.whole"
ID = "tripletlab.run"
STATUS = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


class MlflowError(Exception):
    """The tracking server is away or refused the request; the text is its reply."""


class Tracking:
    """Calls to a tracking server; each may raise `MlflowError`."""

    def __init__(self, uri: str, token: str = "", user: str = "", password: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        auth = (user, password) if user else None
        self._uri = uri.rstrip("/")
        try:
            # with a transport of its own, the client does not use the proxies of the environment
            own = httpx.HTTPTransport() if is_loopback(urlsplit(uri).hostname or "") else None
            self._http = httpx.Client(headers=headers, auth=auth, timeout=TIMEOUT, transport=own)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise MlflowError(f"the address or a proxy cannot be used: {error}") from None

    def close(self) -> None:
        self._http.close()

    def post(self, call: str, **body: Any) -> Any:
        return self._call("POST", f"api/2.0/mlflow/{call}", json=body).json()

    def experiment(self, name: str) -> str:
        """Return the id of the experiment of this name, creating it where there is none."""
        try:
            reply = self._call(
                "GET",
                "api/2.0/mlflow/experiments/get-by-name",
                params={"experiment_name": name},
            ).json()
            return str(reply["experiment"]["experiment_id"])
        except _Absent:
            return str(self.post("experiments/create", name=name)["experiment_id"])

    def begin(self, experiment: str, name: str, identity: str, start: int) -> str | None:
        """Create a run for what has this identity; return None where it was exported completely."""
        search = self.post(
            "runs/search", experiment_ids=[experiment], filter=f"tags.`{ID}` = '{identity}'"
        )
        for run in search.get("runs", []):
            tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
            if COMPLETE in tags:
                return None
            self.post("runs/delete", run_id=run["info"]["run_id"])  # its export was interrupted
        made = self.post(
            "runs/create",
            experiment_id=experiment,
            run_name=name,
            start_time=start,
            tags=_pairs({ID: identity}),
        )
        return str(made["run"]["info"]["run_id"])

    def end(self, run: str, state: str, at: int) -> None:
        self.post("runs/log-batch", run_id=run, tags=_pairs({COMPLETE: "true"}))
        self.post("runs/update", run_id=run, status=STATUS.get(state, "RUNNING"), end_time=at)

    def put(self, run: str, file: Path) -> None:
        """Store an artifact through the server's proxy."""
        info = self._call("GET", "api/2.0/mlflow/runs/get", params={"run_id": run}).json()
        uri = urlsplit(info["run"]["info"]["artifact_uri"])
        if uri.scheme != "mlflow-artifacts":
            raise MlflowError(
                f"this server keeps artifacts at {uri.scheme or 'a folder'}, where only clients of "
                "MLflow can write; start it with --serve-artifacts, or export with --no-artifacts"
            )
        place = f"api/2.0/mlflow-artifacts/artifacts/{uri.path.strip('/')}/{file.name}"
        self._call("PUT", place, content=file.read_bytes())

    def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            reply = self._http.request(method, f"{self._uri}/{path}", **request)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise MlflowError(f"no MLflow server answers at {self._uri} ({error})") from None
        if reply.status_code == httpx.codes.NOT_FOUND and "RESOURCE_DOES_NOT_EXIST" in reply.text:
            raise _Absent(reply.text)
        if reply.is_error:
            raise MlflowError(f"{path} answers {reply.status_code}: {reply.text[:500]}")
        return reply


class _Absent(MlflowError):
    pass


def export_to_mlflow(
    client: Client,
    results: Results,
    tracking: Tracking,
    *,
    name: str,
    max_points: int | None,
    artifacts: bool,
    say: Callable[[str], None],
) -> str:
    """Export every run that has done a step, then the comparison, and report each to `say`.

    Returns the id of the MLflow experiment.
    """
    experiment = tracking.experiment(name)
    for run in trained_runs(results):
        view = client.get(f"/v1/runs/{run.id}")
        start, end = _ms(view["started_at"]), _ms(view["finished_at"])
        made = tracking.begin(experiment, run.name, run.id, start)
        if made is None:
            say(f"{run.name}: already exported")
            continue
        tags = {"arm": run.arm, "state": view["state"], "reason": view["reason"]}
        tags |= {f"provenance.{key}": value for key, value in (view["provenance"] or {}).items()}
        tags["weights_sha256"] = view["weights_sha256"]
        tracking.post(
            "runs/log-batch", run_id=made, params=_pairs(run.parameters()), tags=_pairs(tags)
        )
        for batch in _batches(client, run, max_points, start):
            tracking.post("runs/log-batch", run_id=made, metrics=batch)
        tracking.end(made, view["state"], end)
        say(f"{run.name}: exported")
    _comparison(client, results, tracking, experiment, artifacts)
    say("comparison: exported")
    return experiment


def _batches(
    client: Client, run: TrainedRun, max_points: int | None, at: int
) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    for name, table in run.series(client, max_points):
        for step, values in values_at(table):
            # JSON has neither infinity nor NaN, and how MLflow reads their names has changed
            waiting += [
                {"key": f"{name}/{key}", "value": value, "timestamp": at, "step": step}
                for key, value in values.items()
                if math.isfinite(value)
            ]
            while len(waiting) >= AT_ONCE:
                yield waiting[:AT_ONCE]
                waiting = waiting[AT_ONCE:]
    if waiting:
        yield waiting


def _comparison(
    client: Client, results: Results, tracking: Tracking, experiment: str, artifacts: bool
) -> None:
    """Export the comparison anew each time, since the verdict may have changed."""
    now = _ms(None)
    identity = f"{results.experiment}/comparison"
    for run in tracking.post(
        "runs/search", experiment_ids=[experiment], filter=f"tags.`{ID}` = '{identity}'"
    ).get("runs", []):
        tracking.post("runs/delete", run_id=run["info"]["run_id"])
    made = tracking.begin(experiment, "comparison", identity, now)
    assert made is not None
    tags = {"state": results.state, "mlflow.note.content": results.sentence}
    metrics: dict[str, float | None] = {}
    for one in results.decisions:
        tags[f"verdict {one.a} against {one.b}"] = one.verdict
        difference = f"{one.a} minus {one.b}"
        low, high = one.interval or (None, None)
        metrics |= {difference: one.mean_difference}
        metrics |= {f"{difference}: low": low, f"{difference}: high": high}
    if (floor := results.noise_floor) is not None:
        metrics |= {"noise floor/sd": floor.sd}
        metrics |= {f"noise floor/{k}": v for k, v in floor.two_runs_differ_by.items()}
    if (sources := results.seed_sources) is not None:
        by_source = sources.sources
        names = [f"noise floor/sd by {source}" for source in by_source["source"]]
        metrics |= dict(zip(names, by_source["sd"], strict=True))
    measured = [
        {"key": allowed_name(key), "value": value, "timestamp": now, "step": 0}
        for key, value in metrics.items()
        if value is not None
    ]
    tracking.post("runs/log-batch", run_id=made, tags=_pairs(tags), metrics=measured)
    if artifacts:
        with tempfile.TemporaryDirectory() as folder:
            for file in _files(client, results, Path(folder)):
                tracking.put(made, file)
    tracking.end(made, results.state, now)


def _files(client: Client, results: Results, folder: Path) -> Sequence[Path]:
    spec, whole = folder / "spec.json", folder / "results.json"
    spec.write_text(json.dumps(results.document["spec"], indent=2, ensure_ascii=False))
    whole.write_text(json.dumps(results.document, ensure_ascii=False))
    try:
        return spec, whole, client.report(results.experiment, folder / "report.html")
    except Refused:  # the service cannot draw pictures
        return spec, whole


def _pairs(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return tags or parameters as MLflow takes them: it refuses empty and overlong values."""
    return [
        {"key": allowed_name(key), "value": str(value)[:5000]}
        for key, value in values.items()
        if value not in (None, "")
    ]


def allowed_name(name: str) -> str:
    """Return the name of a metric, parameter or tag as MLflow takes it: it refuses the `+` of some
    arms, and the `=` and `,` of cells and effects."""
    return re.sub(r"[^\w./:-]+", " ", name)


def _ms(moment: str | None) -> int:
    when = datetime.now(UTC) if moment is None else datetime.fromisoformat(moment)
    return int(when.timestamp() * 1000)
