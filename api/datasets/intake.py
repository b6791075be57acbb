"""Storing and deleting data sets of people."""

from api.access.callers import Caller
from api.access.quotas import require_room, sizes_of
from api.datasets.new_rows import folders_of_datasets, storing_rows
from api.dependencies import Service
from api.uploads.keeping import delete_stored
from models.datasets.generated.generator import GENERATED
from models.datasets.pairs import Pairs
from models.errors import Conflict
from models.store import clock
from models.store.datasets import remove_dataset
from models.store.tables import Dataset


def store_dataset(service: Service, name: str, pairs: Pairs, caller: Caller) -> Dataset:
    """Store, tokenise and profile the rows under a name.

    Raises `Conflict` when other rows have the name, `TooMany` when the caller's data sets would
    exceed their quota, or `FilesAway`.
    """
    with storing_rows(service, pairs) as rows:
        sizes = sizes_of(service, rows.digest, caller)
        with service.database.transaction() as session:
            require_room(service, session, rows.digest, caller, sizes)
            caller.record(session, "uploaded", name, clock.now(session))
            return rows.add(session, name, caller.key_id)


def delete_dataset(service: Service, name: str, caller: Caller) -> None:
    """Delete a data set.

    Raises `NotFound`, or `Conflict` while an experiment uses it and for `questions-generated`.
    """
    if name == GENERATED:
        raise Conflict(
            f"{GENERATED} is made by the service itself, and the recipes and the examples need it, "
            "so it stays"
        )
    delete_stored(folders_of_datasets(service.settings), service, name, remove_dataset, caller)
