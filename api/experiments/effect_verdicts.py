"""The verdicts on the effects of factors in a list of experiments, the largest effect first.

They are those of the results document, without its sentences.
"""

from collections.abc import Mapping, Sequence

from api.experiments.kept_verdicts import kept_verdicts
from api.experiments.views import VerdictView
from models.comparison.declared_rule import declared_rule
from models.comparison.inputs import ArmValues
from models.comparison.lines import Lines
from models.comparison.schema import Statistic
from models.factors.effects import EffectInput, effect_input, smallness
from models.factors.sentences import effect_warnings
from models.specs.experiment import ExperimentSpec
from models.store.tables import LookVerdict


def final_effect_verdicts(
    spec: ExperimentSpec, cells: Mapping[str, ArmValues], lines: Lines, *, awaited: int
) -> list[VerdictView]:
    """Return the verdict on each declared effect of an experiment that has ended; none is decided
    where runs are `awaited` nevertheless."""
    inputs = _inputs(spec, cells, lines, awaited=awaited)
    judged = kept_verdicts([one.compared for one in inputs])
    return _views([(one, *found) for one, found in zip(inputs, judged, strict=True)])


def interim_effect_verdicts(
    spec: ExperimentSpec,
    cells: Mapping[str, ArmValues],
    lines: Lines,
    looks: Mapping[str, LookVerdict],
) -> list[VerdictView]:
    """Return the last verdict of the looks on each effect that they have judged, by its name."""
    return _views(
        [
            (one, looks[key].mean_difference, looks[key].verdict)
            for one in _inputs(spec, cells, lines)
            if (key := one.declared.key) in looks
        ]
    )


def _inputs(
    spec: ExperimentSpec, cells: Mapping[str, ArmValues], lines: Lines, *, awaited: int = 0
) -> list[EffectInput]:
    rule, declared = declared_rule(spec), spec.declared_effects
    return [effect_input(effect, cells, rule, lines, awaited=awaited) for effect in declared]


def _views(judged: Sequence[tuple[EffectInput, Statistic, str]]) -> list[VerdictView]:
    views = [
        VerdictView(
            a=one.compared.a.name,
            b=one.compared.b.name,
            verdict=verdict,
            mean_difference=mean,
            warnings=list(
                effect_warnings(
                    one.compared, [one.cells[name] for name in one.declared.cells], one.lines
                )
            ),
        )
        for one, mean, verdict in judged
    ]
    return sorted(views, key=lambda view: smallness(view.mean_difference))
