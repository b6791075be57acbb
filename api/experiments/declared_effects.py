"""The effects of factors in the reply to a dry run: what would be judged."""

from api.experiments.views import DeclaredEffectView
from models.specs.experiment import ExperimentSpec


def declared_effects(spec: ExperimentSpec) -> list[DeclaredEffectView]:
    """Return the effects that an experiment of this spec would judge; none without factors."""
    return [
        DeclaredEffectView(
            kind=effect.kind,
            factors=list(effect.factors),
            levels=list(effect.levels),
            baselines=list(effect.baselines),
            cells=len(effect.cells),
        )
        for effect in spec.declared_effects
    ]
