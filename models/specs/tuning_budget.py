"""The budget of tuning: the steps at which its runs stop, and all steps that they take."""

from models.specs.experiment import ExperimentSpec


def tuning_stops(spec: ExperimentSpec) -> tuple[int, ...]:
    """The steps to which tuning runs are trained before the settings of each arm are judged; the
    last are all of them, and without halving the only ones. None where nothing is tuned."""
    if spec.tuning is None:
        return ()
    own = spec.for_arm(spec.arms[0].name)  # the same for all arms that are tuned
    halving = spec.tuning.halving
    before = () if halving is None else halving.stops(own.steps, own.evaluate_every)
    return (*before, own.steps)


def settings_trained(spec: ExperimentSpec) -> tuple[int, ...]:
    """How many settings of each arm are trained up to each of these stops."""
    if spec.tuning is None:
        return ()
    settings, halving = len(spec.tuning.all_settings), spec.tuning.halving
    return (settings, *(() if halving is None else halving.left_after(settings)))


def tuning_steps(spec: ExperimentSpec) -> int:
    """Training steps of all tuning runs."""
    stops = tuning_stops(spec)
    parts = (now - before for before, now in zip((0, *stops), stops, strict=False))
    trained = zip(settings_trained(spec), parts, strict=True)
    return len(spec.arms) * len(spec.tuning_seeds) * sum(count * part for count, part in trained)


def total_steps(spec: ExperimentSpec) -> int:
    """The most training steps that an experiment can have."""
    compared = spec.run_count - spec.tuning_run_count
    return tuning_steps(spec) + compared * spec.steps
