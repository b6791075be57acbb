"""Experiments that scores of people and triplets decide, from upload's rows to the verdict; every
figure is worked out again by slow plain code."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy import stats

from api.dependencies import Service
from api.results.document import results_document
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs
from models.datasets.tokenizer import tokenize
from models.datasets.vocabulary import FIRST_WORD, UNKNOWN
from models.files.run_files import SCORES, VOCABULARY, WEIGHTS
from models.store.metrics.rows import evaluations_of
from models.store.tables import Run

from support.workers import ROWS, Lab

LOSS = {"terms": [{"kind": "mean_negative"}, {"kind": "closest_negative"}]}
WIDE = {"kind": "bag", "embedding_dim": 16}
ARMS = [{"name": "flat", "loss": LOSS, "encoder": {**WIDE, "embedding_dim": 2}},
        {"name": "wide", "loss": LOSS}]  # fmt: skip
TEST = 200
SEEDS, RESAMPLES = range(6), 1000

Columns = dict[str, np.ndarray]
Measure = Callable[[Columns, np.ndarray], float]


def scored() -> Pairs:
    """As STS: a score from 0 to 5 for each pair, higher where the two share more words; those from
    2 on belong together."""
    pairs = generate_pairs(ROWS)
    sides = zip(pairs.question1.to_pylist(), pairs.question2.to_pylist(), strict=True)
    words = [[set(tokenize(text, "word")) for text in both] for both in sides]
    score = np.array([round(10 * len(a & b) / len(a | b)) / 2 for a, b in words], np.float32)
    return replace(pairs, score=score, label=(score >= 2).astype(np.int8))


def triplets() -> Pairs:
    """Each duplicate of the generated pairs, followed by its anchor with another row's text."""
    pairs = generate_pairs(2 * ROWS)
    duplicates = np.flatnonzero(pairs.label == 1)[: ROWS // 2]
    rows = np.repeat(duplicates, 2)
    others = rows.copy()
    others[1::2] = duplicates[np.arange(len(duplicates)) - 7]
    label = np.tile(np.array([1, 0], np.int8), len(duplicates))
    number = (np.arange(len(rows)) // 2).astype(np.int32)
    first, second = pairs.question1.take(rows), pairs.question2.take(others)
    return Pairs(first, second, label, triplet=number)


def spearman(columns: Columns, taken: np.ndarray) -> float:
    ranks = [stats.rankdata(columns[name][taken]) for name in ("score", "grade")]
    return float(np.corrcoef(*ranks)[0, 1])


def pearson(columns: Columns, taken: np.ndarray) -> float:
    return float(np.corrcoef(columns["score"][taken], columns["grade"][taken])[0, 1])


def of_triplets(columns: Columns, taken: np.ndarray) -> float:
    """`taken` are triplets, each of which has a positive and then a negative."""
    return float(np.mean([columns["score"][2 * t] > columns["score"][2 * t + 1] for t in taken]))


def plain_scores(lab: Lab, run: Run, pairs: Pairs) -> list[float]:
    """The cosine of the two bags of each test pair, word by word, from the file of weights."""
    file = load_file(lab.settings.run_dir(run.id) / WEIGHTS)
    words = bytes(file[VOCABULARY]).decode().split("\n")
    ids = {word: number for number, word in enumerate(words, FIRST_WORD)}

    def unit(text: str) -> np.ndarray:
        rows = [file["embedding"][ids.get(word, UNKNOWN)] for word in tokenize(text, "word")]
        total: np.ndarray = np.array(rows, dtype=np.float64).sum(axis=0)
        unit: np.ndarray = total / np.linalg.norm(total)
        return unit

    sides = (pairs.question1.to_pylist()[-TEST:], pairs.question2.to_pylist()[-TEST:])
    return [float(unit(one) @ unit(other)) for one, other in zip(*sides, strict=True)]


@pytest.mark.parametrize(
    ("metric", "rows", "things", "measure"),
    [
        ("spearman", scored, TEST, spearman),
        ("pearson", scored, TEST, pearson),
        ("triplet_accuracy", triplets, TEST // 2, of_triplets),
    ],
)
def test_workers_measure_what_people_said_and_the_verdict_rests_on_it(
    embedded_lab: Lab, metric: str, rows: Callable[[], Pairs], things: int, measure: Measure
) -> None:
    lab, pairs = embedded_lab, rows()
    lab.add_pairs(metric, pairs)
    lab.worker()
    spec: dict[str, Any] = {
        "dataset": metric,
        "split": {"kind": "in_order", "train_rows": len(pairs.label) - TEST, "test_rows": TEST},
        "encoder": WIDE, "steps": 20, "arms": ARMS, "seeds": {"count": len(SEEDS)},
        "decision": {"metric": f"test.{metric}", "equivalence_margin": 0.02},
    }  # fmt: skip
    ended = lab.wait_for_success(*lab.create(**spec))
    columns: dict[tuple[str, int], Columns] = {}
    for run in ended:
        own = columns[run.arm, run.seed] = load_file(lab.settings.run_dir(run.id) / SCORES)
        with lab.database.reading() as session:
            (tested,) = (one for one in evaluations_of(session, run.id) if one.split == "test")
        assert getattr(tested, metric) == pytest.approx(measure(own, np.arange(things)), abs=1e-9)
    assert columns["wide", 3]["score"] == pytest.approx(
        plain_scores(lab, next(r for r in ended if (r.arm, r.seed) == ("wide", 3)), pairs), abs=1e-5
    )
    if pairs.score is not None:
        assert (columns["wide", 0]["grade"] == pairs.score[-TEST:]).all()
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        results = results_document(session, ended[0].experiment_id, service).whole()
    judged = results.comparisons[0]
    assert (judged.a, judged.b, judged.metric) == ("wide", "flat", f"test.{metric}")
    values = {
        arm: np.array([measure(columns[arm, seed], np.arange(things)) for seed in SEEDS])
        for arm in ("flat", "wide")
    }
    differences = values["wide"] - values["flat"]
    mean = float(differences.mean())
    assert judged.mean_difference == pytest.approx(mean, abs=1e-9)
    half = stats.t.ppf(0.975, len(SEEDS) - 1) * differences.std(ddof=1) / len(SEEDS) ** 0.5
    assert judged.interval is not None
    assert (judged.interval.low, judged.interval.high) == pytest.approx((mean - half, mean + half))
    signs = np.array(list(itertools.product((-1, 1), repeat=len(SEEDS))))
    flipped = np.abs((signs * differences).mean(axis=1)) >= abs(mean) - 1e-12
    assert judged.sign_flip_p == pytest.approx(flipped.mean())
    assert judged.verdict == "a_better", judged.sentence
    crossed = judged.crossed_bootstrap
    assert crossed is not None
    assert crossed.interval is not None, crossed.missing
    low, high = crossed_again(columns, things, measure)
    assert (crossed.interval.low, crossed.interval.high) == pytest.approx((low, high), abs=1e-9)


def crossed_again(
    columns: dict[tuple[str, int], Columns], things: int, measure: Measure
) -> tuple[float, float]:
    """The percentile interval over resamples of seeds and of what was tested, one by one."""
    of_things, of_seeds = np.random.default_rng(2007), np.random.default_rng(2008)
    taken = [of_things.integers(things, size=things) for _ in range(RESAMPLES)]
    equal = np.full(len(SEEDS), 1 / len(SEEDS))
    weights = [of_seeds.multinomial(len(SEEDS), equal) for _ in range(RESAMPLES)]
    means = [
        sum(
            weight * (measure(columns["wide", seed], own) - measure(columns["flat", seed], own))
            for seed, weight in zip(SEEDS, weighed.tolist(), strict=True)
            if weight
        )
        / len(SEEDS)
        for own, weighed in zip(taken, weights, strict=True)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
