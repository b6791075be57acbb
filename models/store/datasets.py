"""All SQL of the data sets: a name, the hash of its content, and its profile.

Two names may have the same content, and so share one folder of files; the content of a name never
changes.
"""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.store import clock
from models.store.ids import new_id
from models.store.tables import ApiKey, Dataset, Experiment
from models.store.uploads.named_uploads import NamedUploads

if TYPE_CHECKING:  # supervisors look for data sets without loading Arrow
    from models.datasets.pairs import Reading
    from models.datasets.profile import Profile

DATASETS = NamedUploads(Dataset, "data set")
dataset_by_name, list_datasets = DATASETS.named, DATASETS.all


def add_dataset(
    session: Session,
    *,
    name: str,
    content_hash: str,
    has_split: bool,
    profile: "Profile",
    reading: "Reading | None" = None,
    owner: str | None = None,
) -> Dataset:
    """The data set of this name and content: a new row, or the existing one.

    `reading` is how its file was read; None where it came from none.

    Raises `Conflict` when a data set of this name has other content.
    """
    row = Dataset(
        id=new_id("ds"),
        name=name,
        content_hash=content_hash,
        has_split=has_split,
        created_at=clock.now(session),
        rows=profile.rows,
        duplicates=profile.duplicates,
        empty_texts=profile.empty_texts,
        distinct_texts=profile.distinct_texts,
        token_length_mean=profile.token_length_mean,
        token_length_median=profile.token_length_median,
        token_length_p99=profile.token_length_p99,
        token_length_max=profile.token_length_max,
        vocabulary_size=profile.vocabulary_size,
        duplicate_groups=profile.duplicate_groups,
        largest_group=profile.largest_group,
        false_negatives=profile.false_negatives,
        in_order_test=profile.in_order_test,
        in_order_shared=profile.in_order_shared,
        reading=None if reading is None else asdict(reading),
        owner=owner,
    )
    return DATASETS.add(session, row)


def first_created_at(session: Session) -> datetime | None:
    """When the oldest data set was stored: about when this database came into use."""
    return session.scalar(select(func.min(Dataset.created_at)))


def remove_dataset(session: Session, name: str) -> Dataset:
    """Remove the row and return it; the caller removes its files.

    Raises `NotFound`, and `Conflict` when an experiment uses it.
    """
    dataset = DATASETS.lock(session, name)
    _require_unused(session, dataset)
    session.delete(dataset)
    session.flush()
    return dataset


def _require_unused(session: Session, dataset: Dataset) -> None:
    """Raises `Conflict` that names an experiment and, where it belongs to another key than the data
    set, that key and who may delete it."""
    query = (
        select(Experiment.id, Experiment.owner, ApiKey.name)
        .outerjoin(ApiKey, ApiKey.id == Experiment.owner)
        .where(Experiment.dataset_id == dataset.id)
        # those that its owner cannot delete first
        .order_by(Experiment.owner.is_not_distinct_from(dataset.owner), Experiment.id)
        .limit(1)
    )
    used = session.execute(query).one_or_none()
    if used is None:
        return
    user, owner, key_name = used
    what = f"data set '{dataset.name}' is used by experiment {user}"
    if owner is None or owner == dataset.owner:
        raise Conflict(f"{what}; delete that first")
    raise Conflict(
        f"{what} of the key '{key_name}', which only that key or an admin may delete; ask an admin "
        "to do so first"
    )
