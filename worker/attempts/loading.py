"""From the stored files of a data set to the arrays of one run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.datasets import cache
from models.datasets.cache import TokenCache
from models.datasets.given_negatives import negative_keys, negative_table
from models.datasets.ragged import cut
from models.datasets.searched import searched_questions
from models.datasets.split_rows import split_rows
from models.datasets.splits import SplitRows
from models.datasets.vocabulary import (
    FIRST_WORD,
    RunVocabulary,
    vocabulary_of_split,
    words_by_id,
)
from models.pretrained.config import read_config
from models.specs.experiment import ExperimentSpec
from models.specs.training import PretrainedEncoder
from models.vectors.stored import open_stored
from worker.attempts.pretrained_tokens import open_model_tokens
from worker.training.data import (
    GivenNegatives,
    NegativeTable,
    PretrainedStart,
    RunData,
    VectorStart,
)
from worker.training.encoders.pretrained_files import read_start


@dataclass(frozen=True)
class StartFolders:
    """The folders of what an encoder starts from: a pretrained model, or token vectors."""

    model: Path | None = None
    vectors: Path | None = None


def load_run_data(
    folder: Path,
    spec: ExperimentSpec,
    starts: StartFolders = StartFolders(),
    *,
    given: bool = False,
) -> RunData:
    """The data of a run of `spec` from the data set's folder; token arrays are mapped, not read,
    but for copies where texts are cut.

    With `given` they have the negatives that rows give, which an arm of the experiment asks for.
    Raises `FileNotFoundError` when a folder is not on this machine, `SplitError` when the rows
    cannot give the split.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the data set's files are not at {folder}: a worker needs the same data folder as "
            "the service that took the upload (TRIPLETLAB_DATA_DIR on a shared disk), or the same "
            "bucket (TRIPLETLAB_FILES_URL)"
        )
    labels = cache.open_labels(folder)
    rows = split_rows(folder, spec.split)
    tokens, vocabulary, start = _tokens(folder, spec, rows, starts.model)
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
        vectors=_vectors(spec, tokens, vocabulary, starts.vectors),
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
        return tokens, vocabulary_of_split(tokens, rows, spec.vocabulary), None
    model = _there(model, f"files of the model '{encoder.model}'")
    start = read_start(model)
    size = read_config(start.config).sizes.vocabulary_size
    tokens = open_model_tokens(folder, model.name, start.tokenizer, encoder.max_tokens, size)
    return tokens, RunVocabulary(np.arange(size, dtype=np.int32), size), start


def _vectors(
    spec: ExperimentSpec, tokens: TokenCache, vocabulary: RunVocabulary, folder: Path | None
) -> VectorStart | None:
    """Those rows of the token vectors that the encoder starts from whose words the run knows."""
    encoder = spec.encoder
    if isinstance(encoder, PretrainedEncoder) or encoder.vectors is None:
        return None
    folder = _there(folder, f"vectors '{encoder.vectors}'")
    stored = open_stored(folder)
    rows = stored.find(words_by_id(tokens.vocabulary, vocabulary.remap))
    found = np.flatnonzero(rows >= 0)
    return VectorStart(folder.name, found + FIRST_WORD, stored.vectors[rows[found]])


def _there(folder: Path | None, what: str) -> Path:
    if folder is None or not folder.is_dir():
        raise FileNotFoundError(
            f"the {what} are not at {folder}: a worker needs the same data folder or bucket as the "
            "service that took the upload"
        )
    return folder


def run_words(folder: Path, spec: ExperimentSpec, data: RunData) -> list[str]:
    """The vocabulary of the run whose data `load_run_data` returned, by ids from 2 on; none where
    the tokens are a pretrained model's."""
    if data.pretrained is not None:
        return []
    return words_by_id(cache.open_tokens(folder, spec.tokenizer).vocabulary, data.remap)
