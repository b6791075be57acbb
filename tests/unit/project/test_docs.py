"""The pages name what exists: links, files, modules, commands and settings."""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from api.cli import app
from models.settings import Settings

from support.project import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
PAGES += [*(ROOT / "benchmarks").glob("*.md")]

CODE_PAGES = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""Pages that describe the code of now; a changelog may name the files of an earlier version."""

# Names in a page. Behind a slash they are a part of a URL, or of a link to a neighbour folder; the
# API of MLflow begins with `api/2.0`.
PATH = re.compile(
    r"(?<![\w./-])(?!api/2)(?:api|models|worker|tests|benchmarks|docs)/(?:[\w./*-]*[\w*/])?"
)
FILE = re.compile(r"(?<![\w./*-])[\w-]+\.(?:py|js|ts|md|toml)\b")
MODULE = re.compile(r"(?<![\w./-])(?:api|models|worker)(?:\.\w+)+")
DEFINED = re.compile(r"`(\w+)`\s+in\s+(?:`|\[)([\w/]+\.py)[`\]]")
DRAWN = re.compile(r"^( *)(\w+(?:/|\.py))", re.M)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@every_page
def test_a_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not target.startswith(("http", "#")):
            assert (page.parent / target.split("#")[0]).exists(), target


@every_page
def test_a_link_leads_to_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        if anchor and not path.startswith("http"):
            assert anchor in _anchors(page.parent / path if path else page), target


def _anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_a_command_is_one_of_the_command_line(page: Path) -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"[`$] ?tripletlab (\w[\w-]*)", page.read_text()))
    assert named <= known


@every_page
def test_a_setting_is_one_of_the_settings(page: Path) -> None:
    known = {f"TRIPLETLAB_{name.upper()}" for name in Settings.model_fields}
    known |= {"TRIPLETLAB_TEST_REDIS_URL", "TRIPLETLAB_TEST_DATABASE_URL", "TRIPLETLAB_QUORA_FILE"}
    known |= {"TRIPLETLAB_TEST_MLFLOW", "TRIPLETLAB_TEST_CONTRACT", "TRIPLETLAB_TEST_DEVICE"}
    named = set(re.findall(r"TRIPLETLAB_[A-Z_]*[A-Z]", page.read_text()))
    assert named <= known


def test_every_setting_stands_in_the_table_of_settings_in_the_words_of_the_code() -> None:
    table = (ROOT / "docs/settings.md").read_text()
    rows = dict(re.findall(r"^\| `TRIPLETLAB_(\w+)` \|[^|]*\| (.*) \|$", table, re.M))
    assert [*rows] == [name.upper() for name in Settings.model_fields if name != "worker_id"]
    module = ast.parse((ROOT / "models/settings.py").read_text())
    (settings,) = (node for node in module.body if isinstance(node, ast.ClassDef))
    for field, after in pairwise(settings.body):
        match field, after:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(words))):
                if name.upper() in rows:
                    assert rows[name.upper()] == " ".join(words.split())


def test_every_file_and_folder_that_a_page_names_exists() -> None:
    files = {path.name for path in _files()}
    offenders = []
    for page in CODE_PAGES:
        text = page.read_text()
        absent = _absent_paths(text) + [name for name in FILE.findall(text) if name not in files]
        offenders += [f"{page.name} names {path}" for path in absent]
    assert not offenders, "\n".join(offenders)


def test_every_path_that_the_code_names_exists() -> None:
    offenders = []
    for source in _files():
        if source.suffix in (".py", ".js"):
            absent = _absent_paths(source.read_text())
            offenders += [f"{source.relative_to(ROOT)} names {path}" for path in absent]
    assert not offenders, "\n".join(offenders)


def _absent_paths(text: str) -> list[str]:
    return [path for path in PATH.findall(text) if not list(ROOT.glob(path.rstrip("/")))]


def _files() -> Iterator[Path]:
    yield from ROOT.glob("*.*")
    for folder in ("api", "models", "worker", "tests", "benchmarks", "docs"):
        yield from (p for p in (ROOT / folder).rglob("*.*") if "node_modules" not in p.parts)


def test_every_module_and_function_that_a_page_names_exists() -> None:
    offenders = []
    for page in CODE_PAGES:
        text = page.read_text()
        absent = [name for name in MODULE.findall(text) if not _is_defined(name)]
        for name, path in DEFINED.findall(text):
            if (ROOT / path).is_file() and not _defines(ROOT / path, name):
                absent.append(f"{name} in {path}")
        offenders += [f"{page.name} names {name}" for name in absent]
    assert not offenders, "\n".join(offenders)


def _is_defined(name: str) -> bool:
    """Whether this is a module, or something that a module defines."""
    path = ROOT / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module = path.parent.with_suffix(".py")
    return module.is_file() and _defines(module, path.name)


def _defines(module: Path, name: str) -> bool:
    definition = rf"^(?: *(?:async )?(?:def|class) {name}\b|{name} ?[:=])"
    return re.search(definition, module.read_text(), re.M) is not None


def _map() -> list[str]:
    """The folders and modules that the map of the code draws, each under its folders."""
    text = (ROOT / "docs/architecture.md").read_text()
    drawing = text.partition("\n## The map\n")[2].partition("\n## ")[0]
    paths: list[str] = []
    above: list[str] = []
    for indent, name in DRAWN.findall("".join(drawing.split("```")[1::2])):
        above = above[: len(indent) // 2]
        paths.append("".join([*above, name]))
        above.append(name)
    return paths


def test_the_map_draws_every_folder_of_modules_and_no_other() -> None:
    drawn = _map()
    assert [path for path in drawn if not (ROOT / path).exists()] == []
    there = {
        f"{path.parent.relative_to(ROOT)}/"
        for package in ("api", "models", "worker")
        for path in (ROOT / package).rglob("*.py")
    }
    assert there - set(drawn) == set()


def test_the_map_draws_the_layers_in_the_order_of_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        if contract["type"] == "layers" and contract["layers"] != ["api | worker", "models"]:
            layer = {
                module: number
                for number, modules in enumerate(contract["layers"])
                for module in modules.split(" | ")
            }
            drawn = [re.sub(r"\.py$|/$", "", path).replace("/", ".") for path in _map()]
            assert {*layer} - {*drawn} == set()
            order = [layer[module] for module in drawn if module in layer]
            assert order == sorted(order), contract["name"]


def test_the_readme_leads_to_every_page() -> None:
    table = (ROOT / "README.md").read_text().partition("## Which page to read first")[2]
    linked = re.findall(r"\]\(((?:docs|benchmarks)/\w+\.md)\)", table.partition("\n## ")[0])
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert sorted(linked) == sorted(
        {"benchmarks/README.md", "benchmarks/forum_question.md"} | pages
    )
