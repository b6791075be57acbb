"""The lines beside every result: what its metrics are without training."""

from api.results.comparability import Compared
from api.results.views import Baselines, MetricLines
from models.comparison.families import SECONDARY
from models.comparison.lines import NO_LINES
from models.store.tables import Experiment


def baselines_of(row: Experiment, compared: Compared) -> Baselines:
    """Return the lines of an experiment, as far as its runs have measured them."""
    deciding = compared.spec.decision.metric

    def zero_shot(metric: str) -> dict[str, float] | None:
        by_arm = compared.zero_shot.items()
        return {arm: own[metric] for arm, own in by_arm if metric in own} or None

    by_metric = {
        metric: MetricLines(
            untrained=dict(compared.untrained[metric]) or None,
            tf_idf=compared.lines.get(metric, NO_LINES).tf_idf,
            zero_shot=zero_shot(metric),
        )
        for metric in dict.fromkeys((deciding, *SECONDARY))
    }
    return Baselines(
        majority=row.baseline_majority,
        collapsed=row.baseline_collapsed,
        by_metric=by_metric,
        **by_metric[deciding].model_dump(),
    )
