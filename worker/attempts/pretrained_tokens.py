"""The tokens of a data set by the tokenizer of a pretrained model, kept beside its other tokens.

They are made once for a data set, a model and a length, and mapped by every run after that. Each
distinct text is tokenised once.
"""

from importlib.metadata import version
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.datasets import cache
from models.datasets.cache import IDS, OFFSETS, TokenCache
from models.datasets.derived_files import ensure_derived, mapped
from models.datasets.ragged import gather, offsets_of
from models.datasets.tokenstream import distinct_texts
from models.errors import TrainingFault
from models.processes.memory_return import return_memory_now
from worker.training.encoders.pretrained_files import ModelTokenizer

BLOCK = 20_000  # texts


def open_model_tokens(
    folder: Path, model_hash: str, tokenizer: bytes, max_tokens: int, vocabulary_size: int
) -> TokenCache:
    """Map the tokens of the data set in `folder`, making them the first time.

    Raises `TrainingFault` for a tokenizer that cannot be used, or gives ids that the network has
    not, and `DamagedDataset`.
    """
    kind = f"model-{model_hash[:16]}-{max_tokens}-{version('tokenizers')}"
    final = folder / f"tokens-{kind}"

    def write(to: Path) -> None:
        texts, text_of_question = distinct_texts(cache.load(folder))
        reader = ModelTokenizer(tokenizer, max_tokens)
        flat, lengths = _tokenised(texts, reader)
        if int(flat.max()) >= vocabulary_size:
            raise TrainingFault(
                f"the model's tokenizer gives the id {int(flat.max())}, and its network has "
                f"{vocabulary_size:,}"
            )
        ids, offsets = gather(flat, offsets_of(lengths), text_of_question)
        np.save(to / IDS, ids)
        np.save(to / OFFSETS, offsets)

    ensure_derived(final, (IDS, OFFSETS), write, lambda: False)
    return_memory_now()  # where they were made: training comes next, and needs the most
    return TokenCache(final, mapped(final / IDS), mapped(final / OFFSETS))


def _tokenised(
    texts: pa.Array, reader: ModelTokenizer
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The ids of all texts, one after the other, and how many each has; a block at a time, since
    the lists of Python take ten times the memory."""
    ids, lengths = [], []
    for begin in range(0, len(texts), BLOCK):
        block = list(reader.ids_of(texts.slice(begin, BLOCK).to_pylist()))
        ids.append(np.fromiter(chain.from_iterable(block), dtype=np.int32))
        lengths.append(np.array([len(each) for each in block], dtype=np.int64))
    return np.concatenate(ids), np.concatenate(lengths)
