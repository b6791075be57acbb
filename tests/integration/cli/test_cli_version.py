"""`tripletlab --version`, and help by its short name."""

from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from api.cli import app


def test_the_command_tells_its_version_and_nothing_else() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"tripletlab {version('tripletlab')}\n")


@pytest.mark.parametrize("command", [["-h"], ["datasets", "add", "-h"]])
def test_help_has_its_short_name_everywhere(command: list[str]) -> None:
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    assert "Usage:" in done.output
