"""Whether a report can be made again: the same files, settings and code, and the same exhibits to the last cell."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvresearch.errors import ParameterError
from dvresearch.evaluation import annex, job, manifest, spec
from dvresearch.evaluation.desk import Desk
from dvresearch.evaluation.manifest import checksum
from dvresearch.loaders.sheets import column_letters
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare", "verify"]

#: Characters of a checksum or text that a finding shows.
_SHOWN = 12
_LONGEST = 120


def verify(folder: str | Path, specification: str | Path | None = None) -> pd.DataFrame:
    """Make a report again from what its manifest names, and compare the two.

    Parameters
    ----------
    folder : str or Path
        The report, for example ``reports/quoc-gia-2026``.
    specification : str or Path, optional
        The ``evaluation.toml`` it was made from; not needed where the report still lies where it was made.

    Returns
    -------
    DataFrame
        Columns of ``tables.FINDINGS``: ``stated`` is the report, ``computed`` what is found now. First what it was
        made from (files of the report, inputs, settings, versions), then every chapter and exhibit in their order,
        then the bytes of every file. Of an exhibit the first cell that differs is named. The first row that
        is ``fail`` is the first difference. Another version of Python or of a library is ``review``.

    Raises
    ------
    ParameterError
        When the folder is no report, or its specification is not found.
    DataError, ReportError
        When the report cannot be made again at all.

    Notes
    -----
    Nothing in `folder` is touched.
    """
    folder = Path(folder)
    stated = manifest.read(folder)
    with tempfile.TemporaryDirectory() as name:
        again = job.evaluate(_specification(folder, stated, specification), name)
        found = [*_unchanged(folder, stated), *_made_from(stated, manifest.read(again))]
        return findings.table([*found, *compare(folder, again)])


def compare(folder: str | Path, again: str | Path) -> list[Finding]:
    """Compare two reports: chapters, exhibits, files.

    Parameters
    ----------
    folder, again : str or Path
        The report, and the one made again.

    Returns
    -------
    list of Finding
        One for each chapter, exhibit and file of either.
    """
    folder, again = Path(folder), Path(again)
    old, new = manifest.read(folder), manifest.read(again)
    found = []
    for check, part, key in (("same_text", "sections", "code"), ("same_exhibit", "exhibits", "code")):
        one, other = ({entry[key]: entry for entry in m.get(part, ())} for m in (old, new))
        for code in dict.fromkeys([*one, *other]):
            here, there = one.get(code), other.get(code)
            if here and there and here["sha256"] == there["sha256"]:
                found.append(_finding(check, "pass", _name(here)))
            else:
                found.append(_difference(check, here, there, folder, again))
    one, other = ({entry["file"]: entry["sha256"] for entry in m["outputs"]} for m in (old, new))
    found += [_same("same_bytes", file, one.get(file), other.get(file)) for file in sorted(one | other)]
    return found


def _specification(folder: Path, stated: Mapping[str, Any], given: str | Path | None) -> Path | None:
    """Return the specification of a report; None for the one of the package."""
    if given is not None:
        return Path(given)
    try:
        noted = (Desk(folder.resolve()).folder / "specification").read_text(encoding="utf-8")
    except OSError:
        noted = ""
    if noted and Path(noted).exists():
        return Path(noted)
    if stated["report"] == spec.read().name and not noted:
        return None
    raise ParameterError("source-of-report-unknown", name=folder.name)


def _unchanged(folder: Path, stated: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the files of the report are still those that were written."""
    for output in stated["outputs"]:
        path = folder / output["file"]
        yield _same("untouched", output["file"], output["sha256"], checksum(path) if path.is_file() else None)


def _made_from(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare what two reports were made from."""
    for part in ("inputs", "calendar", "crosswalk", "corrections"):
        one, other = (_listed(m.get(part)) for m in (old, new))
        for file in dict.fromkeys([*one, *other]):
            yield _same("same_input", file, one.get(file), other.get(file))
    one, other = old["specification"], new["specification"]
    for key in dict.fromkeys([*one, *other]):
        yield _same("same_setting", key, _text(one.get(key)), _text(other.get(key)))
    one, other = ({**m["versions"], "code": m.get("code", "")[:_SHOWN]} for m in (old, new))
    for key in dict.fromkeys([*one, *other]):
        yield _same("same_version", key, one.get(key), other.get(key))


def _listed(entries: Any) -> dict[str, str]:
    entries = [entries] if isinstance(entries, Mapping) else entries or []
    return {entry["file"]: entry["sha256"] for entry in entries}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _difference(
    check: str, here: Mapping[str, Any] | None, there: Mapping[str, Any] | None, folder: Path, again: Path
) -> Finding:
    """Say where a chapter or exhibit differs."""
    known = here or there
    assert known
    if not here or not there:
        return _finding(check, "fail", _name(known), computed=_there(there), stated=_there(here))
    if here.get("kind") in ("table", "checks"):
        for where, old, new in _cells(known, folder, again):
            return _finding(check, "fail", f"{_name(known)}, {where}", computed=new, stated=old)
    keys = [k for k in ("title", "call", "inputs") if here.get(k) != there.get(k)]
    if keys:
        old, new = _text(here.get(keys[0])), _text(there.get(keys[0]))
        return _finding(check, "fail", f"{_name(known)}, {keys[0]}", computed=new, stated=old)
    return _finding(check, "fail", _name(known), computed=there["sha256"][:_SHOWN], stated=here["sha256"][:_SHOWN])


def _cells(exhibit: Mapping[str, Any], folder: Path, again: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the cells of the workbooks of two reports that differ: where, the old one, the new one."""
    old, new = (_sheet(path / "tables.xlsx", exhibit["code"]) for path in (folder, again))
    for row in range(max(len(old), len(new))):
        cells = [rows[row] if row < len(rows) else () for rows in (old, new)]
        for column in range(max(map(len, cells), default=0)):
            one, other = (_text(c[column]) if column < len(c) else "" for c in cells)
            if one != other:
                yield f"tables.xlsx, ô/cell {column_letters(column + 1)}{row + 1}", one, other


def _sheet(path: Path, code: str) -> list[tuple[Any, ...]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True)
    except Exception:  # whatever was done to it: `untouched` has said so
        return []
    try:
        page = annex.page_of(book, code)
        return list(page.iter_rows(values_only=True)) if page else []
    finally:
        book.close()


def _name(entry: Mapping[str, Any]) -> str:
    number = f"{entry['kind']} {entry['number']}, " if "number" in entry else ""
    return f"{number}{entry['code']}"


def _there(entry: Mapping[str, Any] | None) -> str:
    return entry["code"] if entry else ""


def _same(check: str, where: str, stated: str | None, computed: str | None) -> Finding:
    """Compare two values that are to be the same."""
    verdict = "pass" if stated == computed else "review" if check == "same_version" else "fail"
    return _finding(check, verdict, where, computed=_text(computed), stated=_text(stated))


def _finding(check: str, verdict: str, where: str, *, computed: str = "", stated: str = "") -> Finding:
    return findings.graded(check, verdict, where, computed=computed[:_LONGEST], stated=stated[:_LONGEST])
