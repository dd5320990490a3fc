"""Rules of the house: style, types, size, which room may know which, cost of imports, docstrings, one codebook."""

from __future__ import annotations

import ast
import csv
import graphlib
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import dvresearch
from dvresearch import codebook, tables

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dvresearch"
CHECKED = ["dvresearch", "tests", "run.py", *(["benchmarks"] if any((ROOT / "benchmarks").glob("*.py")) else [])]

LONGEST = 400
#: Modules that may be longer, each with its reason.
LONGER = {"tables.py": "the contracts, one after another: data, not logic"}

#: Rooms from the ground up (docs/architecture.md). A room imports from its own floor and those below.
FLOORS = (
    ("errors", "text", "codebook", "tables", "series", "shipped", "workbook"),
    ("places", "workdays", "privacy"),
    ("loaders",),
    ("examples",),
    ("metrics",),
    ("claims", "screening"),
    ("wording", "plots"),
    ("evaluation",),
    ("cli",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
#: Below, and still none of the room's business: statistics know no files, pictures do not know where numbers come from.
FORBIDDEN = {
    "metrics": {"loaders"},
    "plots": {"metrics", "loaders", "claims", "examples", "screening"},
    "wording": {"metrics", "loaders", "claims", "examples", "screening"},
}

#: Loaded when first used, never by `import dvresearch` or `dvresearch --help`.
HEAVY = {"pandas", "numpy", "scipy", "matplotlib", "statsmodels", "sklearn", "duckdb", "pyarrow", "openpyxl", "docx"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    "tool", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=["lint", "format", "types"]
)
def test_tool_finds_nothing(tool: tuple[str, ...]) -> None:
    # Tests hand functions what they must refuse, so their types are wrong on purpose.
    checked = [c for c in CHECKED if c != "tests"] if tool == ("mypy",) else CHECKED
    result = run(sys.executable, "-m", *tool, *checked)
    assert result.returncode == 0, result.stdout + result.stderr


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(p): p for p in sorted(PACKAGE.rglob("*.py"))}


def room(module: str) -> str:
    return module.split(".")[1]


@cache
def imports(module: str) -> frozenset[str]:
    """Modules of the package that `module` imports, at its top or inside its functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: write imports in full"
            found |= {target(node.module or "", a.name) for a in node.names}
    return frozenset(name for name in found if name.startswith("dvresearch.")) - {module}


def target(module: str, name: str) -> str:
    """Return the module that `from module import name` reaches for."""
    if f"{module}.{name}" in MODULES:
        return f"{module}.{name}"
    return dvresearch._WHERE.get(name, module) if module == "dvresearch" else module


@pytest.mark.parametrize("module", [m for m in MODULES if m != "dvresearch"])
def test_imports_point_down(module: str) -> None:
    own = room(module)
    assert own in FLOOR, f"give the room {own} a floor, here and in docs/architecture.md"
    for other in {room(name) for name in imports(module)} - {own}:
        assert FLOOR[other] <= FLOOR[own], f"{module} imports from {other}, which stands above it"
        assert other not in FORBIDDEN.get(own, ()), f"{own} must not know {other}"


def test_imports_make_no_circle() -> None:
    between_rooms: dict[str, set[str]] = {}
    for module in MODULES.keys() - {"dvresearch"}:
        between_rooms.setdefault(room(module), set()).update({room(m) for m in imports(module)} - {room(module)})
    for graph in (between_rooms, {m: imports(m) for m in MODULES if m != "dvresearch"}):
        assert [*graphlib.TopologicalSorter(graph).static_order()]


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that are loaded after `code` has run in a new Python."""
    tell = "\nimport sys; print(*{'\\n' + m.split('.')[0] for m in sys.modules}, sep='')"
    result = run(sys.executable, "-c", code + tell)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize("module", ["", ".errors", ".codebook", ".tables", ".text", ".cli"])
def test_import_is_light(module: str) -> None:
    assert not loaded_by(f"import dvresearch{module}") & HEAVY


def test_help_is_light() -> None:
    code = "import sys; sys.argv = ['dvresearch', '--help']; from dvresearch.cli import main\n"
    assert not loaded_by(code + "try: main()\nexcept SystemExit: pass") & HEAVY


def test_statistics_do_not_load_pictures() -> None:
    modules = ", ".join(m for m in MODULES if m.startswith("dvresearch.metrics"))
    loaded = loaded_by(f"import {modules}")
    assert "pandas" in loaded
    assert "matplotlib" not in loaded


def test_lazy_names_exist() -> None:
    for name in dvresearch._WHERE:
        assert getattr(dvresearch, name) is not None
    assert set(dvresearch._WHERE) <= set(dir(dvresearch))


def public_functions() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every function a user can reach: named in `dvresearch` or in a room, by its `__all__` or by what it imports."""
    rooms = [m.name for m in pkgutil.iter_modules([str(PACKAGE)], "dvresearch.")]
    seen = {}
    for module in ("dvresearch", *rooms):
        loaded = importlib.import_module(module)
        for name in getattr(loaded, "__all__", vars(loaded)):
            thing = getattr(loaded, name)
            if not name.startswith("_") and inspect.isfunction(inspect.unwrap(thing)):
                seen[f"{thing.__module__}.{thing.__qualname__}"] = thing
    yield from sorted(seen.items())


FUNCTIONS = dict(public_functions())


def documented(function: Callable[..., object]) -> set[str]:
    """Return the names in the Parameters section of a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", inspect.getdoc(function) or "", re.M | re.S)
    heads = re.findall(r"^(\S[^:\n]*?) *(?::.*)?$", section[1], re.M) if section else []
    return {name.strip(" *") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_documents_its_parameters(name: str) -> None:
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    assert inspect.getdoc(FUNCTIONS[name]), "no docstring"
    assert documented(FUNCTIONS[name]) == set(parameters)


#: The blanks of a message are as many as its sentence has; tests/test_messages.py holds each call to them.
BLANKS = ("dvresearch.errors.message", "dvresearch.errors.refuse_cells", "dvresearch.errors.refuse_rows")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_takes_no_unnamed_options(name: str) -> None:
    if name in BLANKS:
        return
    kinds = [p.kind for p in inspect.signature(FUNCTIONS[name]).parameters.values()]
    assert inspect.Parameter.VAR_KEYWORD not in kinds


def test_documented_reads_numpydoc() -> None:
    def sample(a: int, b: int, *rows: int) -> None:
        """Do it.

        Parameters
        ----------
        a, b : int, default 1
            Two numbers: the first
            and the second.
        *rows
            More.

        Returns
        -------
        nothing : None
        """

    assert documented(sample) == {"a", "b", "rows"}


def test_codebook_has_every_code_once() -> None:
    with (PACKAGE / "codebook.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [(r["kind"], r["code"]) for r in rows]
    assert not {key for key in keys if keys.count(key) > 1}
    assert {kind for kind, _ in keys} <= set(codebook.KINDS)
    for row in rows:
        assert None not in row and None not in row.values(), f"{row['code']}: wrong number of cells"
        assert row["label_vi"] and row["label_en"], f"{row['code']}: no label"
        assert all(unicodedata.is_normalized("NFC", cell) for cell in row.values()), f"{row['code']}: not NFC"


def in_codebook(kind: str, codes: set[str]) -> set[str]:
    """Return those of `codes` the codebook does not have."""
    return codes - {e.code for e in codebook.entries(kind)}


@pytest.mark.parametrize("table", tables.TABLES.values(), ids=lambda t: t.name)
def test_codebook_has_every_column(table: tables.Table) -> None:
    assert not in_codebook("column", set(table.names))


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("table", tables.TABLES),
        ("basis", tables.BASES),
        ("flag", tables.FLAGS),
        ("verdict", tables.VERDICTS),
        ("level", tables.LEVELS),
    ],
)
def test_codebook_has_every_word(kind: str, codes: tuple[str, ...]) -> None:
    assert not in_codebook(kind, set(codes))


def test_codebook_has_every_indicator_in_the_data() -> None:
    used = set()
    for path in (ROOT / "data").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            used |= {row["indicator"] for row in csv.DictReader(file) if "indicator" in row}
    assert used, "no file under data/ has a column `indicator`"
    assert not in_codebook("indicator", used)
