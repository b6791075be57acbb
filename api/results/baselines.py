"""The lines beside every result: what its metrics are without training."""

from api.results.comparability import Compared
from api.results.views import Baselines, MetricLines
from models.comparison.families import SECONDARY
from models.comparison.lines import NO_LINES
from models.store.tables import Experiment


def baselines_of(row: Experiment, compared: Compared) -> Baselines:
    """Return the lines of an experiment, as far as its runs have measured them."""
    deciding = compared.spec.decision.metric
    pretrained = {arm.name: compared.spec.starts_pretrained(arm.name) for arm in compared.spec.arms}

    def starts(metric: str, *, of_models: bool) -> dict[str, float] | None:
        by_arm = compared.untrained[metric].items()
        return {arm: value for arm, value in by_arm if pretrained[arm] == of_models} or None

    by_metric = {
        metric: MetricLines(
            untrained=starts(metric, of_models=False),
            tf_idf=compared.lines.get(metric, NO_LINES).tf_idf,
            zero_shot=starts(metric, of_models=True),
        )
        for metric in dict.fromkeys((deciding, *SECONDARY))
    }
    return Baselines(
        majority=row.baseline_majority,
        collapsed=row.baseline_collapsed,
        by_metric=by_metric,
        **by_metric[deciding].model_dump(),
    )
