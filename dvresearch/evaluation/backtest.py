"""Last year's evaluation made again by the code of today: which published numbers are no longer the same."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd

from dvresearch.errors import ParameterError
from dvresearch.evaluation import annex
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Paragraph, Report
from dvresearch.evaluation.revisions import WHERE, read_revisions, record_revisions, unexplained
from dvresearch.evaluation.spec import read

__all__ = ["backtest", "moved"]

_NUMBER = re.compile(r"\d[\d.,]*(?<=\d)")


def backtest(
    specification: str | Path, frozen: str | Path, *, revisions: str | Path | None = None, record: date | None = None
) -> pd.DataFrame:
    """Make a published evaluation again by the code of today and return the moves without a recorded reason.

    Parameters
    ----------
    specification : str or Path
        ``evaluation.toml`` of the published evaluation, its files beside it as they were.
    frozen : str or Path
        Folder of the published report.
    revisions : str or Path, optional
        List of revised figures with their reasons, see :func:`dvresearch.evaluation.revisions.read_revisions`.
    record : date, optional
        Add the moves to `revisions` under this day, each with an empty reason.

    Returns
    -------
    DataFrame
        As :func:`moved`; empty when every published number stands or has its reason.

    Raises
    ------
    ParameterError
        When the folder holds no report, or `record` is given without `revisions`.
    """
    folder, list_ = Path(frozen), Path(revisions) if revisions else None
    if not all((folder / name).is_file() for name in ("tables.xlsx", "report.html")):
        raise ParameterError("folder-is-no-report", folder=folder, files="tables.xlsx, report.html")
    if record and not list_:
        raise ParameterError("revisions-not-named")
    report, _ = compose(read(specification))
    with tempfile.TemporaryDirectory() as name:
        moves = moved(folder, report, Path(name) / "tables.xlsx")
    rest = unexplained(moves, read_revisions(list_)) if list_ and list_.exists() else moves
    if record and list_:
        record_revisions(list_, rest, day=record)
    return rest


def moved(frozen: Path, report: Report, book: Path) -> pd.DataFrame:
    """Compare an evaluation as it was published with the same evaluation made again.

    Parameters
    ----------
    frozen : Path
        Folder of the published report: its ``tables.xlsx`` and ``report.html``.
    report : Report
        The same evaluation by the code of today.
    book : Path
        Where its workbook may be written for the comparison.

    Returns
    -------
    DataFrame
        ``exhibit``, ``row``, ``column``, ``old``, ``new``, a row for each number that is no longer what was printed;
        ``new`` is empty for one that is gone. Cells are compared at the decimals printed. Of sentences, the numbers
        that a section no longer holds are listed, with the sentence they stood in.
    """
    annex.write(report, book)
    before, after = _cells(frozen / "tables.xlsx"), _cells(book)
    rows = []
    for place, (value, decimals) in before.items():
        now = after.get(place)
        if now is None or round(now[0], decimals) != round(value, decimals):
            rows.append((*place, _plain(value, decimals), "" if now is None else _plain(now[0], decimals)))
    rows += _lost(_Sentences.of((frozen / "report.html").read_text(encoding="utf-8")), _now(report))
    return pd.DataFrame(rows, columns=[*WHERE, "old", "new"])


Cells = dict[tuple[str, str, str], tuple[float, int]]


def _cells(path: Path) -> Cells:
    """Return the numbers of a workbook of tables by exhibit, row and column, with the decimals printed."""
    from openpyxl import load_workbook

    out: Cells = {}
    book = load_workbook(path)
    for name, _, code in book.worksheets[0].iter_rows(min_row=4, max_col=3, values_only=True):
        page = book[name]
        seen: Counter[str] = Counter()
        head = [str(cell.value or "") for cell in page[3]]
        for row in page.iter_rows(min_row=4):
            if all(cell.value is None for cell in row):
                break
            words = " | ".join(str(cell.value) for cell in row if isinstance(cell.value, str))
            seen[words] += 1
            label = f"{words} #{seen[words]}" if seen[words] > 1 else words
            for column, cell in zip(head, row, strict=True):
                if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                    out[code, label, column] = (float(cell.value), _decimals(cell.number_format))
    return out


def _decimals(number_format: str) -> int:
    digits = re.search(r"\.([0#]+)", number_format)
    return (len(digits[1]) if digits else 0) + (2 if "%" in number_format else 0)


def _plain(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


Sentences = dict[str, list[str]]


def _now(report: Report) -> Sentences:
    told = {f"section-{s.code}": [b.text for b in s.blocks if isinstance(b, Paragraph)] for s in report.sections}
    return {"summary": [*(p.text for p in report.summary), *report.brief.unknown, *report.brief.asks], **told}


def _lost(before: Sentences, after: Sentences) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the numbers that the sentences of a section held and no longer hold; sections about itself left out."""
    for section, sentences in before.items():
        if section.removeprefix("section-") in ("plan", "revisions", "exhibits"):
            continue
        left = Counter(n for s in after.get(section, ()) for n in _NUMBER.findall(s))
        for sentence in sentences:
            for number in _NUMBER.findall(sentence):
                if left[number]:
                    left[number] -= 1
                else:
                    yield section, sentence, "", number, ""


class _Sentences(HTMLParser):
    """The sentences of a page by the section they stand in."""

    @classmethod
    def of(cls, page: str) -> Sentences:
        reader = cls()
        reader.feed(page)
        return {code: found for code, found in reader.found.items() if found}

    def __init__(self) -> None:
        super().__init__()
        self.found: Sentences = {}
        self._section, self._inside = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        if tag == "section":
            self._section = given.get("aria-labelledby") or ""
        spoken = tag == "p" and given.get("class") in ("lead", "text", "note", "caution")
        if spoken or (tag == "li" and self._section == "summary"):
            self.found.setdefault(self._section, []).append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "li"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._section][-1] += data
