"""The mean of token vectors as an encoder of pairs, against a loop over tokens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.training.encoders.vector_means import VectorMeans
from worker.training.evaluation import pair_scores

from support.stack import wild_data
from support.training import WORDS

DATA = wild_data()  # some of its questions have no token


def plain(rows: np.ndarray, vectors: np.ndarray, question: int) -> np.ndarray:
    tokens = DATA.ids[DATA.offsets[question] : DATA.offsets[question + 1]]
    found = [vectors[rows[token]].astype(np.float64) for token in tokens if rows[token] >= 0]
    if not found:
        return np.zeros(vectors.shape[1])
    mean: np.ndarray = np.mean(found, axis=0)
    unit: np.ndarray = mean / np.linalg.norm(mean)
    return unit


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 50), known=st.integers(1, WORDS), scale=st.sampled_from([1e-6, 1, 3e38]))
def test_a_question_is_the_mean_of_the_tokens_that_the_file_has(
    seed: int, known: int, scale: float
) -> None:
    draw = np.random.default_rng(seed)
    vectors = (draw.uniform(-1, 1, size=(known, 5)) * scale).astype(np.float32)
    rows = np.full(WORDS, -1, dtype=np.int64)
    rows[draw.permutation(WORDS)[:known]] = draw.permutation(known)
    encoder = VectorMeans(rows, vectors)
    pairs = draw.choice(len(DATA.labels), 40)
    further = draw.choice(2 * len(DATA.labels), 7)
    found = encoder.encode_pairs(DATA, pairs, further).numpy()
    asked = np.concatenate((2 * pairs, 2 * pairs + 1, further))
    assert found.dtype == np.float32
    for vector, question in zip(found, asked.tolist(), strict=True):
        assert vector == pytest.approx(plain(rows, vectors, question), abs=1e-5)
    first, second = (np.array([plain(rows, vectors, 2 * p + s) for p in pairs]) for s in (0, 1))
    scores = pair_scores(encoder, DATA, pairs)
    assert scores == pytest.approx((first * second).sum(axis=1), abs=1e-5)
