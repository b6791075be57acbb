"""The paired differences at each equal setting, under the tuning seeds: where a verdict would turn.
Few seeds and many settings: it is described, and nothing is claimed from it."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from models.comparison.inputs import ArmValues
from models.comparison.paired_t import mean_and_sd, paired, rounding_of, t_bounds
from models.comparison.schema import Interval, Pair
from models.specs.experiment import ExperimentSpec
from models.tuning.choosing import Values
from models.tuning.schema import SettingDifference

Sides = Iterable[tuple[ArmValues, ArmValues]]
"""Of each difference a - b."""


def differences_by_setting(
    spec: ExperimentSpec, values: Values, sides: Callable[[Mapping[str, ArmValues]], Sides]
) -> Iterator[SettingDifference]:
    """The differences that `sides` makes of the arms, setting by setting."""
    assert spec.tuning is not None
    confidence = spec.decision.confidence
    for setting in range(len(spec.tuning.all_settings)):
        arms = {name: ArmValues(name, own[setting]) for name, own in values.items()}
        for a, b in sides(arms):
            pairs = paired(a.by_seed, b.by_seed)
            mean, sd = mean_and_sd([pair.difference for pair in pairs], rounding_of(pairs))
            bounds = t_bounds(mean, sd, len(pairs), confidence)
            yield SettingDifference(
                setting=setting,
                a=a.name,
                b=b.name,
                metric=spec.tuning.choose_by,
                pairs=tuple(Pair(**pair._asdict()) for pair in pairs),
                mean_difference=mean,
                interval=bounds and Interval(confidence=confidence, low=bounds[0], high=bounds[1]),
            )


def against_baseline(spec: ExperimentSpec, arms: Mapping[str, ArmValues]) -> Sides:
    """Each arm against the baseline."""
    baseline = spec.decision.baseline
    return [(arms[arm.name], arms[baseline]) for arm in spec.arms if arm.name != baseline]
