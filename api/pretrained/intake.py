"""Storing and deleting pretrained models: the folder and the row, always both or neither.

As with data sets, the folder is named by the hash of its files, and two names for the same files
share it.
"""

import tempfile
from pathlib import Path
from typing import BinaryIO

from api.access.callers import Caller
from api.access.quotas import require_model_room, sizes_of
from api.dependencies import Service
from models.files.atomic import new_folder
from models.files.file_store import remove_if_possible
from models.files.recorded_hashes import damaged, record_hashes, recorded
from models.pretrained.folder import CONFIG, FILES, ModelProfile, take_in
from models.store import clock
from models.store.pretrained_models import add_model, list_models, remove_model
from models.store.tables import PretrainedModel


def store_model(
    service: Service, name: str, file: BinaryIO, caller: Caller
) -> tuple[PretrainedModel, ModelProfile]:
    """Check and store the model of an archive under a name.

    Raises `ModelFileError` for what cannot be used, `Conflict` when another model has the name,
    `TooMany` when the caller's things would exceed their quota, or `FilesAway`.
    """
    uploads = service.settings.data_dir / "uploads"  # beside the models: /tmp may be small
    uploads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=uploads) as unpacked:
        profile = take_in(file, Path(unpacked), service.settings.max_unpacked_bytes)
        return _store(service, name, Path(unpacked), profile, caller), profile


def _store(
    service: Service, name: str, unpacked: Path, profile: ModelProfile, caller: Caller
) -> PretrainedModel:
    folder = service.settings.models_dir / profile.content_hash
    sizes = sizes_of(service, None, caller)
    with service.dataset_files:
        try:
            _place(unpacked, folder)
            service.files.give_folder(folder, last=CONFIG)
            with service.database.transaction() as session:
                own = (profile.content_hash, profile.size)
                require_model_room(service, session, own, caller, sizes)
                caller.record(session, "uploaded", name, clock.now(session))
                added = add_model(session, name, profile, caller.key_id)
            # another process may have removed the files before it could see their new row
            service.files.give_folder(folder, last=CONFIG)
            return added
        except BaseException:
            _drop_if_unused(service, profile.content_hash)
            raise


def _place(unpacked: Path, folder: Path) -> None:
    """Move the files to their folder, whole or not at all; an existing one is kept, if its files
    are known to be what was written."""
    there = folder.is_dir()
    if there and recorded(folder) and not damaged(folder):
        return
    with new_folder(folder, over=there) as temporary:
        for name in FILES:
            (unpacked / name).rename(temporary / name)
        record_hashes(temporary)


def delete_model(service: Service, name: str, caller: Caller) -> None:
    """Delete a model. Raises `NotFound`, or `Conflict` while an experiment uses it."""
    with service.dataset_files:
        with service.database.transaction() as session:
            digest = remove_model(session, name).content_hash
            caller.record(session, "deleted", name, clock.now(session))
        _drop_if_unused(service, digest)


def _drop_if_unused(service: Service, digest: str) -> None:
    with service.database.reading() as session:
        used = any(model.content_hash == digest for model in list_models(session))
    if not used:
        folder = service.settings.models_dir / digest
        # the config first: a folder without it is not a model
        remove_if_possible(service.files, folder / CONFIG)
        remove_if_possible(service.files, folder)
