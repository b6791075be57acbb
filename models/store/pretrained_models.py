"""All SQL of pretrained models: a name, the hash of its files, and the sizes of its network.

As with data sets, two names may have the same content and so one folder, and what a name stands for
never changes.
"""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.pretrained.folder import ModelProfile
from models.store import clock
from models.store.ids import new_id
from models.store.tables import PretrainedModel


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


def remove_model(session: Session, name: str) -> PretrainedModel:
    """Remove the row and return it; the caller removes its files. Raises `NotFound`."""
    # with the lock, this and the creation of an experiment with the model wait for each other
    named = select(PretrainedModel).where(PretrainedModel.name == name)
    row = session.scalar(named.with_for_update())
    if row is None:
        raise NotFound(f"there is no model '{name}'")
    session.delete(row)
    session.flush()
    return row


def _named(session: Session, name: str) -> PretrainedModel | None:
    return session.scalar(select(PretrainedModel).where(PretrainedModel.name == name))
