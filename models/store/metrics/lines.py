"""Lines that runs measure once for their experiment: those of TF-IDF and of token vectors."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.store.tables import Experiment

ZeroShot = Mapping[str, Mapping[str, float]]
"""Arm -> metric -> value."""


def lacks_tf_idf(session: Session, experiment_id: str) -> bool:
    """Whether the line of TF-IDF is still to be measured; False where the experiment is gone."""
    lacking = select(Experiment.id).where(
        Experiment.id == experiment_id, Experiment.tf_idf.is_(None)
    )
    return session.scalar(lacking) is not None


def keep_tf_idf(session: Session, experiment_id: str, metrics: dict[str, Any]) -> None:
    """Store what TF-IDF measures, unless it is there: every run would store the same."""
    lacking = update(Experiment).where(Experiment.id == experiment_id, Experiment.tf_idf.is_(None))
    session.execute(
        lacking.values(tf_idf=metrics), execution_options={"synchronize_session": False}
    )


def zero_shot_of(session: Session, ids: Collection[str]) -> dict[str, ZeroShot]:
    """What token vectors measure by themselves, of the arms of each of these experiments whose line
    is known."""
    query = select(Experiment.id, Experiment.zero_shot).where(Experiment.id.in_(ids))
    return {one: by_arm or {} for one, by_arm in session.execute(query)}


def keep_zero_shot(session: Session, experiment_id: str, arm: str, metrics: dict[str, Any]) -> None:
    """Store what the token vectors of an arm measure, unless it is there; nothing where the
    experiment is gone. Runs of several arms may do so at once: each waits for the one before."""
    own = Experiment.id == experiment_id
    row = session.execute(select(Experiment.zero_shot).where(own).with_for_update()).first()
    if row is None or arm in (row.zero_shot or {}):
        return
    session.execute(
        update(Experiment).where(own).values(zero_shot={**(row.zero_shot or {}), arm: metrics}),
        execution_options={"synchronize_session": False},
    )
