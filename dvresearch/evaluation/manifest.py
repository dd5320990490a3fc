"""What a report was made from: inputs, versions, checksums, and the call behind every exhibit."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from dvresearch import shipped, workdays
from dvresearch.errors import ParameterError
from dvresearch.evaluation.content import Figure, Paragraph, Report
from dvresearch.evaluation.items import Item, items
from dvresearch.evaluation.spec import Spec
from dvresearch.loaders.declaration import beside

__all__ = ["NAME", "checksum", "complete", "describe", "incomplete", "read", "untouched", "write"]

NAME = "manifest.json"
#: Every exhibit stands in the first; what is not folded away there, in the others too.
_PAGE, _PAPER = "report.html", ("report.docx", "report.pdf")
#: What counts and units rest on whatever the report: holidays, and the units of 63 and 34 provinces with their mergers.
_CROSSWALK = ("units-63.csv", "units-63-districts.csv", "units-34.csv")
#: Libraries that numbers, pictures and files come from.
_LIBRARIES = (
    *("dvresearch", "pandas", "numpy", "scipy", "statsmodels", "duckdb", "pyarrow"),
    *("matplotlib", "openpyxl", "python-docx", "python-pptx", "jinja2", "typst"),
)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _code_version() -> str:
    """Return one checksum of everything in the package that decides what a report says, and of the published files."""
    package = Path(__file__).parent.parent
    ours = [p for p in package.rglob("*") if p.is_file() and p.suffix not in (".pyc", ".pyo")]
    found = hashlib.sha256()
    for folder, paths in ((package, ours), (shipped.folder(), shipped.folder().iterdir())):
        for path in sorted(p for p in paths if p.is_file()):
            found.update(f"{path.relative_to(folder).as_posix()}\0{checksum(path)}\n".encode())
    return found.hexdigest()


def describe(
    report: Report,
    spec: Spec,
    folder: Path,
    inputs: Iterable[Path],
    pictures: Mapping[str, bytes],
    failures: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the manifest of a report whose files are in `folder`, without the time.

    Parameters
    ----------
    report : Report
        Its content.
    spec : Spec
        Its specification.
    folder : Path
        Where its files have been written.
    inputs : iterable of Path
        Files it was made from; named by file name, never by place.
    pictures : mapping of str to bytes
        PNG bytes of every figure by its code.
    failures : iterable of mapping
        Sections that could not be made: ``section``, ``title`` and ``why`` in both languages.
    """
    numbered = dict(zip((s.code for s in report.sections), items(report), strict=True))
    return {
        "report": report.name,
        "title": report.title,
        "specification": spec.record(),
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in _LIBRARIES}},
        "code": _code_version(),
        "calendar": _named(Path(workdays.__file__).with_name("workdays.csv")),
        "crosswalk": [_named(shipped.folder() / name) for name in _CROSSWALK],
        "corrections": [_named(spec.inputs[key]) for key in ("corrections", "revisions") if key in spec.inputs],
        "inputs": [_named(p) for p in sorted(inputs)],
        "declarations": [_named(p) for p in sorted(map(beside, inputs)) if p.is_file()],
        "failed": list(failures),
        "sections": [
            {"code": s.code, "title": s.title, "sha256": _digest([i.block.text for i in blocks if i.kind == "text"])}  # type: ignore[union-attr]
            for s, blocks in zip(report.sections, numbered.values(), strict=True)
        ],
        "exhibits": [
            {
                "code": item.block.code,
                "kind": item.kind,
                "number": item.number,
                "title": item.block.title,
                "call": item.block.call,
                "inputs": list(item.block.inputs),
                "files": [_PAGE, *(_PAPER if item.main else ()), _file(item)],
                "sha256": _digest(_shown(item, pictures)),
            }
            for blocks in numbered.values()
            for item in blocks
            if not isinstance(item.block, Paragraph)
        ],
        "outputs": [
            {"file": p.relative_to(folder).as_posix(), **_sums(p)}
            for p in sorted(folder.rglob("*"))
            if p.is_file() and p.name != NAME
        ],
    }


def _file(item: Item) -> str:
    return f"figures/{item.block.code}.png" if isinstance(item.block, Figure) else "tables.xlsx"


def _shown(item: Item, pictures: Mapping[str, bytes]) -> list[Any]:
    """Return what a reader sees of an exhibit."""
    block = item.block
    if isinstance(block, Figure):
        return [block.title, block.alt, hashlib.sha256(pictures[block.code]).hexdigest()]
    return [block.title, item.line, item.rows, item.open, item.settled]  # type: ignore[union-attr]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _sums(path: Path) -> dict[str, Any]:
    return {"sha256": checksum(path), "bytes": path.stat().st_size}


def _named(path: Path) -> dict[str, Any]:
    return {"file": path.name, **_sums(path)}


def write(description: Mapping[str, Any], folder: Path) -> None:
    """Write the manifest; the time of making is its only line that differs between two equal runs."""
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps({"made": made, **description}, ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def read(folder: Path) -> dict[str, Any]:
    """Return the manifest of a report.

    Raises
    ------
    ParameterError
        When the folder is no report.
    """
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return found | {"report": found["report"]}
    except (OSError, ValueError, TypeError, KeyError):
        raise ParameterError("folder-is-no-report", folder=folder, files=NAME) from None


def untouched(folder: Path) -> bool:
    """Return whether a report holds what was written when it was made, and nothing else."""
    try:
        stated = {output["file"]: output["sha256"] for output in read(folder)["outputs"]}
    except (ParameterError, KeyError, TypeError):
        return False
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name != NAME}
    return stated.keys() == there.keys() and all(checksum(p) == stated[name] for name, p in there.items())


def complete(folder: Path) -> bool:
    """Return whether every section of a report could be made."""
    return not read(folder).get("failed")


def incomplete(failed: Iterable[Mapping[str, Any]], lang: str) -> list[str]:
    """Return what page one and the terminal say of ``failed``: a sentence for each reason, with the sections it hit."""
    by_reason: dict[str, list[str]] = {}
    for failure in failed:
        by_reason.setdefault(failure["why"][lang], []).append(f"“{failure['title'][lang]}”")
    begin = {"vi": "BÁO CÁO CHƯA ĐỦ: không làm được phần", "en": "INCOMPLETE REPORT: could not make"}[lang]
    return [f"{begin} {', '.join(titles)}. {reason}" for reason, titles in by_reason.items()]
