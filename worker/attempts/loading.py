"""From the stored files of a data set to the arrays of one run."""

from pathlib import Path

import numpy as np

from models.datasets import cache
from models.datasets.cache import TokenCache
from models.datasets.given_negatives import negative_keys, negative_table
from models.datasets.ragged import cut
from models.datasets.searched import searched_questions
from models.datasets.split_rows import split_rows
from models.datasets.splits import SplitRows
from models.datasets.vocabulary import RunVocabulary, build_vocabulary, words_by_id
from models.pretrained.config import read_config
from models.specs.experiment import ExperimentSpec
from models.specs.training import PretrainedEncoder
from worker.attempts.pretrained_tokens import open_model_tokens
from worker.training.data import GivenNegatives, NegativeTable, PretrainedStart, RunData
from worker.training.encoders.pretrained_files import read_start


def load_run_data(
    folder: Path, spec: ExperimentSpec, model: Path | None = None, *, given: bool = False
) -> RunData:
    """The data of a run of `spec` from the data set's folder; token arrays are mapped, not read,
    but for copies where texts are cut.

    `model` is the folder of the pretrained model that its encoder starts from, if it does. With
    `given` they have the negatives that rows give, which an arm of the experiment asks for. Raises
    `FileNotFoundError` when a folder is not on this machine, `SplitError` when the rows cannot give
    the split.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the data set's files are not at {folder}: a worker needs the same data folder as "
            "the service that took the upload (TRIPLETLAB_DATA_DIR on a shared disk), or the same "
            "bucket (TRIPLETLAB_FILES_URL)"
        )
    labels = cache.open_labels(folder)
    rows = split_rows(folder, spec.split)
    tokens, vocabulary, start = _tokens(folder, spec, rows, model)
    ids, offsets = tokens.ids, tokens.offsets
    if spec.encoder.max_tokens is not None:
        ids, offsets = cut(ids, offsets, spec.encoder.max_tokens)
    groups = cache.open_groups(folder)
    searched = searched_questions(rows.test, cache.open_text_numbers(folder), groups)
    return RunData(
        ids=ids,
        offsets=offsets,
        remap=vocabulary.remap,
        vocabulary_size=vocabulary.size,
        pretrained=start,
        labels=labels,
        train=rows.train,
        validation_duplicates=rows.validation_duplicates,
        validation=rows.validation,
        test=rows.test,
        groups=groups,
        corpus=searched.corpus,
        queries=searched.queries,
        scores=cache.open_scores(folder),
        triplets=cache.open_triplets(folder),
        given=_given_negatives(folder, rows) if given else None,
    )


def _given_negatives(folder: Path, rows: SplitRows) -> GivenNegatives:
    texts, triplets = cache.open_text_numbers(folder), cache.open_triplets(folder)
    labels = cache.open_labels(folder)
    validation = rows.validation[labels[rows.validation] != 1]
    return GivenNegatives(
        negative_keys(texts, triplets),
        NegativeTable(*negative_table(rows.others, texts, triplets)),
        NegativeTable(*negative_table(validation, texts, triplets)),
    )


def _tokens(
    folder: Path, spec: ExperimentSpec, rows: SplitRows, model: Path | None
) -> tuple[TokenCache, RunVocabulary, PretrainedStart | None]:
    encoder = spec.encoder
    if not isinstance(encoder, PretrainedEncoder):
        tokens = cache.open_tokens(folder, spec.tokenizer)
        others = rows.others if spec.vocabulary.rows == "all" else rows.others[:0]
        known = np.sort(np.concatenate((rows.train, others, rows.validation_duplicates)))
        least, most = spec.vocabulary.min_count, spec.vocabulary.max_size
        return tokens, build_vocabulary(tokens, known, least, most), None
    if model is None or not model.is_dir():
        raise FileNotFoundError(
            f"the files of the model '{encoder.model}' are not at {model}: a worker needs the same "
            "data folder or bucket as the service that took the upload"
        )
    start = read_start(model)
    size = read_config(start.config).sizes.vocabulary_size
    tokens = open_model_tokens(folder, model.name, start.tokenizer, encoder.max_tokens, size)
    return tokens, RunVocabulary(np.arange(size, dtype=np.int32), size), start


def run_words(folder: Path, spec: ExperimentSpec, data: RunData) -> list[str]:
    """The vocabulary of the run whose data `load_run_data` returned, by ids from 2 on; none where
    the tokens are a pretrained model's."""
    if data.pretrained is not None:
        return []
    return words_by_id(cache.open_tokens(folder, spec.tokenizer).vocabulary, data.remap)
