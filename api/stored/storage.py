"""Where the service keeps what it has: its database and its files."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from models.datasets.cache import PAIRS
from models.files.file_store import FileStore
from models.settings import Settings
from models.store.database import Database


@dataclass(frozen=True)
class Storage:
    """The database, and the files of data sets and runs."""

    settings: Settings
    database: Database
    dataset_files: threading.Lock = field(default_factory=threading.Lock, kw_only=True)
    """Held while the files and the row of what was uploaded change, so that neither is left
    alone."""

    @cached_property
    def files(self) -> FileStore:
        """Files of data sets and runs: in a folder, or in the bucket that hosts share."""
        return self.settings.file_store()

    def dataset_folder(self, digest: str) -> Path:
        """The folder of the data set with this content hash, fetched from the bucket if need be."""
        return self.files.bring_folder(self.settings.datasets_dir / digest, last=PAIRS)
