"""Storing and deleting pretrained models."""

import tempfile
from pathlib import Path
from typing import BinaryIO

from api.access.callers import Caller
from api.dependencies import Service
from api.stored.folders import StoredFolders
from api.uploads.keeping import delete_stored, store_files
from models.pretrained.folder import CONFIG, FILES, ModelProfile, take_in
from models.store.tables import PretrainedModel
from models.store.uploads.pretrained_models import MODELS, add_model


def store_model(
    service: Service, name: str, file: BinaryIO, caller: Caller
) -> tuple[PretrainedModel, ModelProfile]:
    """Check and store the model of an archive under a name.

    Raises `ModelFileError` for what cannot be used, `Conflict` when another model has the name,
    `TooMany` when the caller's things would exceed their quota, or `FilesAway`.
    """
    with tempfile.TemporaryDirectory(dir=service.scratch_folder()) as scratch:
        unpacked = Path(scratch)
        profile = take_in(file, unpacked, service.settings.max_unpacked_bytes)
        folders = _folders(service)
        row = store_files(folders, service, name, unpacked, FILES, profile, add_model, caller)
        return row, profile


def delete_model(service: Service, name: str, caller: Caller) -> None:
    """Delete a model. Raises `NotFound`, or `Conflict` while an experiment uses it."""
    delete_stored(_folders(service), service, name, MODELS.remove, caller)


def _folders(service: Service) -> StoredFolders:
    return StoredFolders(service.settings.models_dir, CONFIG, MODELS.all)
