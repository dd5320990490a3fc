"""The blocks of a report numbered and written out: what the page, the Word file, the PDF and the slides have in common.

Of each section the first picture and the first short table are shown; whatever else it has, a page folds away and paper
refers to. Long tables are for the workbook, where rows can be searched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dvresearch.evaluation.content import Block, Checks, Column, Figure, Paragraph, Report, Section, Sheet
from dvresearch.evaluation.shown import Lang, findings_rows, row_decimals, shown
from dvresearch.wording import summarise_findings

__all__ = ["FINDING_COLUMNS", "Item", "items"]

#: Columns of a table of findings, in the order in which they are printed.
FINDING_COLUMNS = ("verdict", "check", "where", "computed", "stated", "guidance")
#: A table with more rows, or more letters in its cells, is not short.
SHORT, LETTERS = 12, 1500


@dataclass(frozen=True)
class Item:
    """One block as a reader meets it.

    `kind` is ``text``, ``table``, ``figure`` or ``checks`` and `number` counts within a kind; `main` tells what is
    shown from what is folded away; `sources` are their numbers in the list of sources and their citations; `rows` the
    cells of a table; `line`, `open` and `settled` what the checks found, those that ask for attention first.
    """

    kind: str
    block: Block
    number: int = 0
    main: bool = True
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
        kind = "table" if isinstance(block, Sheet) else "figure" if isinstance(block, Figure) else "checks"
        numbers[kind] += 1
        sources = tuple((place[code], report.citations[code]) for code in block.sources)
        made = Item(kind, block, numbers[kind], sources=sources)
        if isinstance(block, Sheet):
            return replace(made, rows=_rows(block, report.lang))
        if not isinstance(block, Checks):
            return made
        found = findings_rows(block.frame, report.lang, block.words)
        return replace(
            made,
            line=summarise_findings(block.frame, report.lang, words=block.words),
            open=tuple(row for row in found if row["css"] != "pass"),
            settled=tuple(row for row in found if row["css"] == "pass"),
        )

    def section(one: Section) -> list[Item]:
        made = [item(block) for block in one.blocks]
        picture = next((i for i in made if i.kind == "figure"), None)
        table = next((i for i in made if i.kind in ("table", "checks") and _short(i)), None)
        return [replace(i, main=one.whole or i.kind == "text" or i is picture or i is table) for i in made]

    return [section(one) for one in report.sections]


def _short(item: Item) -> bool:
    rows = item.rows or tuple(tuple(row[key] for key in FINDING_COLUMNS) for row in item.open)
    return 0 < len(rows) <= SHORT and sum(len(cell) for row in rows for cell in row) <= LETTERS


def _rows(sheet: Sheet, lang: Lang) -> tuple[tuple[str, ...], ...]:
    columns = [(c, sheet.frame[c.key].tolist()) for c in sheet.columns]
    measures = sheet.frame["measure"].tolist() if "measure" in sheet.frame.columns else [""] * len(sheet.frame)
    decimals = row_decimals(sheet)

    def cell(column: Column, cells: list[object], i: int) -> str:
        if column.kind == "number":
            column = replace(column, decimals=min(column.decimals, decimals[i]))
        return shown(cells[i], column, lang, measures[i])

    return tuple(tuple(cell(c, cells, i) for c, cells in columns) for i in range(len(sheet.frame)))
