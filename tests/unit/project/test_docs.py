"""The pages name what exists: links, commands, settings and calls."""

import re
from pathlib import Path

import pytest
import typer

from api.cli import app
from models.settings import Settings

from support.project import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
PAGES += [*(ROOT / "benchmarks").glob("*.md")]

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@every_page
def test_a_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not target.startswith(("http", "#")):
            assert (page.parent / target.split("#")[0]).exists(), target


@every_page
def test_a_command_is_one_of_the_command_line(page: Path) -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"[`$] ?tripletlab (\w+)", page.read_text()))
    assert named <= known


@every_page
def test_a_setting_is_one_of_the_settings(page: Path) -> None:
    known = {f"TRIPLETLAB_{name.upper()}" for name in Settings.model_fields}
    known |= {"TRIPLETLAB_TEST_REDIS_URL", "TRIPLETLAB_TEST_DATABASE_URL", "TRIPLETLAB_QUORA_FILE"}
    known |= {"TRIPLETLAB_TEST_MLFLOW", "TRIPLETLAB_TEST_CONTRACT"}
    named = set(re.findall(r"TRIPLETLAB_[A-Z_]*[A-Z]", page.read_text()))
    assert named <= known


def test_every_setting_stands_in_the_table_of_settings() -> None:
    listed = re.findall(r"^\| `TRIPLETLAB_(\w+)` \|", (ROOT / "docs/settings.md").read_text(), re.M)
    assert listed == [name.upper() for name in Settings.model_fields if name != "worker_id"]
