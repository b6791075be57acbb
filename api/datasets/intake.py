"""Taking a data set in and letting it go: its folder and its row, always both or neither.

The folder is named by the hash of the rows, so two names for the same rows share one folder, and
it may go only when no row speaks of it. One lock guards both moves inside this process.
"""

from api.access.callers import Caller
from api.access.quotas import require_room, sizes_of
from api.dependencies import Service, utc_now
from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs, content_hash
from models.datasets.profile import profile
from models.errors import NotFound
from models.files.file_store import remove_if_possible
from models.store.datasets import add_dataset, dataset_by_name, list_datasets, remove_dataset
from models.store.tables import Dataset

GENERATED = "questions-generated"


def take_in(service: Service, name: str, pairs: Pairs, caller: Caller | None) -> Dataset:
    """Store, tokenise, profile and name the rows.

    `caller` is None for the service itself. Raises `Conflict` when other rows have the name,
    `TooMany` when the caller's data sets would take more disk than they may, `FilesAway`.
    """
    digest = content_hash(pairs)
    folder = service.settings.datasets_dir / digest
    with service.dataset_files:
        try:
            cache.store(pairs, folder)
            tokens, groups = (
                cache.open_tokens(folder, "word", pairs),
                cache.open_groups(folder, pairs),
            )
            found = profile(pairs, tokens, groups)
            service.files.give_folder(folder, last=cache.PAIRS)
            sizes = sizes_of(service, digest, caller)
            with service.database.transaction() as session:
                if caller is not None:
                    require_room(service, session, digest, caller, sizes)
                    caller.record(session, "uploaded", name, utc_now())
                added = add_dataset(
                    session,
                    name=name,
                    content_hash=digest,
                    has_split=pairs.split is not None,
                    profile=found,
                    owner=caller.key_id if caller is not None else None,
                )
            # another process may have removed the files while their new row could not be seen
            service.files.give_folder(folder, last=cache.PAIRS)
            return added
        except BaseException:
            _drop_if_unused(service, digest)
            raise


def let_go(service: Service, name: str, caller: Caller) -> None:
    """Forget a data set. `NotFound`, or `Conflict` while an experiment uses it."""
    with service.dataset_files:
        with service.database.transaction() as session:
            digest = remove_dataset(session, name).content_hash
            caller.record(session, "deleted", name, utc_now())
        _drop_if_unused(service, digest)


def _drop_if_unused(service: Service, digest: str) -> None:
    with service.database.reading() as session:
        used = any(dataset.content_hash == digest for dataset in list_datasets(session))
    if not used:
        folder = service.settings.datasets_dir / digest
        remove_if_possible(service.files, folder / cache.PAIRS)  # so that the rest is no data set
        remove_if_possible(service.files, folder)


def ensure_generated(service: Service) -> None:
    """Make `questions-generated` unless its row and its files are there."""
    try:
        with service.database.reading() as session:
            digest = dataset_by_name(session, GENERATED).content_hash
        folder = service.dataset_folder(digest)
        if folder.is_dir():
            service.files.give_folder(folder, last=cache.PAIRS)
            return
    except NotFound:
        pass
    take_in(service, GENERATED, generate_pairs(), None)
