"""`tripletlab --version`."""

from importlib.metadata import version

from typer.testing import CliRunner

from api.cli import app


def test_the_command_tells_its_version_and_nothing_else() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"tripletlab {version('tripletlab')}\n")
