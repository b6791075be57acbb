"""Experiments that would be decided by a metric that their test part cannot have."""

from typing import Any

import httpx
import pytest

from api.experiments import planning
from models.datasets import searched

from support.api import SPEC, ApiForTests, pointers


def dry_run(api: ApiForTests, metric: str, tested: str) -> httpx.Response:
    """The reply to an experiment that would be decided by this metric of these ten test rows."""
    rows = "".join(f"a{n},b{n},{n % 2}\n" for n in range(60)) + tested
    files = {"file": ("a.csv", f"question1,question2,is_duplicate\n{rows}")}
    api.http.post("/v1/datasets", files=files, data={"name": "one-label"})
    spec: dict[str, Any] = {
        **SPEC,
        "dataset": "one-label",
        "split": {"kind": "in_order", "train_rows": 60, "test_rows": 10},
        "batch_size": 4,
        "decision": {"metric": f"test.{metric}"},
    }
    return api.http.post("/v1/experiments", params={"dry_run": True}, json=spec)


@pytest.mark.parametrize("metric", ["average_precision", "accuracy", "f1", "mcc"])
@pytest.mark.parametrize("label", [0, 1])
def test_a_metric_that_cannot_exist_on_this_test_part_is_refused(
    api: ApiForTests, metric: str, label: int
) -> None:
    asked = dry_run(api, metric, "".join(f"x{n},y{n},{label}\n" for n in range(10)))
    what = "a duplicate" if label else "not a duplicate"
    assert pointers(asked) == ["/decision/metric"]
    assert asked.status_code == 422
    assert f"every one of the 10 test pairs is {what}" in asked.text


def test_retrieval_needs_a_test_question_with_a_known_duplicate_in_the_test_part(
    api: ApiForTests,
) -> None:
    asked = dry_run(api, "mrr_at_10", "".join(f"x{n},x{n + 1},0\n" for n in range(10)))
    assert (asked.status_code, pointers(asked)) == (422, ["/decision/metric"])
    assert "none of the 11 different ones has a known duplicate among the others" in asked.text


def test_retrieval_needs_no_second_label_but_not_too_many_questions(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    duplicates = "".join(f"x{n},y{n},1\n" for n in range(10))
    assert dry_run(api, "ndcg_at_10", duplicates).status_code == 200
    for module in (searched, planning):
        monkeypatch.setattr(module, "MOST_SEARCHED", 19)
    asked = dry_run(api, "ndcg_at_10", duplicates)
    assert (asked.status_code, pointers(asked)) == (422, ["/decision/metric"])
    assert "20 different ones would take too long; test fewer rows" in asked.text
