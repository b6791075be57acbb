"""The similarity by TF-IDF against scikit-learn, which counts the words again by itself."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from models.datasets import cache, tf_idf
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.tokenizer import TokenizerKind, tokenize
from models.datasets.tokenstream import token_stream
from models.files.recorded_hashes import damaged

TEXTS = st.lists(st.sampled_from(["a", "A", "b", "why", "not", "?", "rare"]), max_size=6)
ROWS = st.lists(st.tuples(TEXTS.map(" ".join), TEXTS.map(" ".join)), min_size=3, max_size=12)


def tokens_of(pairs: Pairs, kind: TokenizerKind) -> cache.TokenCache:
    stream = token_stream(pairs, kind)
    tokens = cache.TokenCache(Path(), stream.ids, stream.offsets)
    tokens.__dict__["vocabulary"] = stream.vocabulary
    return tokens


def by_scikit_learn(
    pairs: Pairs, kind: TokenizerKind, known: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    firsts, seconds = pairs.question1.to_pylist(), pairs.question2.to_pylist()
    vectorizer = TfidfVectorizer(analyzer=lambda text: tokenize(text, kind))
    vectorizer.fit([one for row in known for one in (firsts[row], seconds[row])])
    first, second = (
        vectorizer.transform([side[row] for row in rows]) for side in (firsts, seconds)
    )
    return np.asarray(first.multiply(second).sum(axis=1)).ravel()


@given(texts=ROWS)
def test_it_is_the_cosine_of_scikit_learns_vectors(texts: list[tuple[str, str]]) -> None:
    texts = [("a why not", "b"), *texts]  # scikit-learn refuses to learn no word
    firsts, seconds = ([text[side] for text in texts] for side in (0, 1))
    pairs = make_pairs(firsts, seconds, [1] * len(texts))
    known, rows = np.arange(2), np.arange(1, len(texts))
    for kind in ("word", "lower"):
        ours = tf_idf.scores(tokens_of(pairs, kind), known, rows)
        np.testing.assert_allclose(ours, by_scikit_learn(pairs, kind, known, rows), atol=1e-6)


def test_a_question_without_a_known_word_is_similar_to_nothing() -> None:
    pairs = make_pairs(["a b", "c", "", "b"], ["b", "c", "", "b"], [1, 1, 1, 1])
    found = tf_idf.scores(tokens_of(pairs, "word"), np.array([0]), np.arange(1, 4))
    assert found.tolist() == [0.0, 0.0, 1.0]
    assert found.dtype == np.float32


def test_it_is_worked_out_once_and_again_where_the_file_is_damaged(tmp_path: Path) -> None:
    pairs = generate_pairs()
    cache.store(pairs, tmp_path / "set")
    known, rows = np.arange(500), np.arange(500, 900)
    found = tf_idf.kept_scores(tmp_path / "set", "lower", known, rows)
    np.testing.assert_allclose(found, by_scikit_learn(pairs, "lower", known, rows), atol=1e-6)
    (kept,) = (tmp_path / "set").glob("tf-idf-lower-*")
    written = (kept / tf_idf.SCORES).stat().st_mtime_ns
    again = tf_idf.kept_scores(tmp_path / "set", "lower", known, rows)
    assert (again == found).all()
    assert (kept / tf_idf.SCORES).stat().st_mtime_ns == written
    (kept / tf_idf.SCORES).write_bytes(b"half")
    assert (tf_idf.kept_scores(tmp_path / "set", "lower", known, rows) == found).all()
    assert not damaged(kept)
    # other known rows, other weights: another file
    assert (tf_idf.kept_scores(tmp_path / "set", "lower", known[:50], rows) != found).any()


def test_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, known, rows = tokens_of(generate_pairs(), "word"), np.arange(300), np.arange(300, 600)
    whole = tf_idf.scores(tokens, known, rows)
    monkeypatch.setattr(tf_idf, "_PIECE", 7)
    assert (tf_idf.scores(tokens, known, rows) == whole).all()
