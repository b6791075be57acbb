"""All SQL of pretrained models: a name, the hash of its files, and the sizes of its network.

As with data sets, two names may have the same content and so one folder, and what a name stands for
never changes.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.pretrained.folder import ModelProfile
from models.store import clock
from models.store.ids import new_id
from models.store.tables import ExperimentModel, PretrainedModel


def add_model(
    session: Session, name: str, profile: ModelProfile, owner: str | None = None
) -> PretrainedModel:
    """The model of this name and content: a new row, or the existing one.

    Raises `Conflict` when a model of this name has other content.
    """
    existing = _named(session, name)
    if existing is None:
        try:
            with session.begin_nested():
                return _insert(session, name, profile, owner)
        except IntegrityError:  # another upload took the name meanwhile
            existing = model_by_name(session, name)
    if existing.content_hash != profile.content_hash:
        raise Conflict(
            f"the name '{name}' belongs to a model with other content; choose another name, or "
            "delete that model first"
        )
    return existing


def _insert(
    session: Session, name: str, profile: ModelProfile, owner: str | None
) -> PretrainedModel:
    row = PretrainedModel(
        id=new_id("mdl"),
        name=name,
        content_hash=profile.content_hash,
        created_at=clock.now(session),
        architecture=profile.architecture,
        parameters=profile.parameters,
        width=profile.width,
        layers=profile.layers,
        heads=profile.heads,
        feedforward=profile.feedforward,
        vocabulary_size=profile.vocabulary_size,
        positions=profile.positions,
        pooling=profile.pooling,
        size=profile.size,
        owner=owner,
    )
    session.add(row)
    session.flush()
    return row


def model_by_name(session: Session, name: str) -> PretrainedModel:
    """Raises `NotFound`."""
    row = _named(session, name)
    if row is None:
        raise NotFound(f"there is no model '{name}'")
    return row


def list_models(session: Session) -> list[PretrainedModel]:
    """All models by name."""
    return list(session.scalars(select(PretrainedModel).order_by(PretrainedModel.name)))


def use_models(session: Session, experiment_id: str, model_ids: Sequence[str]) -> None:
    """Store that arms of the experiment start from these models, which then stay.

    Raises `IntegrityError` where one was deleted meanwhile.
    """
    session.add_all(
        ExperimentModel(experiment_id=experiment_id, model_id=model_id) for model_id in model_ids
    )
    session.flush()


def models_of(session: Session, experiment_id: str) -> list[PretrainedModel]:
    """The models that arms of the experiment start from, by name."""
    query = (
        select(PretrainedModel)
        .join(ExperimentModel, ExperimentModel.model_id == PretrainedModel.id)
        .where(ExperimentModel.experiment_id == experiment_id)
    )
    return list(session.scalars(query.order_by(PretrainedModel.name)))


def remove_model(session: Session, name: str) -> PretrainedModel:
    """Remove the row and return it; the caller removes its files.

    Raises `NotFound`, and `Conflict` when an experiment uses it.
    """
    # with the lock, this and the creation of an experiment with the model wait for each other
    named = select(PretrainedModel).where(PretrainedModel.name == name)
    row = session.scalar(named.with_for_update())
    if row is None:
        raise NotFound(f"there is no model '{name}'")
    using = select(ExperimentModel.experiment_id).where(ExperimentModel.model_id == row.id)
    user = session.scalar(using.order_by(ExperimentModel.experiment_id).limit(1))
    if user is not None:
        raise Conflict(f"model '{name}' is used by experiment {user}; delete that first")
    session.delete(row)
    session.flush()
    return row


def _named(session: Session, name: str) -> PretrainedModel | None:
    return session.scalar(select(PretrainedModel).where(PretrainedModel.name == name))
