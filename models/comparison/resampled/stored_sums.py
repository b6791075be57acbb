"""The file of a run's sums, beside its scores: written when the run ends, or by who needs it first.

It names the scores that it was made from by their hash, and the share that the run called
duplicates. Where either is another one now, or the file is absent, torn or of another version, the
sums are worked out again and kept. Nothing is lost with it, so it is not flushed to the disk.

To hash the scores of three thousand runs takes half a second, so those that have not changed since
their sums were written are known without: as in a makefile, but by the time at which the file
itself last changed, which a copy that keeps its old date does not hide.
"""

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from models.abandonment import while_wanted
from models.comparison.resampled.graded_values import OF_GRADES
from models.comparison.resampled.pair_sums import (
    MOST_TEST_PAIRS,
    PairResamples,
    PairSums,
    pair_sums,
)
from models.comparison.scores import PairScores, read_scores
from models.files.atomic import write_whole
from models.files.recorded_hashes import file_hash
from models.files.run_files import METADATA_KEY, RESAMPLED, SCORES

VERSION = 2
"""Raised with every change of what the sums are."""


class ScoreFile(NamedTuple):
    """The scores of one run."""

    folder: Path
    called: float
    """The share of the test pairs that the run called duplicates."""


def sums_content(sums: PairSums, scores_sha256: str, called: float) -> bytes:
    """The content of the file, for the scores with this SHA-256 (hex)."""
    tensors: dict[str, NDArray[Any]] = {"right": sums.right}
    if sums.sums is not None:
        # a placement needs 64 bits, a count of pairs 32
        tensors |= {"counts": sums.sums[:3].astype(np.int32), "placements": sums.sums[3:].copy()}
    tensors |= sums.graded
    about = {
        "version": VERSION,
        "scores": scores_sha256,
        "called": called,
        "digest": sums.digest.hex(),
        "test_pairs": sums.test_pairs,
        "crc32": _checksum(tensors),
    }
    content: bytes = save(tensors, metadata={METADATA_KEY: json.dumps(about, sort_keys=True)})
    return content


def stored_sums(file: ScoreFile) -> PairSums | None:
    """The sums as they were kept; None where they have to be worked out (again)."""
    try:
        with safe_open(f"{file.folder}/{RESAMPLED}", "numpy") as opened:
            about = json.loads(opened.metadata()[METADATA_KEY])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}
        as_made = (VERSION, file.called, _checksum(tensors))
        if as_made != tuple(about[name] for name in ("version", "called", "crc32")):
            return None
        if not _is_of_these_scores(file.folder, about["scores"]):
            return None
        sums = None
        if "counts" in tensors:
            sums = np.concatenate([tensors["counts"].astype(np.int64), tensors["placements"]])
        graded = {metric: tensors[metric] for metric in OF_GRADES if metric in tensors}
        digest, pairs = bytes.fromhex(about["digest"]), int(about["test_pairs"])
        return PairSums(digest, pairs, tensors["right"], sums, graded)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def _is_of_these_scores(folder: Path, sha256: str) -> bool:
    """Whether the sums in the folder, made from scores with this hash, are of those beside them."""
    written = os.stat(f"{folder}/{RESAMPLED}").st_mtime_ns  # a `Path` takes as long as the look
    changed = os.stat(f"{folder}/{SCORES}").st_ctime_ns
    return changed < written or file_hash(folder / SCORES) == sha256


def _checksum(tensors: dict[str, NDArray[Any]]) -> int:
    found = 0
    for name in sorted(tensors):
        found = zlib.crc32(np.ascontiguousarray(tensors[name]).data, found)
    return found


class SumsReader:
    """The sums of runs, kept or else worked out and kept; for all runs over the same test pairs the
    resamples are drawn once."""

    def __init__(self, files: Sequence[ScoreFile]) -> None:
        self._resamples: PairResamples | None = None
        self.digest: bytes | None = None
        """That of the test pairs of the first file that can be read, which the runs are to share;
        None where there is none."""
        self.test_pairs = 0
        for file in files:
            pairs = _pairs_of(file)
            if pairs is not None:
                self.digest, self.test_pairs = pairs
                break

    def read(self, files: Sequence[ScoreFile]) -> list[PairSums | None]:
        """The sums of each run; None where its scores cannot be read, or are of other pairs."""
        found = [stored_sums(file) for file in while_wanted(files)]
        missing: dict[int, PairScores] = {}
        for place, (file, sums) in enumerate(zip(files, found, strict=True)):
            if sums is None:
                scores = read_scores(file.folder, file.called)
                if scores is not None and scores.pairs_digest() == self.digest:
                    missing[place] = scores
        for place, sums in zip(missing, self._worked_out(list(missing.values())), strict=True):
            found[place] = sums
            _keep(files[place], sums)
        return [one if one is not None and one.digest == self.digest else None for one in found]

    def _worked_out(self, runs: Sequence[PairScores]) -> list[PairSums]:
        if not runs:
            return []
        if self._resamples is None and len(runs[0].row) <= MOST_TEST_PAIRS:
            self._resamples = PairResamples(runs[0].label)
        return pair_sums(runs, self._resamples)


def _pairs_of(file: ScoreFile) -> tuple[bytes, int] | None:
    """The digest and the number of the test pairs."""
    stored = stored_sums(file)
    if stored is not None:
        return stored.digest, stored.test_pairs
    scores = read_scores(file.folder, file.called)
    return None if scores is None else (scores.pairs_digest(), len(scores.row))


def _keep(file: ScoreFile, sums: PairSums) -> None:
    try:
        content = sums_content(sums, file_hash(file.folder / SCORES), file.called)
        write_whole(file.folder / RESAMPLED, content, flush=False)
    except (
        OSError
    ):  # a full disk, or one that may only be read: next time they are worked out again
        pass
