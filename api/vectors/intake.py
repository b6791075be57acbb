"""Storing and deleting token vectors."""

import tempfile
from pathlib import Path
from typing import BinaryIO

from api.access.callers import Caller
from api.dependencies import Service
from api.stored.folders import StoredFolders
from api.uploads.keeping import delete_stored, store_files
from models.store.tables import TokenVectors
from models.store.uploads.token_vectors import VECTORS, add_vectors
from models.vectors.file import take_in
from models.vectors.profile import VectorProfile
from models.vectors.stored import FILE


def store_vectors(
    service: Service, name: str, file: BinaryIO, caller: Caller
) -> tuple[TokenVectors, VectorProfile]:
    """Read and store the token vectors of a file under a name.

    Raises `VectorFileError` for what cannot be used, `Conflict` when other vectors have the name,
    `TooMany` when the caller's things would exceed their quota, or `FilesAway`.
    """
    settings = service.settings
    with tempfile.TemporaryDirectory(dir=service.scratch_folder()) as scratch:
        read, folders = Path(scratch), _folders(service)
        profile = take_in(file, read, settings.max_unpacked_bytes, settings.max_reading_seconds)
        row = store_files(folders, service, name, read, (FILE,), profile, add_vectors, caller)
        return row, profile


def delete_vectors(service: Service, name: str, caller: Caller) -> None:
    """Delete token vectors. Raises `NotFound`, or `Conflict` while an experiment uses them."""
    delete_stored(_folders(service), service, name, VECTORS.remove, caller)


def _folders(service: Service) -> StoredFolders:
    return StoredFolders(service.settings.vectors_dir, FILE, VECTORS.all)
