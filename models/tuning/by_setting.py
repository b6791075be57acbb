"""The paired difference of two arms at each equal setting, under the tuning seeds: where the
verdict would turn. Few seeds and many settings: it is described, and nothing is claimed from it."""

from collections.abc import Iterator

from models.comparison.paired_t import mean_and_sd, paired, rounding_of, t_bounds
from models.comparison.schema import Interval, Pair
from models.specs.experiment import ExperimentSpec
from models.tuning.choosing import Values
from models.tuning.schema import SettingDifference


def differences_by_setting(spec: ExperimentSpec, values: Values) -> Iterator[SettingDifference]:
    """Each arm against the baseline at each setting, setting by setting."""
    assert spec.tuning is not None
    baseline = spec.decision.baseline
    others = [arm.name for arm in spec.arms if arm.name != baseline]
    for setting in range(len(spec.tuning.all_settings)):
        for arm in others:
            pairs = paired(values[arm][setting], values[baseline][setting])
            mean, sd = mean_and_sd([pair.difference for pair in pairs], rounding_of(pairs))
            confidence = spec.decision.confidence
            bounds = t_bounds(mean, sd, len(pairs), confidence)
            yield SettingDifference(
                setting=setting,
                a=arm,
                b=baseline,
                metric=spec.tuning.choose_by,
                pairs=tuple(Pair(**pair._asdict()) for pair in pairs),
                mean_difference=mean,
                interval=bounds and Interval(confidence=confidence, low=bounds[0], high=bounds[1]),
            )
