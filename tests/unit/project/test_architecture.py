"""The rules of the code base that a machine can check; docs/contributing.md gives examples."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from support.project import ROOT

PACKAGES = ("api", "worker", "models")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EVERY_FILE = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
LONGEST_FILE = 300  # lines
LONGER = {"api/client.py": 1000}
"""The client is copied to other machines as one file."""
READS_THE_ENVIRONMENT = {"models/settings.py", "api/client.py"}
"""Settings for the service; and the client, which where it is copied to has no settings."""
LONGEST_FUNCTION = 60
LONGEST_DECLARATIONS = 400
DECLARATIONS = {"views.py", "tables.py", "schema.py", "settings.py", "metrics.py"}
"""Files of fields: nothing in them has to be followed from line to line."""
MOST_MODULES = 24  # in one folder


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_starting_waits_for_no_library_that_only_an_answer_needs() -> None:
    slow = {"torch", "sklearn", "scipy.stats", "statsmodels", "pandas"}
    pictures_and_reports = {"matplotlib", "tensorboardX"}
    code = (
        f"import api.app, api.cli, sys; print({slow | pictures_and_reports!r} & {{*sys.modules}})"
    )
    assert python(code) == "set()"
    assert python(f"import worker.supervisor, sys; print({slow!r} & {{*sys.modules}})") == "set()"


def test_no_process_loads_what_only_another_database_or_a_rare_task_needs() -> None:
    """An idle service is several processes, and what each loads counts as often."""
    rare = {"alembic", "psycopg", "httpx", "rich", "pygments"}
    for process in ("supervisor, worker.__main__", "pool.tasks", "attempts.process"):
        code = f"import sys, worker.{process}; print({rare!r} & {{*sys.modules}})"
        assert python(code) == "set()", process
    rare = {"alembic", "psycopg", "scipy.sparse"}
    code = f"import sys, api.serving.embedded_service, api.app; print({rare!r} & {{*sys.modules}})"
    assert python(code) == "set()"


def test_results_need_no_statistics_library_that_takes_longer_to_import_than_to_use() -> None:
    slow = {"scipy.stats", "statsmodels", "pandas"}
    code = (
        "import sys, api.results.time_to_event, models.comparison.conclusion\n"
        "import models.comparison.run_statistics, models.factors.cell_means\n"
        "import models.noise_floor.noise_floor, models.noise_floor.sources\n"
        f"print({slow!r} & {{*sys.modules}})"
    )
    assert python(code) == "set()"


def test_training_imports_no_library_that_takes_longer_than_many_a_run() -> None:
    """Neither torch's compiler nor scikit-learn, which each take a second of a processor, in every
    process that attempts are forked from; the metric learning library is there for its terms."""
    slow = {"torch._dynamo", "sklearn", "scipy.stats", "pandas", "pytorch_metric_learning"}
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from support.training import tiny_data, tiny_spec, train\n"
        "import worker.attempts.process\n"
        "assert list(train(tiny_spec(), 'vanilla', 0, tiny_data()))\n"
        f"print({slow!r} & {{*sys.modules}})"
    )
    assert python(code) == "set()"


def test_the_command_loads_nothing_slow_before_it_knows_what_is_asked() -> None:
    slow = ("sqlalchemy", "alembic", "pydantic", "fastapi", "numpy", "scipy", "redis", "torch")
    code = f"import sys, api.cli; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_importing_the_api_opens_no_database_and_reads_no_settings() -> None:
    code = (
        "import sqlalchemy, models.settings as s\n"
        "def refuse(*a, **k): raise AssertionError('at import')\n"
        "sqlalchemy.create_engine = refuse\n"
        "s.Settings.__init__ = refuse\n"
        "import api.app, api.cli; print('fine')"
    )
    assert python(code) == "fine"


def test_every_file_says_what_it_is_and_stays_short() -> None:
    offenders = []
    for path in EVERY_FILE:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        if not ast.get_docstring(tree):
            offenders.append(f"{name_of(path)} does not open with what it is and why")
        lines = len(text.splitlines())
        if lines > longest(path):
            offenders.append(f"{name_of(path)} has {lines} lines, of {longest(path)} at most")
        offenders += [
            f"{name_of(path)}: {name} has {lines}" for name, lines in too_long(path, tree)
        ]
    assert not offenders, "\n".join(offenders)


def longest(path: Path) -> int:
    if path.name in DECLARATIONS or path.parent.name == "specs":
        return LONGEST_DECLARATIONS
    return LONGER.get(name_of(path), LONGEST_FILE)


def too_long(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions of too many lines; a migration is one list of statements, of any length."""
    for node in ast.walk(tree) if path.parent.name != "versions" else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield node.name, lines


def test_no_source_file_has_a_name_for_anything_or_reads_the_environment() -> None:
    offenders = [
        f"{name_of(path)} has a name that says nothing"
        for path in SOURCES
        if path.stem in {"utils", "helpers", "misc", "common"}
    ]
    offenders += [
        f"{name_of(path)} reads the environment, which only the settings do"
        for path in SOURCES
        if name_of(path) not in READS_THE_ENVIRONMENT
        and re.search(r"getenv|environ\.get|environ\[|\*\*os\.environ", path.read_text())
    ]
    assert not offenders, "\n".join(offenders)


def test_no_folder_holds_more_modules_than_a_reader_takes_in() -> None:
    # migrations are a history, which nobody takes in as a whole
    modules = [path for path in SOURCES if path.parent.name != "versions"]
    folders = Counter(name_of(path.parent) for path in modules if path.name != "__init__.py")
    crowded = {folder: count for folder, count in folders.items() if count > MOST_MODULES}
    assert not crowded


def test_no_module_of_routes_imports_another() -> None:
    routes = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if "APIRouter(" in path.read_text() and name_of(path) != "api/app.py"
    }
    assert len(routes) > 15
    offenders = [
        f"{module} imports {other}"
        for module in sorted(routes)
        for other in imported_by(ROOT / f"{module.replace('.', '/')}.py") & routes
    ]
    assert not offenders


def test_each_form_of_a_reply_stands_in_the_views_of_its_subject() -> None:
    form = re.compile(r"^class \w+\((View|Page|\w+View)\b", re.MULTILINE)
    offenders = [
        name_of(path)
        for path in (ROOT / "api").rglob("*.py")
        if path.name != "views.py" and form.search(path.read_text(encoding="utf-8"))
    ]
    assert not offenders


def imported_by(path: Path) -> set[str]:
    """Modules that a file imports, each also as a name from its package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


def test_tests_do_not_shadow_the_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
