"""What a run starts from beside its data set, brought to this host: a pretrained model, or token
vectors."""

from pathlib import Path

from models.files.file_store import FileStore
from models.pretrained.folder import CONFIG
from models.settings import Settings
from models.vectors.stored import FILE
from worker.attempts.claiming import Claimed
from worker.attempts.loading import StartFolders


def bring_starts(claimed: Claimed, settings: Settings, files: FileStore) -> StartFolders:
    """The folders of what the run's encoder starts from. Raises `FilesAway`."""

    def brought(place: Path, digest: str | None, last: str) -> Path | None:
        return None if digest is None else files.bring_folder(place / digest, last=last)

    return StartFolders(
        model=brought(settings.models_dir, claimed.model_hash, CONFIG),
        vectors=brought(settings.vectors_dir, claimed.vectors_hash, FILE),
    )
