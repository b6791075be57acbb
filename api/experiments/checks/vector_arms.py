"""The token vectors of a spec's arms: that they exist and fit, and what they cover."""

from functools import lru_cache
from pathlib import Path

from api.dependencies import Service
from api.experiments.checks.encoders import every_encoder, unknown_name
from api.vectors.views import ArmVectors
from models.datasets import cache
from models.datasets.split_rows import split_rows
from models.datasets.vocabulary import vocabulary_of_split, words_by_id
from models.errors import Problem
from models.specs.experiment import ExperimentSpec
from models.specs.splits import SplitSpec
from models.specs.training import PretrainedEncoder, Tokenizer, VocabularySpec
from models.store.tables import Dataset, TokenVectors
from models.store.uploads.token_vectors import VECTORS
from models.vectors.stored import FILE, open_stored

REMEMBERED = 64  # counts: a form asks for the same at each change


def chosen_vectors(
    service: Service, spec: ExperimentSpec
) -> tuple[tuple[TokenVectors, ...], list[Problem]]:
    """The vectors that arms start from, and a problem for each field that does not fit them."""
    encoders = {
        (place, encoder.vectors, encoder.embedding_dim): None
        for place, encoder in every_encoder(spec)
        if not isinstance(encoder, PretrainedEncoder) and encoder.vectors is not None
    }
    if not encoders:
        return (), []
    with service.database.reading() as session:
        known = {one.name: one for one in VECTORS.all(session)}
    problems: dict[Problem, None] = {}
    named: dict[str, TokenVectors] = {}
    for place, name, width in encoders:
        found = known.get(name)
        if found is None:
            detail = unknown_name("set of vectors", name, known, "vectors", "FILE")
            problems[Problem(f"{place}/vectors", detail)] = None
            continue
        named[name] = found
        if width != found.dimension:
            detail = (
                f"the vectors {name} have {found.dimension:,} numbers for each token, and an "
                f"embedding would have {width:,}; give {found.dimension}, or leave it out"
            )
            problems[Problem(f"{place}/embedding_dim", detail)] = None
    return tuple(named.values()), list(problems)


def covered(
    service: Service, spec: ExperimentSpec, dataset: Dataset, vectors: tuple[TokenVectors, ...]
) -> list[ArmVectors]:
    """How many words of each arm's vocabulary its vectors have. Raises `FilesAway`."""
    known = {one.name: one for one in vectors}
    views = []
    for arm in spec.arms:
        own = spec.for_arm(arm.name)
        if isinstance(own.encoder, PretrainedEncoder) or own.encoder.vectors not in known:
            continue
        one = known[own.encoder.vectors]
        place = service.settings.vectors_dir / one.content_hash
        stored = service.files.bring_folder(place, last=FILE)
        folder = service.dataset_folder(dataset.content_hash)
        words, found = _count(folder, stored, spec.split, own.tokenizer, own.vocabulary)
        lower = own.tokenizer == "word" and not one.has_capitals
        views.append(ArmVectors.of(arm.name, one.name, one.content_hash, words, found, lower))
    return views


@lru_cache(maxsize=REMEMBERED)
def _count(
    folder: Path, vectors: Path, split: SplitSpec, tokenizer: Tokenizer, known: VocabularySpec
) -> tuple[int, int]:
    """The words of a run on the data set in `folder`, and how many of them these vectors have."""
    tokens = cache.open_tokens(folder, tokenizer)
    rows = split_rows(folder, split)
    vocabulary = vocabulary_of_split(tokens, rows, known)
    words = words_by_id(tokens.vocabulary, vocabulary.remap)
    return len(words), int((open_stored(vectors).find(words) >= 0).sum())
