"""Owners: the API key with which something was made, or None where there was no key."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.store.tables import (
    Dataset,
    Experiment,
    PretrainedModel,
    Run,
    Study,
    TokenVectors,
    Webhook,
)


def owner_of_experiment(session: Session, experiment_id: str) -> str | None:
    """Raises `NotFound`."""
    query = select(Experiment.owner).where(Experiment.id == experiment_id)
    return _only(
        session.execute(query).scalars().all(), f"there is no experiment '{experiment_id}'"
    )


def owner_of_run(session: Session, run_id: str) -> str | None:
    """The owner of the run's experiment. Raises `NotFound`."""
    query = select(Experiment.owner).join(Run).where(Run.id == run_id)
    return _only(session.scalars(query).all(), f"there is no run '{run_id}'")


def owner_of_study(session: Session, study_id: str) -> str | None:
    """Raises `NotFound`."""
    query = select(Study.owner).where(Study.id == study_id)
    return _only(session.scalars(query).all(), f"there is no study '{study_id}'")


def owner_of_dataset(session: Session, name: str) -> str | None:
    """Raises `NotFound`."""
    query = select(Dataset.owner).where(Dataset.name == name)
    return _only(session.scalars(query).all(), f"there is no data set '{name}'")


def owner_of_model(session: Session, name: str) -> str | None:
    """Raises `NotFound`."""
    query = select(PretrainedModel.owner).where(PretrainedModel.name == name)
    return _only(session.scalars(query).all(), f"there is no model '{name}'")


def owner_of_vectors(session: Session, name: str) -> str | None:
    """Raises `NotFound`."""
    query = select(TokenVectors.owner).where(TokenVectors.name == name)
    return _only(session.scalars(query).all(), f"there is no set of vectors '{name}'")


def owner_of_webhook(session: Session, webhook_id: str) -> str | None:
    """Raises `NotFound`."""
    query = select(Webhook.owner).where(Webhook.id == webhook_id)
    return _only(session.scalars(query).all(), f"there is no webhook '{webhook_id}'")


def _only(owners: Sequence[str | None], absent: str) -> str | None:
    if not owners:  # no row; a row without an owner gives [None]
        raise NotFound(absent)
    return owners[0]
