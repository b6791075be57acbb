"""The rows of the pretrained models: a name, the hash of its files, its network's sizes."""

from sqlalchemy.orm import Session

from models.pretrained.folder import ModelProfile
from models.store import clock
from models.store.ids import new_id
from models.store.tables import ExperimentModel, PretrainedModel
from models.store.uploads.named_uploads import Starts

MODELS = Starts(PretrainedModel, "model", ExperimentModel, "model_id")


def add_model(
    session: Session, name: str, profile: ModelProfile, owner: str | None = None
) -> PretrainedModel:
    """The model of this name and content: a new row, or the existing one.

    Raises `Conflict` when a model of this name has other content.
    """
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
    return MODELS.add(session, row)
