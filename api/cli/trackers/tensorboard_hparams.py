"""What TensorBoard's hparams plugin shows of an experiment: a row for each run, of its parameters,
state and metrics.

The plugin reads the columns of its table from the first file that has them, so every file has those
of all runs: an arm may have parameters that another has not. A column has one type; where a
parameter is a number in one arm and a word in another, it is a word in all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from api.cli.trackers.run_parameters import TrainedRun

PLUGIN = "hparams"
VERSION = 0  # of the plugin's data, the only one that there is
STATES = {"succeeded": 1, "failed": 2, "cancelled": 2}  # STATUS_SUCCESS, STATUS_FAILURE
RUNNING = 3
STRING, BOOL, NUMBER = 1, 2, 3  # types of a column
FIELDS = {STRING: "string_value", BOOL: "bool_value", NUMBER: "number_value"}
VALIDATION = 2

Values = Mapping[str, str | float | bool]


class HyperparameterTable:
    """The columns of the table over all `runs`, and what each run writes into it.

    `metrics` are those of evaluations, as `/v1/metrics` lists them. Making one raises `ImportError`
    without tensorboardX.
    """

    def __init__(self, runs: Sequence[TrainedRun], metrics: Sequence[Mapping[str, Any]]) -> None:
        # here: it is optional, and slow to import
        from tensorboardX.proto import api_pb2, plugin_hparams_pb2, summary_pb2

        self._api, self._plugin, self._summary = api_pb2, plugin_hparams_pb2, summary_pb2
        self._metrics = {one["name"]: one for one in metrics}
        self._measured = dict.fromkeys(name for run in runs for name in run.document["metrics"])
        every: dict[str, list[Any]] = {}
        for run in runs:
            for name, value in run.parameters().items():
                every.setdefault(name, []).append(value)
        self._values = every
        self._types = {name: _type_of(values) for name, values in every.items()}

    def columns(self) -> Any:
        """Return the summary that names every column."""
        parameters = [self._parameter(name) for name in self._values]
        metrics = [self._metric(name) for name in self._measured]
        made = self._api.Experiment(hparam_infos=parameters, metric_infos=metrics)
        return self._tagged("_hparams_/experiment", experiment=made)

    def begin(self, run: TrainedRun, began: float, address: str) -> Any:
        """Return the summary of a run's parameters; `began` is in seconds since 1970, `address`
        leads to the run's page."""
        start = self._plugin.SessionStartInfo(start_time_secs=began, monitor_url=address)
        for name, value in run.parameters().items():
            field = FIELDS[self._types[name]]
            setattr(start.hparams[name], field, self._as_typed(name, value))
        return self._tagged("_hparams_/session_start_info", session_start_info=start)

    def end(self, state: str, finished_at: str | None) -> Any:
        """Return the summary of a run's state, and of its end where it has ended."""
        end = self._plugin.SessionEndInfo(status=STATES.get(state, RUNNING))
        if finished_at is not None:
            end.end_time_secs = datetime.fromisoformat(finished_at).timestamp()
        return self._tagged("_hparams_/session_end_info", session_end_info=end)

    def _parameter(self, name: str) -> Any:
        made = self._api.HParamInfo(name=name, type=self._types[name])
        if self._types[name] != NUMBER:  # their values are boxes to tick, in the order of the arms
            words = dict.fromkeys(self._as_typed(name, value) for value in self._values[name])
            made.domain_discrete.extend(list(words))
        return made

    def _as_typed(self, name: str, value: Any) -> Any:
        return str(value) if self._types[name] == STRING else value

    def _metric(self, name: str) -> Any:
        split, _, metric = name.partition(".")
        about = self._metrics.get(metric, {})
        made = self._api.MetricInfo(
            name=self._api.MetricName(tag=f"{split}/{metric}"),
            display_name=f"{split} {about.get('label', metric)}",
            description=about.get("description", ""),
        )
        if split == "validation":
            made.dataset_type = VALIDATION
        return made

    def _tagged(self, tag: str, **what: Any) -> Any:
        content = self._plugin.HParamsPluginData(version=VERSION, **what).SerializeToString()
        metadata = self._summary.SummaryMetadata(
            plugin_data=self._summary.SummaryMetadata.PluginData(
                plugin_name=PLUGIN, content=content
            )
        )
        return self._summary.Summary(
            value=[self._summary.Summary.Value(tag=tag, metadata=metadata)]
        )


def _type_of(values: Sequence[Any]) -> int:
    if all(isinstance(value, bool) for value in values):
        return BOOL
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return NUMBER
    return STRING
