"""A report as it goes on paper: what is printed, what is referred to, how wide columns are.

The Word file and the PDF both print what is laid out here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dvresearch.evaluation.content import Checks, Figure, Paragraph, Report, Sheet
from dvresearch.evaluation.items import FINDING_COLUMNS, Item, items
from dvresearch.evaluation.prose import words
from dvresearch.evaluation.shown import Lang

__all__ = [
    "BRIEF_MM",
    "MARGINS_MM",
    "PICTURE_MM",
    "TOGETHER",
    "Chapter",
    "Exhibit",
    "Grid",
    "Layout",
    "lay_out",
    "plain",
]

#: Top, right, bottom, left: within 20-25, 15-20, 20-25 and 30-35 mm (NĐ 30/2020/NĐ-CP, Phụ lục I).
MARGINS_MM = (20, 15, 20, 30)
#: The highest a picture may be: a tall one is printed about 12 cm wide, at which every picture can still be read.
PICTURE_MM = 150
#: The highest the picture of page one may be, so that the page holds everything else.
BRIEF_MM = 72
#: A table of so few rows is not divided between pages.
TOGETHER = 8
#: Letters of 10 point Times that fit across the page between the margins.
ROOM = 100
#: Letters that the space between two columns takes.
GAP = 3
#: Beyond this many letters a column wraps its text rather than ask for more room.
LINE = 40
#: A longer word (an address) is broken rather than given its whole length.
WORD = 22
#: How far columns may grow beyond what they ask for.
STRETCH = 1.3


@dataclass(frozen=True)
class Grid:
    """A table in words: which columns are `numeric`, their `widths` as shares of the page, the `size` in points."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    widths: tuple[float, ...]
    size: float


@dataclass(frozen=True)
class Exhibit:
    """A numbered table, figure or set of checks: its name and title, what comes under them, notes and sources."""

    code: str
    name: str
    title: str
    note: str
    line: str = ""
    alt: str = ""
    grid: Grid | None = None


@dataclass(frozen=True)
class Chapter:
    """A numbered chapter, with the title of the part that begins with it; its parts are paragraphs and exhibits."""

    title: str
    parts: tuple[Paragraph | Exhibit, ...]
    begins: str = ""


@dataclass(frozen=True)
class Layout:
    """Everything behind page one on paper, in order: chapters, then the sources."""

    chapters: tuple[Chapter, ...]
    sources: tuple[str, ...]


def plain(text: str) -> str:
    """Return `text` without the control characters that XML cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)


def lay_out(report: Report) -> Layout:
    """Return `report` laid out for paper.

    Parameters
    ----------
    report : Report
        The content.
    """
    chapters: list[Chapter] = []
    for section, blocks in zip(report.sections, items(report), strict=True):
        parts: list[Paragraph | Exhibit] = []
        for item in blocks:
            if isinstance(item.block, Paragraph):
                parts.append(item.block)
            elif item.main:
                parts.append(_exhibit(item, report))
            elif item.open:
                # what asks for attention is said even where its rows are not printed
                parts.append(Paragraph(f"{item.block.title} {item.line}", "note"))
        more = _referred([item for item in blocks if not item.main], report.lang)
        chapters.append(Chapter(section.title, (*parts, *more), section.part))
    return Layout(tuple(chapters), tuple(report.citations.values()))


def _referred(rest: Sequence[Item], lang: Lang) -> list[Paragraph]:
    """Return the line that names what is not printed, and where it is."""
    said, word = words("printed", lang), words("paper", lang)
    names = {
        figure: [f"{said[i.kind]} {i.number}" for i in rest if (i.kind == "figure") == figure]
        for figure in (False, True)
    }
    told = [
        word["pictures" if figure else "book"].format(names=", ".join(found))
        for figure, found in names.items()
        if found
    ]
    return [Paragraph(word["more"].format(names="; ".join(told)), "note")] if told else []


def _exhibit(item: Item, report: Report) -> Exhibit:
    """Return what is printed of an exhibit."""
    block, lang, word = item.block, report.lang, words("printed", report.lang)
    assert not isinstance(block, Paragraph)
    name, note = f"{word[item.kind]} {item.number}", _note(item, word["source"])
    if isinstance(block, Figure):
        return Exhibit(block.code, name, block.title, note, alt=block.alt)
    if isinstance(block, Sheet):
        # The list at the end has every citation in full: a number is enough, and leaves room for the figures.
        numbers = {text: f"[{n}]" for n, text in enumerate(report.citations.values(), start=1)}
        rows = [[numbers.get(text, text) for text in row] for row in item.rows]
        grid = _grid([c.label for c in block.columns], rows, [c.kind != "text" for c in block.columns])
        return Exhibit(block.code, name, block.title, note, grid=grid)
    return Exhibit(block.code, name, block.title, note, line=item.line, grid=_findings(item.open, lang))


def _note(item: Item, source: str) -> str:
    """Notes, then where the numbers come from: in full for one or two sources, by number for more."""
    block = item.block
    full = len(item.sources) <= 2
    cited = [f"{text} [{n}]" if full else f"[{n}]" for n, text in item.sources]
    notes = () if isinstance(block, Checks | Paragraph) else block.notes
    return " ".join([*notes, f"{source}: {' '.join(cited)}"])


def _findings(found: Sequence[dict[str, str]], lang: Lang) -> Grid:
    rows = [[row[key] for key in FINDING_COLUMNS] for row in found]
    numeric = [key in ("computed", "stated") for key in FINDING_COLUMNS]
    return _grid([words("printed", lang)[key] for key in FINDING_COLUMNS], rows, numeric)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], room: int = ROOM) -> Grid:
    """Share the width as a browser does: each column its longest word, then what it could use of the rest."""
    columns = list(zip(head, zip(*rows, strict=True) if rows else [()] * len(head), strict=True))
    words = [GAP + min(WORD, max(len(w) for text in (h, *c) for w in re.split("[ –-]", text))) for h, c in columns]
    wanted = []
    for word, (label, cells) in zip(words, columns, strict=True):
        longest = max((len(text) for text in cells), default=0)
        # long text wraps, into more lines the longer it is; a heading may take two
        line = longest if longest <= LINE else math.sqrt(longest * LINE)
        wanted.append(max(word, GAP + line, GAP + len(label) / 2))
    spare, asked = max(0.0, room - sum(words)), max(1.0, sum(wanted) - sum(words))
    # a table that needs little is not stretched over the page: the eye would lose its line
    given = [w + min(STRETCH, spare / asked) * (m - w) for w, m in zip(words, wanted, strict=True)]
    size = min(10.0, max(7.0, 10.0 * room / sum(words)))
    total = max(room, sum(given))
    return Grid(
        tuple(head),
        tuple(tuple(row) for row in rows),
        tuple(numeric),
        tuple(round(g / total, 4) for g in given),
        round(size, 1),
    )
