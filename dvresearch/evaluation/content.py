"""What a report says, independent of how it is rendered.

A report is sections of blocks: paragraphs, tables, figures and findings. Every
renderer (page, workbook, document) walks the same content, so they cannot
disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

__all__ = ["Block", "Checks", "Column", "Figure", "Paragraph", "Report", "Section", "Sheet"]

#: ``measure`` cells hold numbers of different units; the column ``measure`` of the frame names the unit of each row.
Kind = Literal["text", "count", "percent", "number", "measure"]


@dataclass(frozen=True)
class Column:
    """How one column of a printed table is shown.

    Parameters
    ----------
    key : str
        Column of the frame.
    label : str
        Heading in the language of the report.
    kind : {"text", "count", "percent", "number", "measure"}
        ``percent`` columns hold shares 0-1, ``measure`` columns the unit of the row.
    decimals : int
        Decimals shown, of ``number`` cells no more than their row needs; the workbook keeps the full number.
    """

    key: str
    label: str
    kind: Kind = "text"
    decimals: int = 0


@dataclass(frozen=True)
class Paragraph:
    """Sentences. `role` is ``lead`` (the answer), ``text``, ``note`` (how to read it) or ``caution``."""

    text: str
    role: Literal["lead", "text", "note", "caution"] = "text"


@dataclass(frozen=True)
class Sheet:
    """A table with its title and notes.

    `sources` are codes of the list of sources, `call` is the call that made it, `inputs` the files behind it.
    """

    code: str
    title: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    call: str
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()
    folded: bool = False

    def __post_init__(self) -> None:
        """Refuse a table that could not be published: no title, no source, no rows."""
        if not (self.title and self.sources and self.call):
            raise ValueError(f"table {self.code} needs a title, a source and the call that made it")


@dataclass(frozen=True)
class Figure:
    """A picture, drawn when it is needed, with the sentence that replaces it for who cannot see it."""

    code: str
    title: str
    draw: Callable[[], Drawing]
    alt: str
    sources: tuple[str, ...]
    call: str
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checks:
    """Findings (the contract of that name) under a title."""

    code: str
    title: str
    frame: pd.DataFrame
    sources: tuple[str, ...]
    call: str
    inputs: tuple[str, ...]
    #: Which pair of words the verdicts are given in: ``pass`` (đạt / không đạt) or ``match`` (khớp / không khớp).
    words: Literal["pass", "match"] = "match"


Block = Paragraph | Sheet | Figure | Checks


@dataclass(frozen=True)
class Section:
    """One chapter of the report."""

    code: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """The whole content in one language; `citations` by source code, in the order in which they are first used."""

    name: str
    lang: Literal["vi", "en"]
    title: str
    subtitle: str
    summary: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    citations: Mapping[str, str] = field(default_factory=dict)

    def exhibits(self) -> list[Sheet | Figure | Checks]:
        """Tables, figures and findings in the order in which they appear."""
        return [b for s in self.sections for b in s.blocks if not isinstance(b, Paragraph)]
