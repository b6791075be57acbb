#!/usr/bin/env bash
# One text, one setting, no randomness: each process trains another WordPiece tokenizer.
#
# A good guess: the trainers of the tokenizers library have no seed because they need none, so the
# same text in the same order gives the same vocabulary each time, also for WordPiece.
# Seen: with tokenizers 0.23.3, 12 processes number the 300 pieces of a WordPiece vocabulary in 12
# ways, and do not even agree on the pieces (two sets of them), while BPE gives one vocabulary, with
# one numbering, in all. Ties seem to be broken by the order of a hash map, drawn anew by a process.
# Whoever trains the tokenizer again with each run of a model gives equal weights to other pieces,
# and cannot make stored embeddings again from the text and the settings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.3

cat > train.py <<'PYTHON'
import hashlib
import random
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

draw = random.Random(0)
words = ["".join(draw.choices("abcdefgh", k=draw.randint(2, 7))) for _ in range(6000)]
settings = {"vocab_size": 300, "special_tokens": ["?"], "show_progress": False}
model, trainer = {
    "BPE": (models.BPE(unk_token="?"), trainers.BpeTrainer(**settings)),
    "WordPiece": (models.WordPiece(unk_token="?"), trainers.WordPieceTrainer(**settings)),
}[sys.argv[1]]
tokenizer = Tokenizer(model)
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.train_from_iterator([" ".join(words)], trainer)
numbers = tokenizer.get_vocab()
pieces = sorted(numbers, key=numbers.get) if sys.argv[2] == "numbered" else sorted(numbers)
print(len(numbers), hashlib.sha256(" ".join(pieces).encode()).hexdigest())
PYTHON

different() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do venv/bin/python train.py "$1" "$2"; done |
    sort -u | wc -l
}

venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep tokenizers
bpe=$(different BPE numbered)
numbered=$(different WordPiece numbered)
pieces=$(different WordPiece sorted)
echo "BPE, numbered vocabularies of 12 processes: $bpe"
echo "WordPiece, numbered vocabularies of 12 processes: $numbered"
echo "WordPiece, sets of pieces of 12 processes: $pieces"
test "$bpe" -eq 1
test "$numbered" -gt 1
