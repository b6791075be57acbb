#!/usr/bin/env bash
# A limit of four tokens leaves model2vec no word at all of a text of long words.
#
# A good guess: `model.encode(text, max_length=4)` is the mean of the vectors of the text's first
# four tokens, which is what the parameter's description says ("tokens beyond this length").
# Seen: model2vec 0.10.0 first cuts the text to `max_length` times the median length of the
# vocabulary's tokens, in letters. With a vocabulary of many short and some long words the median is
# 1, so "responsibility recommendations ..." becomes "resp", which is no word of it: the vector is
# all zeros. The tokenizer itself, held to four tokens, finds the four words.
# Whoever raises speed by a lower limit loses texts of long words first: their vectors stand for a
# few of the allowed tokens, or for nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check model2vec==0.10.0 tokenizers==0.23.3

cat > look.py <<'PYTHON'
import string

import model2vec
import numpy
import tokenizers
from model2vec import StaticModel
from tokenizers import Tokenizer, models, pre_tokenizers

LONG = ["responsibility", "recommendations", "characteristics", "misunderstanding", "extraordinary"]
vocabulary = {word: row for row, word in enumerate(["[UNK]", *LONG, *string.ascii_lowercase])}


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


text = " ".join(LONG)
limited = tokenizer()
limited.enable_truncation(4)
one_hot = numpy.eye(len(vocabulary), dtype=numpy.float32)
model = StaticModel(one_hot, tokenizer(), normalize=False)
vectors = {limit: model.encode(text, max_length=limit) for limit in (4, 40, None)}

print("model2vec", model2vec.__version__, "tokenizers", tokenizers.__version__)
print(f"median length of the vocabulary's tokens: {model.median_token_length}")
print(f"tokens of the text by the tokenizer, limit 4: {limited.encode(text).tokens}")
words = {limit: [LONG[row - 1] for row in numpy.flatnonzero(v)] for limit, v in vectors.items()}
for limit, found in words.items():
    print(f"words in the vector, max_length={limit}: {found}")
assert limited.encode(text).tokens == LONG[:4]
assert words == {4: [], 40: LONG[:2], None: LONG}, words
PYTHON
venv/bin/python look.py
