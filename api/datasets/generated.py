"""The data set that the service makes itself, `questions-generated`."""

from pathlib import Path

from api.datasets.new_rows import storing_rows
from api.stored.storage import Storage
from models.datasets import cache
from models.datasets.generated.generator import GENERATED, generate_pairs
from models.datasets.pairs import content_hash
from models.errors import NotFound
from models.store.datasets import dataset_by_name


def ensure_generated(storage: Storage) -> None:
    """Make the data set, unless its row and its files exist; of files that are damaged only this
    service can make new ones."""
    try:
        with storage.database.reading() as session:
            digest = dataset_by_name(session, GENERATED).content_hash
        folder = storage.dataset_folder(digest)
        if folder.is_dir():
            if not cache.is_whole(folder):
                _make_again(folder, digest)
            storage.files.give_folder(folder, last=cache.PAIRS)
            return
    except NotFound:
        pass
    with (
        storing_rows(storage, generate_pairs()) as rows,
        storage.database.transaction() as session,
    ):
        rows.add(session, GENERATED, None)


def _make_again(folder: Path, digest: str) -> None:
    pairs = generate_pairs()
    if content_hash(pairs) == digest:  # another version may have generated others
        cache.store(pairs, folder)
