"""Storing and deleting data sets, and making the one that the service makes itself."""

from pathlib import Path

from api.access.callers import Caller
from api.access.quotas import require_room, sizes_of
from api.dependencies import Service
from api.uploads.keeping import Kept
from models.datasets import cache
from models.datasets.generated.generator import GENERATED, generate_pairs
from models.datasets.pairs import Pairs, content_hash
from models.datasets.profile import Profile, profile
from models.errors import Conflict, NotFound
from models.processes.memory_return import return_memory_now
from models.store import clock
from models.store.datasets import add_dataset, dataset_by_name, list_datasets, remove_dataset
from models.store.tables import Dataset


def store_dataset(service: Service, name: str, pairs: Pairs, caller: Caller | None) -> Dataset:
    """Store, tokenise and profile the rows under a name.

    `caller` is None for the service itself. Raises `Conflict` when other rows have the name,
    `TooMany` when the caller's data sets would exceed their quota, or `FilesAway`.
    """
    digest, kept = content_hash(pairs), _kept(service)
    with kept.storing(service, digest) as folder:
        counts = _prepare(folder, pairs)
        kept.give(service, folder)
        sizes = sizes_of(service, digest, caller)
        with service.database.transaction() as session:
            if caller is not None:
                require_room(service, session, digest, caller, sizes)
                caller.record(session, "uploaded", name, clock.now(session))
            return add_dataset(
                session,
                name=name,
                content_hash=digest,
                has_split=pairs.split is not None,
                profile=counts,
                reading=pairs.reading,
                owner=caller.key_id if caller is not None else None,
            )


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


def delete_dataset(service: Service, name: str, caller: Caller) -> None:
    """Delete a data set.

    Raises `NotFound`, or `Conflict` while an experiment uses it and for `questions-generated`.
    """
    if name == GENERATED:
        raise Conflict(
            f"{GENERATED} is made by the service itself, and the recipes and the examples need it, "
            "so it stays"
        )
    _kept(service).delete(service, name, remove_dataset, caller)


def _kept(service: Service) -> Kept:
    # a folder without its pairs is not a data set
    return Kept(service.settings.datasets_dir, cache.PAIRS, list_datasets)


def ensure_generated(service: Service) -> None:
    """Make the data set `questions-generated`, unless its row and its files exist; of files that
    are damaged only this service can make new ones."""
    try:
        with service.database.reading() as session:
            digest = dataset_by_name(session, GENERATED).content_hash
        folder = service.dataset_folder(digest)
        if folder.is_dir():
            if not cache.is_whole(folder):
                _make_again(folder, digest)
            service.files.give_folder(folder, last=cache.PAIRS)
            return
    except NotFound:
        pass
    store_dataset(service, GENERATED, generate_pairs(), None)


def _make_again(folder: Path, digest: str) -> None:
    pairs = generate_pairs()
    if content_hash(pairs) == digest:  # another version may have generated others
        cache.store(pairs, folder)
