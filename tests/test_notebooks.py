"""House rules of the notebooks: what keeps the comparison of their outputs honest and their form the same.

That every output is right is checked elsewhere: pytest runs the notebooks themselves
and compares each of them (see pyproject.toml). A cell without an execution count would
be run but not compared, a semicolon silences nothing there, and so on.

Each rule is a function that returns what breaks it, and each is tried on a notebook
that breaks just this rule.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FOLDER = Path(__file__).parent.parent / "notebooks"
NAMES = [
    p.relative_to(FOLDER).as_posix() for p in sorted(FOLDER.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts
]
EXPECTED = ("01-satisfaction.ipynb", "02-resolution-rates.ipynb", "03-model-impact.ipynb", "05-annual-evaluation.ipynb")

LONGEST_CELL = 9
SECTIONS = ("Câu hỏi", "Cách tính", "Hạn chế")
#: Tags and comments that take a cell out of the comparison.
SKIPPING = re.compile(r"(nbval|pytest[-_]validate)[-_](skip|ignore[-_]output)", re.IGNORECASE)
ADDRESS = re.compile(r"(https?|ftp|file)://|\bsrc=[\"']//", re.IGNORECASE)
#: A path of somebody's machine: under one of the usual top folders, or with a drive letter.
MACHINE_PATH = re.compile(
    r"(?<![\w.\-/])/(home|root|Users|private|tmp|var|opt|usr|mnt|srv|work|content|workspaces?)/\S|\b[A-Za-z]:\\\\?\w"
)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [c for c in notebook.cells if c.cell_type == "code"]


def headings(notebook: NotebookNode) -> list[tuple[int, str]]:
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    unfenced = re.sub(r"^```.*?^```", "", prose, flags=re.MULTILINE | re.DOTALL)
    return [(len(m[1]), m[2].strip()) for m in re.finditer(r"^(#{1,6})\s+(.*)$", unfenced, re.MULTILINE)]


def output_texts(notebook: NotebookNode) -> Iterator[str]:
    """Everything a reader of the outputs may see, but the bytes of pictures."""
    for output in (o for c in code_cells(notebook) for o in c.outputs):
        texts: list[Any] = [output.get("text", ""), *output.get("traceback", []), output.get("evalue", "")]
        texts += [v for kind, v in output.get("data", {}).items() if kind not in ("image/png", "image/jpeg")]
        yield from (t if isinstance(t, str) else json.dumps(t, ensure_ascii=False) for t in texts)


def valid_format(notebook: NotebookNode) -> list[str]:
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [str(error)]
    return []


def run_from_top_to_bottom(notebook: NotebookNode) -> list[str]:
    counts = [c.execution_count for c in code_cells(notebook)]
    return [] if counts and counts == list(range(1, len(counts) + 1)) else [f"execution counts {counts}"]


def no_warning(notebook: NotebookNode) -> list[str]:
    return [o.text for c in code_cells(notebook) for o in c.outputs if o.get("name") == "stderr"]


def errors_are_meant(notebook: NotebookNode) -> list[str]:
    failed = [c for c in code_cells(notebook) if any(o.output_type == "error" for o in c.outputs)]
    return [c.source for c in failed if "raises-exception" not in c.metadata.get("tags", [])]


def no_trailing_semicolon(notebook: NotebookNode) -> list[str]:
    lines = [line for c in code_cells(notebook) for line in c.source.splitlines()]
    return [line for line in lines if line.rstrip().endswith(";")]


def short_cells(notebook: NotebookNode) -> list[str]:
    sources = [c.source for c in code_cells(notebook)]
    return [s for s in sources if sum(bool(line.strip()) for line in s.splitlines()) > LONGEST_CELL]


def logic_in_the_package(notebook: NotebookNode) -> list[str]:
    logic = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.Try)
    sources = [c.source for c in code_cells(notebook)]
    return [s for s in sources if any(isinstance(node, logic) for node in ast.walk(ast.parse(s)))]


def one_title(notebook: NotebookNode) -> list[str]:
    titles = [text for level, text in headings(notebook) if level == 1]
    return [] if len(titles) == 1 else [f"first-level headings: {titles}"]


def has_sections(notebook: NotebookNode) -> list[str]:
    found = [text for level, text in headings(notebook) if level > 1]
    return [section for section in SECTIONS if not any(text.startswith(section) for text in found)]


def no_address_in_outputs(notebook: NotebookNode) -> list[str]:
    return [m[0] for text in output_texts(notebook) if (m := ADDRESS.search(text))]


def no_machine_path(notebook: NotebookNode) -> list[str]:
    about = [json.dumps(part.metadata, ensure_ascii=False) for part in (notebook, *notebook.cells)]
    texts = [*about, *(c.source for c in notebook.cells), *output_texts(notebook)]
    return [m[0] for text in texts if (m := MACHINE_PATH.search(text))]


def skipped_with_a_reason(notebook: NotebookNode) -> list[str]:
    skipped = [c for c in code_cells(notebook) if SKIPPING.search(f"{c.metadata.get('tags')} {c.source}")]
    comments = [re.findall(r"#\s*(.+)", SKIPPING.sub("", c.source)) for c in skipped]
    return [
        c.source for c, said in zip(skipped, comments, strict=True) if not any(len(text.split()) >= 4 for text in said)
    ]


def pictures_are_shown(notebook: NotebookNode) -> list[str]:
    """The comparison passes over pictures, so that one which is not shown at all would not be missed."""
    drawing = [c for c in code_cells(notebook) if re.search(r"\bplots\.(?!close)\w+\(|\.draw\(\)", c.source)]
    return [c.source for c in drawing if not any("image/png" in o.get("data", {}) for o in c.outputs)]


def percentages_are_computed(notebook: NotebookNode) -> list[str]:
    """A percentage with decimals in the prose stands in some output: nothing else would tell when it is outdated."""
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown").replace(",", ".")
    shown = "\n".join(output_texts(notebook)).replace(",", ".")
    return [number for number in re.findall(r"(\d+\.\d+)[ \u00a0]?%", prose) if number not in shown]


def usual_kernel(notebook: NotebookNode) -> list[str]:
    name = notebook.metadata.get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"kernel {name}"]


def printed(text: str, stream: str = "stdout") -> NotebookNode:
    return new_output("stream", name=stream, text=text)


def sample(source: str = "print(1)", prose: str = "", **cell: Any) -> NotebookNode:
    """A notebook that keeps every rule, but for what the arguments put into it."""
    text = "# Tên\n\n## Câu hỏi (question)\n\n## Cách tính\n\n## Hạn chế\n"
    cells = [new_markdown_cell(text + prose), new_code_cell(source, **{"execution_count": 1, **cell})]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def without(notebook: NotebookNode, part: str) -> NotebookNode:
    notebook.cells[0].source = notebook.cells[0].source.replace(part, "")
    return notebook


Rule = Callable[[NotebookNode], list[str]]
#: Rule -> notebooks that break it.
RULES: dict[Rule, list[NotebookNode]] = {
    valid_format: [nbformat.from_dict({**sample(), "cells": [{"id": "a", "cell_type": "code", "source": 1}]})],
    run_from_top_to_bottom: [sample(execution_count=None), sample(execution_count=2)],
    no_warning: [sample(outputs=[printed("UserWarning", "stderr")])],
    errors_are_meant: [sample(outputs=[new_output("error", ename="E", evalue="e", traceback=[])])],
    no_trailing_semicolon: [sample("ax.plot(x);")],
    short_cells: [sample("\n".join(f"a{i} = {i}" for i in range(LONGEST_CELL + 1)))],
    logic_in_the_package: [sample("def f(x):\n    return x"), sample("f = lambda x: x")],
    one_title: [sample(prose="# Tên khác"), without(sample(), "# Tên\n")],
    has_sections: [without(sample(), f"## {section}") for section in SECTIONS],
    no_address_in_outputs: [
        sample(outputs=[printed("see https://example.org")]),
        sample(outputs=[new_output("display_data", {"text/html": '<img src="//example.org/a.png">'})]),
    ],
    no_machine_path: [
        sample(outputs=[printed("read /home/lan/figures.csv")]),
        sample(r"load_figures('C:\\so lieu\\figures.csv')"),
        sample(metadata={"papermill": {"input_path": "/tmp/x.ipynb"}}),
    ],
    skipped_with_a_reason: [sample("# NBVAL_SKIP\nslow()"), sample(metadata={"tags": ["nbval-ignore-output"]})],
    pictures_are_shown: [sample("ax = plots.trend(series)"), sample("figure.draw()", outputs=[printed("<Figure>")])],
    percentages_are_computed: [
        sample(prose="86,64%"),
        sample(prose="86.64%", outputs=[printed("86,63%")]),
    ],
    usual_kernel: [nbformat.from_dict({**sample(), "metadata": {}})],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_expected_notebook_exists(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_notebook_keeps_rule(name: str, rule: Rule) -> None:
    assert not rule(nbformat.read(FOLDER / name, as_version=4))


@pytest.mark.parametrize("name", NAMES)
def test_name_is_order_and_subject(name: str) -> None:
    assert re.fullmatch(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*\.ipynb", Path(name).name), "such as 02-resolution-rates.ipynb"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_finds_what_breaks_it(rule: Rule) -> None:
    for notebook in RULES[rule]:
        assert rule(notebook)


@pytest.mark.parametrize(
    "notebook",
    [
        sample(),
        sample("# NBVAL_IGNORE_OUTPUT\n# the time taken differs from run to run\nprint(1)"),
        sample(outputs=[printed("data/raw/figures.csv, 12/6/2026, km/h, https")]),
        sample("ax = plots.trend(series)", outputs=[new_output("display_data", {"image/png": "iVBORw0KGgo="})]),
        sample(prose="86,64%", outputs=[printed("0.8664; 86,64%")]),
        sample(prose="```\n# a comment in an example\n```\n[nguồn](https://example.org/home/x)"),
    ],
)
def test_rules_leave_a_good_notebook_alone(notebook: NotebookNode) -> None:
    assert not [problem for rule in RULES for problem in rule(notebook)]


def test_an_error_shows_its_message_and_no_call_of_the_package() -> None:
    shell = InteractiveShell()
    shell.run_cell("import dvresearch")
    with redirect_stdout(StringIO()) as shown:
        shell.run_cell("dvresearch.load_figures(unit='Hà Nộị')")
    assert shown.getvalue().startswith("ParameterError: Không có dòng nào")
    assert "What to do: Try: Hà Nội" in shown.getvalue() and ".py" not in shown.getvalue()
