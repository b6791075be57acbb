"""Arms under a setting: what a run of an experiment that tunes its arms trains with."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from models.errors import Problem
from models.specs.experiment import OVERRIDABLE, Arm, ExperimentSpec
from models.specs.pydantic_problems import genuine, problem_in
from models.specs.tuning import Setting, TuningSpec

TUNABLE = (OVERRIDABLE | {"loss"}) - {"steps"}


def for_run(spec: ExperimentSpec, arm: str, setting: int) -> ExperimentSpec:
    """The spec that a run of this arm trains with, under this setting where arms are tuned.

    The yardstick of all arms, the baseline's loss, stays as the spec has it: else a run under one
    margin could not be compared with one under another. So a tuned run's spec has two arms, its own
    and, by another name, the yardstick.
    """
    if spec.tuning is None:
        return spec
    yardstick = "yardstick" if arm != "yardstick" else "the yardstick"
    fixed = spec.baseline.model_copy(update={"name": yardstick})
    own = arm_under(spec, arm, spec.tuning.all_settings[setting])
    decision = spec.decision.model_copy(update={"baseline": yardstick})
    alone = {"tuning": None, "factors": None, "loss": None}
    return spec.model_copy(update={"arms": (own, fixed), "decision": decision, **alone})


def arm_under(spec: ExperimentSpec, name: str, setting: Setting) -> Arm:
    """The arm with the values of a setting in place of its own.

    Raises `KeyError` where it has no such field, and `ValidationError` where a value does not fit.
    """
    return Arm.model_validate_json(json.dumps(_document_under(spec, name, setting)))


def _document_under(spec: ExperimentSpec, name: str, setting: Setting) -> dict[str, Any]:
    document = spec.arm(name).model_dump(mode="json")
    merged = spec.for_arm(name).model_dump(mode="json", include=set(OVERRIDABLE))
    for pointer, value in setting.items():
        top, *path = Problem(pointer, "").parts
        if top not in TUNABLE:
            raise KeyError(pointer)
        part = document[top] if top in document else merged[top]
        document[top] = _replaced(part, path, value, pointer)
    return document


def _replaced(part: Any, path: Sequence[str], value: Any, pointer: str) -> Any:
    """A copy of `part` with `value` at `path`. Raises `KeyError` where there is no such place."""
    if not path:
        return value
    key, *rest = path
    if isinstance(part, list) and key.isascii() and key.isdigit() and int(key) < len(part):
        index = int(key)
        changed = _replaced(part[index], rest, value, pointer)
        return [*part[:index], changed, *part[index + 1 :]]
    if isinstance(part, dict) and key in part:
        return {**part, key: _replaced(part[key], rest, value, pointer)}
    raise KeyError(pointer)


def tuning_problems(spec: ExperimentSpec) -> list[Problem]:
    """Everything that is wrong with a setting of an arm, each once, at its place in the spec and
    with the first arm that has it."""
    if spec.tuning is None:
        return []
    missing = list(_missing_fields(spec, spec.tuning))
    if missing:
        return missing
    unequal = list(_unequal_stops(spec, spec.tuning))
    if unequal:
        return unequal
    first: dict[Problem, str] = {}
    for arm, problem in _misfits(spec, spec.tuning):
        first.setdefault(problem, arm)
    return [replace(one, detail=f"in the arm {arm}: {one.detail}") for one, arm in first.items()]


def _missing_fields(spec: ExperimentSpec, tuning: TuningSpec) -> Iterator[Problem]:
    first = tuning.all_settings[0]
    for pointer in tuning.fields:
        for arm in spec.arms:
            try:
                _document_under(spec, arm.name, {pointer: first[pointer]})
            except KeyError:
                place = f"/tuning{tuning.place_of(pointer)}"
                detail = f"the arm {arm.name}, merged with the spec, has no field {pointer}"
                yield Problem(place, detail)
                break


def _unequal_stops(spec: ExperimentSpec, tuning: TuningSpec) -> Iterator[Problem]:
    """With halving, all runs are validated at the same steps, and at each stop."""
    if tuning.halving is None:
        return
    if "/evaluate_every" in tuning.fields:
        place = f"/tuning{tuning.place_of('/evaluate_every')}"
        yield Problem(place, "with halving every setting is validated at the same steps")
    first = spec.for_arm(spec.arms[0].name)
    for arm in spec.arms:
        own = spec.for_arm(arm.name)
        if own.evaluate_every != first.evaluate_every:
            place = spec.place_of(arm.name, "evaluate_every")
            detail = "with halving all arms are validated at the same steps"
            yield Problem(place, f"{detail}, and {spec.arms[0].name} every {first.evaluate_every}")
            return
    found = tuning.halving.stops_problem(first.steps, first.evaluate_every)
    if found is not None:
        index, detail = found
        yield Problem(f"/tuning/halving/at/{index}", detail)


def _misfits(spec: ExperimentSpec, tuning: TuningSpec) -> Iterator[tuple[str, Problem]]:
    for setting in tuning.all_settings:
        for arm in spec.arms:
            document = _document_under(spec, arm.name, setting)
            try:
                own = Arm.model_validate_json(json.dumps(document))
            except ValidationError as error:
                for detail in genuine(error.errors(include_url=False)):
                    yield arm.name, _misfit(tuning, setting, problem_in(document, detail))
                continue
            for problem in _unreached_stages(spec, tuning, own):
                yield arm.name, problem


def _misfit(tuning: TuningSpec, setting: Setting, problem: Problem) -> Problem:
    """A problem of an arm under a setting, at the value of the setting that it comes from."""
    pointer = next((one for one in setting if _is_at(problem.pointer, one)), None)
    if pointer is None:
        values = ", ".join(f"{name} {json.dumps(value)}" for name, value in setting.items())
        field = "grid" if tuning.grid is not None else "ranges"
        return Problem(f"/tuning/{field}", f"{problem.detail} ({problem.pointer}, under {values})")
    return problem.moved(f"/tuning{tuning.place_of(pointer, setting[pointer])}")


def _is_at(place: str, pointer: str) -> bool:
    return place == pointer or place.startswith(f"{pointer}/")


def _unreached_stages(spec: ExperimentSpec, tuning: TuningSpec, own: Arm) -> Iterator[Problem]:
    """As for the arms themselves: a stage of a mining schedule that would never begin."""
    steps = spec.for_arm(own.name).steps
    for pointer, stage in own.loss.mining_stages():
        place = f"/loss{pointer}/from_step"
        tuned = next((one for one in tuning.fields if _is_at(place, one)), None)
        if tuned is not None and stage.from_step > steps:
            detail = f"this arm trains for {steps} steps, so this stage would never begin"
            yield Problem(f"/tuning{tuning.place_of(tuned, stage.from_step)}", detail)
