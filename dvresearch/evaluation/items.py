"""The blocks of a report numbered and written out: what the page, the Word file and the PDF have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dvresearch.evaluation.content import Block, Checks, Column, Figure, Paragraph, Report, Sheet
from dvresearch.evaluation.shown import Lang, findings_rows, row_decimals, shown
from dvresearch.wording import summarise_findings

__all__ = ["FINDING_COLUMNS", "Item", "items"]

#: Columns of a table of findings, in the order in which they are printed.
FINDING_COLUMNS = ("verdict", "check", "where", "computed", "stated", "guidance")


@dataclass(frozen=True)
class Item:
    """One block as a reader meets it.

    `kind` is ``text``, ``table``, ``figure`` or ``checks`` and `number` counts within a kind; `sources` are their
    numbers in the list of sources and their citations; `rows` the cells of a table; `line`, `open` and
    `settled` what the checks found, those that ask for attention first.
    """

    kind: str
    block: Block
    number: int = 0
    sources: tuple[tuple[int, str], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    line: str = ""
    open: tuple[dict[str, str], ...] = ()
    settled: tuple[dict[str, str], ...] = ()


def items(report: Report) -> list[list[Item]]:
    """Return the blocks of every section of `report`, in order.

    Parameters
    ----------
    report : Report
        The content.
    """
    place = {code: i for i, code in enumerate(report.citations, start=1)}
    numbers = {"table": 0, "figure": 0, "checks": 0}

    def item(block: Block) -> Item:
        if isinstance(block, Paragraph):
            return Item("text", block)
        kind = {Sheet: "table", Figure: "figure", Checks: "checks"}[type(block)]
        numbers[kind] += 1
        sources = tuple((place[code], report.citations[code]) for code in block.sources)
        if isinstance(block, Sheet):
            return Item(kind, block, numbers[kind], sources, rows=_rows(block, report.lang))
        if isinstance(block, Figure):
            return Item(kind, block, numbers[kind], sources)
        found = findings_rows(block.frame, report.lang, block.words)
        return Item(
            kind,
            block,
            numbers[kind],
            sources,
            line=summarise_findings(block.frame, report.lang, words=block.words),
            open=tuple(row for row in found if row["css"] != "pass"),
            settled=tuple(row for row in found if row["css"] == "pass"),
        )

    return [[item(block) for block in section.blocks] for section in report.sections]


def _rows(sheet: Sheet, lang: Lang) -> tuple[tuple[str, ...], ...]:
    columns = [(c, sheet.frame[c.key].tolist()) for c in sheet.columns]
    measures = sheet.frame["measure"].tolist() if "measure" in sheet.frame.columns else [""] * len(sheet.frame)
    decimals = row_decimals(sheet)

    def cell(column: Column, cells: list[object], i: int) -> str:
        if column.kind == "number":
            column = replace(column, decimals=min(column.decimals, decimals[i]))
        return shown(cells[i], column, lang, measures[i])

    return tuple(tuple(cell(c, cells, i) for c, cells in columns) for i in range(len(sheet.frame)))
