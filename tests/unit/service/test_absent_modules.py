"""A library does not find what it would load only because it is there, which others still can."""

import subprocess
import sys

PROGRAM = """
import sys
from models.absent_modules import absent
if {loaded}:
    import colorsys
with absent("colorsys"):
    try:
        import colorsys
        print("found")
    except ImportError as error:
        print("absent", error.name)
import colorsys
print("colorsys" in sys.modules)
"""


def _said(*, loaded: bool) -> list[str]:
    program = [sys.executable, "-c", PROGRAM.format(loaded=loaded)]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_module_cannot_be_imported_in_the_block_and_can_afterwards() -> None:
    assert _said(loaded=False) == ["absent colorsys", "True"]


def test_a_module_that_is_loaded_already_stays() -> None:
    assert _said(loaded=True) == ["found", "True"]
