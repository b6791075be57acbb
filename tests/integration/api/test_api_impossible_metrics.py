"""Experiments that would be decided by a metric that their test part cannot have."""

import pytest

from support.api import SPEC, ApiForTests, pointers


@pytest.mark.parametrize("metric", ["average_precision", "accuracy", "f1", "mcc"])
@pytest.mark.parametrize("label", [0, 1])
def test_a_metric_that_cannot_exist_on_this_test_part_is_refused(
    api: ApiForTests, metric: str, label: int
) -> None:
    rows = "".join(f"a{n},b{n},{n % 2}\n" for n in range(60))
    rows += "".join(f"x{n},y{n},{label}\n" for n in range(10))
    files = {"file": ("a.csv", f"question1,question2,is_duplicate\n{rows}")}
    api.http.post("/v1/datasets", files=files, data={"name": "one-label"})
    spec = {
        **SPEC,
        "dataset": "one-label",
        "split": {"kind": "in_order", "train_rows": 60, "test_rows": 10},
        "batch_size": 4,
        "decision": {"metric": f"test.{metric}"},
    }
    asked = api.http.post("/v1/experiments", params={"dry_run": True}, json=spec)
    what = "a duplicate" if label else "not a duplicate"
    assert pointers(asked) == ["/decision/metric"]
    assert asked.status_code == 422
    assert f"every one of the 10 test pairs is {what}" in asked.text
