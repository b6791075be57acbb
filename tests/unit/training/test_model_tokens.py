"""The tokens of a data set by a pretrained model's tokenizer, a block of texts at a time."""

import json
from pathlib import Path

import pytest

from models.datasets.cache import store
from models.datasets.pairs import make_pairs

from support.pretrained import tokenizer_of, vocabulary

pytest.importorskip("tokenizers", reason="needs the extra `pretrained`")

from worker.attempts import pretrained_tokens
from worker.training.encoders.pretrained_files import ModelTokenizer

TEXTS = ["how do i cook rice", "", "where does rice grow", "cook", "the best rice", "cook"]


def test_every_question_has_the_ids_of_its_own_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained_tokens, "BLOCK", 2)
    tokenizer = json.dumps(tokenizer_of(vocabulary())).encode()
    folder = tmp_path / "set"
    store(make_pairs(TEXTS[::2], TEXTS[1::2], [1, 0, 1]), folder)
    found = pretrained_tokens.open_model_tokens(folder, "a" * 64, tokenizer, 8, len(vocabulary()))
    alone = ModelTokenizer(tokenizer, 8)
    for number, text in enumerate(TEXTS):
        (ids,) = alone.ids_of([text])
        assert found.question(number // 2, number % 2).tolist() == ids
