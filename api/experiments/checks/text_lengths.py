"""How long the texts of a data set are for each arm: what its encoder cuts, and what it had better
cut."""

from pathlib import Path

import numpy as np

from api.experiments.views import CutTextsView, SpecWarning
from models.datasets import cache
from models.datasets.profile_warnings import LONG
from models.specs.experiment import ExperimentSpec
from models.specs.training import PretrainedEncoder
from models.store.tables import Dataset


def cut_texts(spec: ExperimentSpec, folder: Path) -> list[CutTextsView]:
    """Return what each arm cuts whose encoder over words has `max_tokens`."""
    found = []
    for arm in spec.arms:
        own = spec.for_arm(arm.name)
        most = own.encoder.max_tokens
        if most is None or isinstance(own.encoder, PretrainedEncoder):
            continue  # how a model cuts words into pieces is known to workers alone
        cut = cache.open_tokens(folder, own.tokenizer).lengths() > most
        rows, texts = np.count_nonzero(cut.reshape(-1, 2).any(axis=1)), np.count_nonzero(cut)
        sentence = (
            f"{arm.name}: {rows:,} of {len(cut) // 2:,} rows have a text of more than {most:,} "
            "tokens, of which it reads no more."
        )
        found.append(
            CutTextsView(arm=arm.name, max_tokens=most, rows=rows, texts=texts, sentence=sentence)
        )
    return found


def long_text_warnings(spec: ExperimentSpec, dataset: Dataset) -> list[SpecWarning]:
    """The warning that some text costs more than the rest of its batch, as the profile counts
    tokens; none where every arm over words cuts it."""
    longest, usual = dataset.token_length_max, max(dataset.token_length_p99, 1.0)
    reads_all = [
        arm.name
        for arm in spec.arms
        if (own := spec.for_arm(arm.name)).encoder.max_tokens is None
        and own.tokenizer != "characters"
    ]
    if longest <= LONG * usual or not reads_all:
        return []
    sentence = (
        f"The longest text has {longest:,} tokens, and 99 of 100 have at most {usual:,.0f}. A "
        "batch takes as long, and as much memory, as its longest text does: `encoder.max_tokens` "
        f"cuts it, here in {', '.join(reads_all)}."
    )
    return [SpecWarning(kind="long_text", sentence=sentence)]
