"""The files of a run that succeeded: their names and format, shared by writer and readers.

`weights.safetensors` can be used without this service: beside the weights it has the run's
vocabulary, and its metadata has all that is needed to turn text into a similarity (see
`docs/use_weights.py`).
"""

from pathlib import Path

from models.errors import DamagedRunFile
from models.files.recorded_hashes import file_hash

WEIGHTS, SCORES = "weights.safetensors", "scores.safetensors"
RESAMPLED = "resampled.safetensors"
"""What comparisons need of the scores (`models.comparison.resampled`), which can be made again."""

FORMAT_VERSION = 2
"""Version 1 had no vocabulary, and of the metadata only `encoder`."""

QUERY, GROUP = "query", "group"
"""In the file of scores, of each query of the retrieval: the number of the question (2 * row, or
2 * row + 1 of a row's second) and of its duplicate group. Beside them are tensors of the same
length, one for each metric. Runs from before retrieval was measured have none of these."""

GRADE, TRIPLET = "grade", "triplet"
"""In the file of scores, of each test pair, where the data have it: the score that people gave, and
the number of its triplet. Runs from before they were kept have neither."""

METADATA_KEY = "tripletlab"
"""The only metadata entry of both files, a JSON object. There is one entry because safetensors
writes several in an order that changes between processes, and equal runs must have equal bytes."""

VOCABULARY = "vocabulary"
"""The tensor (uint8) of the words in UTF-8, joined by line feeds, from id 2 on; id 0 is unknown and
1 is padding. It is a tensor because readers refuse metadata above 100 MB."""


def require_hash(path: Path, run_id: str, sha256: str) -> Path:
    """Return the path of a file of the run, which may be absent.

    Raises `DamagedRunFile` where its SHA-256 (hex) is another: half of a file of weights, or a
    changed byte, could be other weights without any error.
    """
    if path.is_file() and file_hash(path) != sha256:
        raise DamagedRunFile(run_id, path.name)
    return path
