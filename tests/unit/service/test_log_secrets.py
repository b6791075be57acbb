"""A traceback in the log shows where, and not what: variables hold keys and passwords."""

import subprocess
import sys

import pytest

CODE = """
import logging
from models.logs import log_to_stderr

log_to_stderr("api", {form!r})
def fail(token):
    headers = {{"authorization": token}}
    raise RuntimeError("on purpose")
try:
    fail("hunter" + "2")
except RuntimeError:
    logging.getLogger("api").exception("it failed")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_in_the_log_shows_no_value_of_a_variable(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(form=form)], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "it failed" in done.stderr
    assert "on purpose" in done.stderr
    assert "fail" in done.stderr
    assert "hunter2" not in done.stderr
