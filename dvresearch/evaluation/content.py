"""What a report says, independent of how it is rendered.

A report is a brief, then sections of blocks: paragraphs and exhibits. Every renderer (page, workbook, document,
slides) walks the same content, so they cannot disagree.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

__all__ = [
    "Block",
    "Brief",
    "Checks",
    "Column",
    "Exhibit",
    "Figure",
    "Paragraph",
    "Report",
    "Section",
    "Sheet",
    "Traced",
]

#: ``measure`` cells hold numbers of different units; the column ``measure`` of the frame names the unit of each row.
Kind = Literal["text", "count", "percent", "number", "measure"]


@dataclass(frozen=True)
class Traced:
    """A table and where it is from; what is computed from it knows the same, so that no section types it again.

    Parameters
    ----------
    frame : DataFrame
        The table.
    call : str
        What made it, as it can be typed in a notebook.
    sources : tuple of str
        Codes of the list of sources.
    inputs : tuple of str
        The files behind it.
    """

    frame: pd.DataFrame
    call: str
    sources: tuple[str, ...]
    inputs: tuple[str, ...]

    def then(self, make: Callable[..., pd.DataFrame], *others: Traced, **options: Any) -> Traced:
        """Return what a function of the library makes of this table and of `others`.

        Parameters
        ----------
        make : callable
            Takes the tables, in this order, and `options`; options as they are by default are not written down.
        *others : Traced
            Further tables.
        **options
            Its other arguments.
        """
        told = (self, *others)
        usual = {name: given.default for name, given in inspect.signature(make).parameters.items()}
        said = [f"{name}={value!r}" for name, value in options.items() if value != usual.get(name)]
        return Traced(
            make(*(one.frame for one in told), **options),
            f"{make.__name__}({', '.join([*(one.call for one in told), *said])})",
            tuple(dict.fromkeys(source for one in told for source in one.sources)),
            tuple(dict.fromkeys(file for one in told for file in one.inputs)),
        )

    def of(self, frame: pd.DataFrame, how: str = "{}") -> Traced:
        """Return other rows or words of the same origin; `how` says what was done, braces where the call stands."""
        return replace(self, frame=frame, call=how.format(self.call))


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
class Exhibit:
    """What a section shows: its code and title, the table behind it, notes under it."""

    code: str
    title: str
    made: Traced
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what could not be published: no title, no source."""
        if not (self.title and self.sources and self.call):
            raise ValueError(f"exhibit {self.code} needs a title, a source and the call that made it")

    @property
    def frame(self) -> pd.DataFrame:
        """The table shown."""
        return self.made.frame

    @property
    def call(self) -> str:
        """The call that made it."""
        return self.made.call

    @property
    def sources(self) -> tuple[str, ...]:
        """Codes of the list of sources."""
        return self.made.sources

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files behind it."""
        return self.made.inputs


@dataclass(frozen=True)
class Sheet(Exhibit):
    """A table."""

    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Figure(Exhibit):
    """A picture, drawn when it is needed, with the sentence that replaces it for who cannot see it."""

    draw: Callable[[], Drawing]
    alt: str


@dataclass(frozen=True)
class Checks(Exhibit):
    """Findings (the contract of that name)."""

    #: Which pair of words the verdicts are given in: ``pass`` (đạt / không đạt) or ``match`` (khớp / không khớp).
    words: Literal["pass", "match"] = "match"


Block = Paragraph | Exhibit


@dataclass(frozen=True)
class Section:
    """One chapter of the report: a question, answered in its first sentence.

    `part` is the title of the part of the report that begins with it, where one does; of a `whole` section nothing is
    folded away.
    """

    code: str
    title: str
    blocks: tuple[Block, ...]
    part: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Brief:
    """What a leader reads beside the findings: what cannot be said, what to ask or do, one picture, how it is read."""

    unknown: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    picture: Figure | None = None
    reading: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The whole content in one language; `citations` by source code, in the order in which they are first used.

    `summary` are the findings of page one, what cautions against them first; `brief` what stands beside them.
    """

    name: str
    lang: Literal["vi", "en"]
    title: str
    subtitle: str
    summary: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    citations: Mapping[str, str] = field(default_factory=dict)
    brief: Brief = field(default_factory=Brief)

    def exhibits(self) -> list[Exhibit]:
        """Tables, figures and findings in the order in which they appear."""
        return [b for s in self.sections for b in s.blocks if isinstance(b, Exhibit)]
