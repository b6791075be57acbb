"""The rows of a data set as they are stored: written, tokenised, profiled, and named.

Nothing here knows of HTTP: the process that prepares a service's start makes a data set too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from api.stored.folders import StoredFolders
from api.stored.storage import Storage
from models.datasets import cache
from models.datasets.pairs import Pairs, content_hash
from models.datasets.profile import Profile, profile
from models.processes.memory_return import return_memory_now
from models.settings import Settings
from models.store.datasets import add_dataset, list_datasets
from models.store.tables import Dataset


@dataclass(frozen=True)
class NewRows:
    """Rows whose files are stored, and which have no name yet."""

    digest: str
    """Their content hash."""
    pairs: Pairs
    profile: Profile

    def add(self, session: Session, name: str, owner: str | None) -> Dataset:
        """Give them a name; `owner` is the id of an API key, or None for the service itself.

        Raises `Conflict` when other rows have the name.
        """
        return add_dataset(
            session,
            name=name,
            content_hash=self.digest,
            has_split=self.pairs.split is not None,
            profile=self.profile,
            reading=self.pairs.reading,
            owner=owner,
        )


def folders_of_datasets(settings: Settings) -> StoredFolders:
    # a folder without its pairs is not a data set
    return StoredFolders(settings.datasets_dir, cache.PAIRS, list_datasets)


@contextmanager
def storing_rows(storage: Storage, pairs: Pairs) -> Iterator[NewRows]:
    """Store the files of rows; the block is to `add` them. Where it raises, nothing of them stays.

    Raises `FilesAway`.
    """
    digest, folders = content_hash(pairs), folders_of_datasets(storage.settings)
    with folders.storing(storage, digest) as folder:
        counts = _prepare(folder, pairs)
        folders.give(storage, folder)
        yield NewRows(digest, pairs, counts)


def _prepare(folder: Path, pairs: Pairs) -> Profile:
    """Write and derive all that is kept of the rows. Each step takes much memory for a while, and
    would add to what Arrow still keeps of the step before."""
    cache.store(pairs, folder)
    return_memory_now()
    tokens = cache.open_tokens(folder, "word", pairs)
    return_memory_now()
    groups = cache.open_groups(folder, pairs)
    return_memory_now()
    cache.open_text_numbers(folder, pairs)
    return_memory_now()
    counts = profile(pairs, tokens, groups)
    return_memory_now()
    return counts
