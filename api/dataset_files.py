"""Taking a data set in and letting it go: its folder and its row, always both or neither.

The folder is named by the hash of the rows, so two names for the same rows share one folder, and
it may go only when no row speaks of it. One lock guards both moves inside this process.
"""

import shutil
from pathlib import Path

from api.deps import Service
from models.dataset_store import add_dataset, dataset_by_name, list_datasets, remove_dataset
from models.datasets import cache
from models.datasets.generated import generate_pairs
from models.datasets.pairs import Pairs, content_hash
from models.datasets.profile import profile
from models.errors import NotFound
from models.tables import Dataset

GENERATED = "questions-generated"


def folder_of(service: Service, digest: str) -> Path:
    """Where the files of the data set with this content hash lie."""
    return service.settings.datasets_dir / digest


def take_in(service: Service, name: str, pairs: Pairs) -> Dataset:
    """Store, tokenise, profile and name the rows. `Conflict` when other rows have the name."""
    digest = content_hash(pairs)
    folder = folder_of(service, digest)
    with service.dataset_files:
        try:
            cache.store(pairs, folder)
            tokens, groups = (
                cache.open_tokens(folder, "word", pairs),
                cache.open_groups(folder, pairs),
            )
            found = profile(pairs, tokens, groups)
            with service.database.transaction() as session:
                return add_dataset(
                    session,
                    name=name,
                    content_hash=digest,
                    has_split=pairs.split is not None,
                    profile=found,
                )
        except BaseException:
            _drop_if_unused(service, digest)
            raise


def let_go(service: Service, name: str) -> None:
    """Forget a data set. `NotFound`, or `Conflict` while an experiment uses it."""
    with service.dataset_files:
        with service.database.transaction() as session:
            digest = remove_dataset(session, name).content_hash
        _drop_if_unused(service, digest)


def _drop_if_unused(service: Service, digest: str) -> None:
    with service.database.reading() as session:
        used = any(dataset.content_hash == digest for dataset in list_datasets(session))
    if not used:
        shutil.rmtree(folder_of(service, digest), ignore_errors=True)


def ensure_generated(service: Service) -> None:
    """Make `questions-generated` unless its row and its files are there."""
    try:
        with service.database.reading() as session:
            digest = dataset_by_name(session, GENERATED).content_hash
        if folder_of(service, digest).is_dir():
            return
    except NotFound:
        pass
    take_in(service, GENERATED, generate_pairs())
