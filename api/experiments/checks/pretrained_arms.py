"""The pretrained models of a spec's arms: that they exist, and that what is asked of them fits."""

from collections.abc import Iterator

from api.dependencies import Service
from api.experiments.checks.encoders import every_encoder, unknown_name
from models.errors import Problem
from models.specs.experiment import ExperimentSpec
from models.specs.training import PretrainedEncoder
from models.store.tables import PretrainedModel
from models.store.uploads.pretrained_models import MODELS


def chosen_models(
    service: Service, spec: ExperimentSpec
) -> tuple[tuple[PretrainedModel, ...], list[Problem]]:
    """The models that arms start from, and a problem for each field that one does not fit."""
    if not any(spec.starts_pretrained(arm.name) for arm in spec.arms):
        return (), []
    with service.database.reading() as session:
        known = {model.name: model for model in MODELS.all(session)}
    problems: dict[Problem, None] = {}
    if set(spec.seeds.vary) == {"initial_weights"}:
        detail = "a pretrained encoder draws no initial weights, so all its runs would be the same"
        problems[Problem("/seeds/vary", detail)] = None
    named: dict[str, PretrainedModel] = {}
    for pointer, encoder in every_encoder(spec):
        if not isinstance(encoder, PretrainedEncoder):
            continue
        model = known.get(encoder.model)
        if model is None:
            detail = unknown_name("model", encoder.model, known, "models", "FOLDER")
            problems[Problem(f"{pointer}/model", detail)] = None
            continue
        named[model.name] = model
        problems |= dict.fromkeys(_misfits(pointer, encoder, model))
    return tuple(named.values()), list(problems)


def _misfits(pointer: str, encoder: PretrainedEncoder, model: PretrainedModel) -> Iterator[Problem]:
    if encoder.max_tokens > model.positions:
        detail = f"the model {model.name} reads texts of at most {model.positions:,} tokens"
        yield Problem(f"{pointer}/max_tokens", detail)
    if encoder.train_layers != "all" and encoder.train_layers > model.layers:
        detail = f"the model {model.name} has {model.layers} layers"
        yield Problem(f"{pointer}/train_layers", detail)
