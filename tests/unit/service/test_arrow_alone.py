"""A process of the service uses Arrow without loading pandas, which it can still import."""

import subprocess
import sys

PROGRAM = """
import sys
import pyarrow as pa
from models.processes.arrow_alone import use_arrow_alone
if {alone}:
    use_arrow_alone()
assert pa.table({{"n": pa.array([1, 2])}})["n"].to_pylist() == [1, 2]
print("pandas" in sys.modules)
import pandas
print(pandas.DataFrame({{"n": [1, 2]}})["n"].sum())
"""


def _said(*, alone: bool) -> list[str]:
    program = [sys.executable, "-c", PROGRAM.format(alone=alone)]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()


def test_arrow_takes_lists_and_tables_without_loading_pandas() -> None:
    assert _said(alone=True) == ["False", "3"]
    assert _said(alone=False) == ["True", "3"], "pyarrow no longer loads it: nothing is to be done"
