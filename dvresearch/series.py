"""The breaks in published series that are known: what changed, from which day on, on whose word.

The entries are rows of ``breaks.csv`` beside this module.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from dvresearch.errors import Text

__all__ = ["Break", "known_breaks"]


@dataclass(frozen=True)
class Break:
    """One break.

    Parameters
    ----------
    code : str
        Its name in tables.
    indicators : tuple of str
        Patterns of indicator codes (``sipas*``).
    levels : tuple of str
        Levels of units it concerns, empty for all.
    after : date
        Last day of the old series.
    reason : Text
        What changed.
    source : str
        Where it is decided or described.
    """

    code: str
    indicators: tuple[str, ...]
    levels: tuple[str, ...]
    after: date
    reason: Text
    source: str

    def concerns(self, indicator: str) -> bool:
        """Whether the series of `indicator` has this break."""
        return any(fnmatchcase(indicator, pattern) for pattern in self.indicators)


@cache
def known_breaks() -> tuple[Break, ...]:
    """Return the breaks the package knows, in the order of the file."""
    with Path(__file__).with_name("breaks.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Break(
                r["code"],
                tuple(r["indicators"].split("|")),
                tuple(level for level in r["levels"].split("|") if level),
                date.fromisoformat(r["after"]),
                Text(r["reason_vi"], r["reason_en"]),
                r["source"],
            )
            for r in csv.DictReader(file)
        )
