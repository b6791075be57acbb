"""Names in an export to MLflow: the server refuses most characters that are no letters."""

import re

from hypothesis import given
from hypothesis import strategies as st

from api.cli.trackers.mlflow_server import allowed_name

TAKEN = re.compile(r"[/\w.\- :]*")  # by MLflow 3.17, as its refusal says


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 _.+=,-]{0,63}", fullmatch=True))
def test_the_name_of_any_arm_becomes_one_that_mlflow_takes(arm: str) -> None:
    assert TAKEN.fullmatch(allowed_name(f"{arm} minus {arm}: low"))


def test_a_name_that_mlflow_takes_stays() -> None:
    assert allowed_name("test/roc_auc: low-1.5") == "test/roc_auc: low-1.5"
