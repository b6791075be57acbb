"""The rules of the code base that a machine can check; docs/design_notes.md says why."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "worker", "models")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EVERY_FILE = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
LONGEST_FILE = 300  # lines
LONGER = {"api/client.py": 600}
"""The client is copied to other machines as one file."""
READS_THE_ENVIRONMENT = {"models/settings.py", "api/client.py"}
"""Settings for the service; and the client, which where it is copied to has no settings."""
LONGEST_FUNCTION = 60


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["api.app", "api.cli", "worker.supervisor"])
def test_starting_waits_for_no_library_that_only_an_answer_needs(module: str) -> None:
    slow = {"torch", "sklearn", "scipy.stats", "statsmodels", "pandas"}
    assert python(f"import {module}, sys; print(sorted({slow!r} & sys.modules.keys()))") == "[]"


@pytest.mark.parametrize("module", ["api.app", "api.cli"])
def test_pictures_and_reports_cost_nothing_until_one_is_asked_for(module: str) -> None:
    code = f"import {module}, sys; print({{'matplotlib', 'tensorboardX'}} & {{*sys.modules}})"
    assert python(code) == "set()"


def test_training_imports_the_metric_learning_library_only_for_its_terms() -> None:
    code = "import worker.training.loop, sys; print('pytorch_metric_learning' in sys.modules)"
    assert python(code) == "False"


def test_importing_the_api_opens_no_database_and_reads_no_settings() -> None:
    code = (
        "import sqlalchemy, models.settings as s\n"
        "def refuse(*a, **k): raise AssertionError('at import')\n"
        "sqlalchemy.create_engine = refuse\n"
        "s.Settings.__init__ = refuse\n"
        "import api.app, api.cli; print('fine')"
    )
    assert python(code) == "fine"


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", EVERY_FILE, ids=name_of)
def test_a_file_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with what it is and why"
    assert len(text.splitlines()) <= LONGER.get(name_of(path), LONGEST_FILE)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if path.parent.name == "versions":
                continue  # a migration is one list of statements
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_source_file_has_a_name_and_reads_no_environment(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "misc", "common"}
    if name_of(path) not in READS_THE_ENVIRONMENT:
        reads = re.findall(r"getenv|environ\.get|environ\[|\*\*os\.environ", path.read_text())
        assert not reads, "only the settings read the environment"


def test_tests_do_not_shadow_the_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
