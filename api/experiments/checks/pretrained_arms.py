"""The pretrained models of a spec's arms: that they exist, and that what is asked of them fits."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from api.dependencies import Service
from models.errors import Problem
from models.specs.experiment import ExperimentSpec
from models.specs.training import PretrainedEncoder
from models.specs.tuned_arms import for_run
from models.store.pretrained_models import list_models
from models.store.tables import PretrainedModel


def chosen_models(
    service: Service, spec: ExperimentSpec
) -> tuple[tuple[PretrainedModel, ...], list[Problem]]:
    """The models that arms start from, and a problem for each field that one does not fit."""
    if not any(spec.starts_pretrained(arm.name) for arm in spec.arms):
        return (), []
    with service.database.reading() as session:
        known = {model.name: model for model in list_models(session)}
    problems: dict[Problem, None] = {}
    if set(spec.seeds.vary) == {"initial_weights"}:
        detail = "a pretrained encoder draws no initial weights, so all its runs would be the same"
        problems[Problem("/seeds/vary", detail)] = None
    named: dict[str, PretrainedModel] = {}
    for pointer, encoder in _encoders(spec):
        model = known.get(encoder.model)
        if model is None:
            detail = f"no model is called {encoder.model!r}; {_meant(encoder.model, known)}"
            problems[Problem(f"{pointer}/model", detail)] = None
            continue
        named[model.name] = model
        problems |= dict.fromkeys(_misfits(pointer, encoder, model))
    return tuple(named.values()), list(problems)


def _encoders(spec: ExperimentSpec) -> Iterator[tuple[str, PretrainedEncoder]]:
    """Every pretrained encoder that an arm may have under a setting, with its place in the spec."""
    for setting in range(len(spec.tuning.all_settings) if spec.tuning else 1):
        for arm in spec.arms:
            encoder = for_run(spec, arm.name, setting).for_arm(arm.name).encoder
            if isinstance(encoder, PretrainedEncoder):
                yield spec.place_of(arm.name, "encoder"), encoder


def _misfits(pointer: str, encoder: PretrainedEncoder, model: PretrainedModel) -> Iterator[Problem]:
    if encoder.max_tokens > model.positions:
        detail = f"the model {model.name} reads texts of at most {model.positions:,} tokens"
        yield Problem(f"{pointer}/max_tokens", detail)
    if encoder.train_layers != "all" and encoder.train_layers > model.layers:
        detail = f"the model {model.name} has {model.layers} layers"
        yield Problem(f"{pointer}/train_layers", detail)


def _meant(name: str, known: Mapping[str, PretrainedModel]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    if near:
        return f"is {near[0]!r} meant? GET /v1/models lists the models"
    upload = f"upload it, with `tripletlab models add FOLDER --name {name}` or on the page (Models)"
    if known:
        return f"name one that GET /v1/models lists, or {upload}"
    return f"there is none yet: {upload}"
