"""The line of TF-IDF, measured again by scikit-learn and plain counting."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score, roc_auc_score

from models.datasets import cache, tf_idf
from models.datasets.generated.generator import generate_pairs
from models.datasets.tokenizer import tokenize
from worker.attempts.loading import load_run_data
from worker.attempts.tf_idf_line import tf_idf_metrics

from support.training import tiny_spec

TRAIN, TEST = 800, 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data") / "set"
    cache.store(generate_pairs(), made)
    return made


@pytest.mark.parametrize("threshold", [{"kind": "fixed", "value": 0.7}, {"kind": "validation"}])
def test_it_is_what_scikit_learn_and_counting_give(folder: Path, threshold: object) -> None:
    split = {"kind": "in_order", "train_rows": TRAIN, "test_rows": TEST}
    spec = tiny_spec(split=split, tokenizer="lower", threshold=threshold, validation_pairs=40)
    found = tf_idf_metrics(spec, folder, load_run_data(folder, spec))

    pairs = generate_pairs()
    rows = list(zip(pairs.question1.to_pylist(), pairs.question2.to_pylist(), strict=True))
    labels = pairs.label.tolist()
    duplicates = [row for row in range(TRAIN) if labels[row] == 1]
    held_out = range(duplicates[int(len(duplicates) * 0.8)], TRAIN)
    validated = [held_out[at * len(held_out) // 40] for at in range(40)]
    tested = range(TRAIN, TRAIN + TEST)
    vectors = TfidfVectorizer(analyzer=lambda text: tokenize(text, "lower"))
    vectors.fit([text for row in duplicates for text in rows[row]])
    cosine = {
        row: (vectors.transform([rows[row][0]]) @ vectors.transform([rows[row][1]]).T).sum()
        for row in (*validated, *tested)
    }

    def accuracy(part: Iterable[int], above: float) -> float:
        return float(np.mean([(cosine[row] > above) == bool(labels[row]) for row in part]))

    if threshold == {"kind": "validation"}:
        # no other cut is more accurate on the validation pairs
        cuts = [-1.0, *(cosine[row] for row in validated)]
        assert found["validation.accuracy"] == max(accuracy(validated, cut) for cut in cuts)
    else:
        assert found["test.threshold"] == 0.7
    for name, part in (("validation", validated), ("test", tested)):
        assert found[f"{name}.accuracy"] == accuracy(part, found[f"{name}.threshold"])
        truth, scores = [labels[row] for row in part], [cosine[row] for row in part]
        auc, precision = found[f"{name}.roc_auc"], found[f"{name}.average_precision"]
        assert auc == pytest.approx(roc_auc_score(truth, scores), abs=1e-4)
        assert precision == pytest.approx(average_precision_score(truth, scores), abs=1e-4)
    assert not any("loss" in name for name in found)


def test_it_has_the_metrics_of_scores_and_of_triplets_where_the_data_have_these(
    tmp_path: Path,
) -> None:
    pairs = generate_pairs(TRAIN + TEST)
    score = (np.arange(TRAIN + TEST) % 7 + 2 * pairs.label).astype(np.float32)
    number = (np.arange(TRAIN + TEST) // 4).astype(np.int32)
    cache.store(replace(pairs, score=score, triplet=number), tmp_path / "set")
    split = {"kind": "in_order", "train_rows": TRAIN, "test_rows": TEST}
    spec = tiny_spec(split=split, tokenizer="lower")
    data = load_run_data(tmp_path / "set", spec)
    found = tf_idf_metrics(spec, tmp_path / "set", data)
    known = np.sort(np.concatenate((data.train, data.validation_duplicates)))
    cosine = tf_idf.scores(cache.open_tokens(tmp_path / "set", "lower"), known, data.test)
    expected = stats.spearmanr(cosine, score[TRAIN:])[0]
    assert found["test.spearman"] == pytest.approx(expected, abs=1e-9)
    assert 0 < found["test.triplet_accuracy"] < 1
    assert {"validation.spearman", "test.pearson"} <= found.keys()
