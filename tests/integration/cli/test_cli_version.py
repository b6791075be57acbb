"""`tripletlab --version`, help by its short name, and the defaults that it tells."""

from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from api.cli import app
from models.settings import Settings


def test_the_command_tells_its_version_and_nothing_else() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"tripletlab {version('tripletlab')}\n")


@pytest.mark.parametrize("command", [["-h"], ["datasets", "add", "-h"]])
def test_help_has_its_short_name_everywhere(command: list[str]) -> None:
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    assert "Usage:" in done.output


@pytest.mark.parametrize(
    ("command", "names"), [("serve", ("host", "port", "data_dir")), ("demo", ("port",))]
)
def test_help_tells_where_the_service_listens_by_default(
    command: str, names: tuple[str, ...]
) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    for name in names:
        default = Settings.model_fields[name].default
        assert f"by default {default}" in shown.replace("By", "by"), name


@pytest.mark.parametrize("command", [[], ["serve"], ["submit"], ["keys"], ["datasets", "delete"]])
def test_help_has_a_type_beside_what_takes_a_value_alone(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"]).output
    assert "--help" in shown
    assert "bool" not in shown
    assert ("<int>" in shown) == (command == ["serve"])
