"""From the stored files of a data set to the arrays of one run."""

from pathlib import Path

import numpy as np

from models.datasets import cache
from models.datasets.searched import searched_questions
from models.datasets.split_rows import split_rows
from models.datasets.vocabulary import build_vocabulary, words_by_id
from models.specs.experiment import ExperimentSpec
from worker.training.data import RunData


def load_run_data(folder: Path, spec: ExperimentSpec) -> RunData:
    """The data of a run of `spec` from the data set's folder; token arrays are mapped, not read.

    Raises `FileNotFoundError` when the folder is not on this machine, `SplitError` when the rows
    cannot give the split.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the data set's files are not at {folder}: a worker needs the same data folder as "
            "the service that took the upload (TRIPLETLAB_DATA_DIR on a shared disk), or the same "
            "bucket (TRIPLETLAB_FILES_URL)"
        )
    tokens = cache.open_tokens(folder, spec.tokenizer)
    labels = cache.open_labels(folder)
    rows = split_rows(folder, spec.split)
    known = np.sort(np.concatenate((rows.train, rows.validation_duplicates)))
    vocabulary = build_vocabulary(
        tokens, known, spec.vocabulary.min_count, spec.vocabulary.max_size
    )
    groups = cache.open_groups(folder)
    searched = searched_questions(rows.test, cache.open_text_numbers(folder), groups)
    return RunData(
        ids=tokens.ids,
        offsets=tokens.offsets,
        remap=vocabulary.remap,
        vocabulary_size=vocabulary.size,
        labels=labels,
        train=rows.train,
        validation_duplicates=rows.validation_duplicates,
        validation=rows.validation,
        test=rows.test,
        groups=groups,
        corpus=searched.corpus,
        queries=searched.queries,
    )


def run_words(folder: Path, spec: ExperimentSpec, data: RunData) -> list[str]:
    """The vocabulary of the run whose data `load_run_data` returned, by ids from 2 on."""
    return words_by_id(cache.open_tokens(folder, spec.tokenizer).vocabulary, data.remap)
