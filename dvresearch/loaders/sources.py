"""Where the published figures come from, and how to cite it."""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd

from dvresearch import shipped
from dvresearch.errors import ParameterError

__all__ = ["cite", "sources"]

_WORDS = {"vi": ("không ghi ngày", "Truy cập"), "en": ("no date", "Accessed")}


def sources() -> pd.DataFrame:
    """Return the sources of the published figures.

    Returns
    -------
    DataFrame
        One row per document or page: ``source`` (its identifier in every table), ``title`` (in quotation marks the
        title it bears, in square brackets a description of what was taken from it), ``publisher``, ``published`` and
        ``accessed`` (year, month or day, empty when not recorded), ``address``, ``locator``, ``licence_note``,
        ``reliability`` (A to C, see ``data/raw/README.md``), ``note``.
    """
    return shipped.cells("sources.csv")


_ARTICLE = {"vi": "bài ", "en": "article "}


def cite(source: str, lang: Literal["vi", "en"] = "vi") -> str:
    """Return the citation of one source.

    Parameters
    ----------
    source : str
        Identifier, as in the column ``source`` of every table.
    lang : {"vi", "en"}, default "vi"
        Language of the connecting words; the title stays as it is.

    Raises
    ------
    ParameterError
        When there is no such source.
    """
    table = sources().set_index("source")
    if source not in table.index:
        raise ParameterError("source-not-known", got=source, source=source)
    entry = table.loc[source]
    undated, accessed = _WORDS[lang]
    published, read = (_day(entry[c], lang) for c in ("published", "accessed"))
    parts = [f"{entry['publisher']} ({published or undated}). {entry['title']}"]
    parts += [", ".join(part for part in (entry["address"], _locator(entry["locator"], lang)) if part)]
    parts += [f"{accessed} {read}" if read else ""]
    return ". ".join(part for part in parts if part) + "."


def _locator(locator: str, lang: str) -> str:
    """Return where in the source, in words; the name of a file says nothing to a reader and stays in the table."""
    if "_" in locator or "/" in locator:
        return ""
    return re.sub(r"\b(?:bài |post|ItemID |ID |p=)(?=\d)", _ARTICLE[lang], locator)


def _day(day: str, lang: str) -> str:
    """Return a year, month or day as it is written in the language."""
    return "/".join(reversed(day.split("-"))) if lang == "vi" else day
