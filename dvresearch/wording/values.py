"""Values, counts and names as a reader sees them; sentences and pictures share these."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text, check_choice
from dvresearch.tables import ESTIMATES, UNIT_KEY
from dvresearch.text import format_number, format_percent
from dvresearch.text.formats import Lang
from dvresearch.wording.periods import period_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "GROUPS", "POINTS", "Lang", "Row", "capital", "cell", "counted", "counts", "definition_name", "flag_codes",
    "hedged", "hidden", "indicator_name", "inside", "interval", "is_difference", "is_effect", "known", "listed",
    "names", "needed", "phrase", "printed", "reason_labels", "reason_notes", "say", "shown", "shown_name",
    "subject", "unit_of", "value",
]  # fmt: skip

#: One row of an estimates table, by column.
Row = Mapping[Hashable, Any]

#: From this many cases on, a percentage is shown with two decimals, below it with one.
MANY_CASES = 10_000
NBSP = "\u00a0"
#: Money is written in millions from here on, as sources print it.
MILLION = 1_000_000
#: Unit of a difference of two shares.
POINTS = "percentage_point"
#: Unit of a difference of two scores, whatever scale they are on.
SCORE_POINTS = "point_difference"
#: Units whose noun begins with %: tables hold them on the scale 0-1, readers see per cent.
PER_CENT = (POINTS, "growth", "ratio")
#: What the metrics call a group without a label, and all groups together.
GROUPS = {"(không rõ)": Text("(không rõ)", "(not stated)"), "(tất cả)": Text("(tất cả)", "(all)")}
#: Cities that are never called by the bare name: it is a person's, or an old capital's.
CITIES = {"Hồ Chí Minh": "TP. Hồ Chí Minh", "Huế": "TP. Huế"}
#: What the metrics write between the two sides of a difference, in the column in which they differ.
_LESS = " \u2212 "
#: Columns in front of an estimate that tell which row it is but are not words for a reader.
_SILENT = {*UNIT_KEY, "parent_code", "period_start", "period_end"} - {"unit"}


def say(text: Text, lang: Lang) -> str:
    """Return the sentence in the language asked for.

    Raises
    ------
    ParameterError
        When `lang` is neither ``vi`` nor ``en``.
    """
    check_choice("lang", lang, ("vi", "en"))
    return text.vi if lang == "vi" else text.en


@cache
def _phrases() -> dict[str, dict[str, dict[str, str]]]:
    with Path(__file__).with_name("phrases.toml").open("rb") as file:
        return tomllib.load(file)


def phrase(key: str, lang: Lang, *blanks: object, **named: object) -> str:
    """Return a sentence or a label of ``phrases.toml``.

    Parameters
    ----------
    key : str
        ``section.name``.
    lang : {"vi", "en"}
        The language.
    *blanks, **named
        What stands where it has braces, already written as a reader reads it.
    """
    check_choice("lang", lang, ("vi", "en"))
    section, name = key.split(".", 1)
    return _phrases()[section][name][lang].format(*blanks, **named)


def known(number: Any) -> TypeGuard[float]:
    """Whether a cell holds a number."""
    return number is not None and not math.isnan(number)


def capital(sentence: str) -> str:
    """Return the text with its first letter in upper case, the others untouched."""
    return sentence[:1].upper() + sentence[1:]


# Rows ----------------------------------------------------------------------------------------------------------------


def flag_codes(row: Row) -> list[str]:
    """Return the flags of one row, in order."""
    return [f for f in row["flags"].split(";") if f]


def reason_labels(row: Row, lang: Lang) -> list[str]:
    """Return why a value or an interval is missing, or what was left out of it, in a few words each, with its count."""
    return [
        codebook.get("reason", code).label(lang) + (f" ({format_number(float(count), 0, lang)})" if count else "")
        for code, _, count in _reasons(row)
    ]


def reason_notes(row: Row, lang: Lang) -> list[str]:
    """Return the same in a sentence each."""
    return [
        codebook.get("reason", code).note(lang)
        + (f" {phrase('value.so-many', lang, format_number(float(count), 0, lang))}" if count else "")
        for code, _, count in _reasons(row)
    ]


def _reasons(row: Row) -> list[tuple[str, str, str]]:
    """Return the reasons of one row: ``undated_left_out=5`` is a code, the sign and how many."""
    return [r.partition("=") for r in row["reason"].split(";") if r]


def shown(row: Row) -> bool:
    """Whether the value of one row is known and may be shown."""
    return known(row["value"]) and "suppressed" not in flag_codes(row)


def hidden(table: pd.DataFrame) -> pd.Series:
    """Return which rows must not be shown: their counts are too small to be told about people."""
    return table["flags"].str.split(";").map(lambda flags: "suppressed" in flags).astype(bool)


def _front(row: Row) -> list[tuple[str, Any]]:
    """Return the columns in front of an estimate: what it was grouped by."""
    return [(str(c), x) for c, x in itertools.takewhile(lambda item: item[0] not in ESTIMATES.names, row.items())]


def is_effect(row: Row) -> bool:
    """Whether one estimate is a difference of changes between places with a model and others."""
    return str(row.get("definition", "")).startswith(("att_", "two_way"))


def is_difference(row: Row) -> bool:
    """Whether one estimate is a difference between two units, periods or groups, or of changes (an effect)."""
    return is_effect(row) or any(isinstance(x, str) and _LESS in x for _, x in _front(row))


def unit_of(row: Row) -> str:
    """Return the unit of one estimate: ``share``, ``day``, ``point_20``, ... (codebook); of a difference its own."""
    unit = codebook.get("indicator", row["indicator"]).unit
    if not is_difference(row):
        return unit
    return POINTS if unit == "share" else SCORE_POINTS if unit.startswith("point_") else unit


# Names ---------------------------------------------------------------------------------------------------------------


def indicator_name(indicator: str, lang: Lang) -> str:
    """Return what is measured, as it stands inside a sentence: ``Tỷ lệ`` -> ``tỷ lệ``."""
    return inside(codebook.get("indicator", indicator).label(lang).replace(": ", ", "))


def inside(label: str) -> str:
    """Return a label as it stands inside a sentence: ``Tỷ lệ`` -> ``tỷ lệ``, but ``SIPAS`` -> ``SIPAS``."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def definition_name(definition: str, lang: Lang) -> str:
    """Return how it is defined: ``cách tính: trên số đã giải quyết``; "" when no definition is named."""
    if not definition:
        return ""
    return phrase("value.definition", lang, codebook.get("definition", definition).label(lang))


def shown_name(name: str, lang: Lang) -> str:
    """Return the name of a unit or a group as it is shown: ``Hồ Chí Minh`` -> ``TP. Hồ Chí Minh``."""
    return say(GROUPS[name], lang) if name in GROUPS else CITIES.get(name, name)


def names(table: pd.DataFrame, unit: str) -> pd.Series:
    """Return the column with the names of the rows.

    Raises
    ------
    ParameterError
        When `table` has no such column.
    """
    if unit in table.columns:
        # a number below 0 has the minus sign of every other number
        return table[unit].astype("str").str.replace(r"^-(?=\d)", "\u2212", regex=True).replace(CITIES)
    raise ParameterError("no-column-of-names", got=", ".join(map(str, table.columns)), unit=unit)


def subject(row: Row, lang: Lang) -> str:
    """Return who and when one row is about, from the columns in front of the estimate; "" when there are none.

    The two sides of a difference, which the metric joins by a minus sign, are read as a comparison.
    """
    return ", ".join(
        _readable(column, content, lang)
        for column, content in _front(row)
        if column not in _SILENT and content is not None and content == content and content != ""
    )


def _readable(column: str, content: Any, lang: Lang) -> str:
    """Return a grouping cell in words: a period in full, a code by its label, a number with its name, a name as is."""
    if not isinstance(content, str):
        label = codebook.find("column", column)
        # a year or a code has no mark for thousands
        number = f"{content:g}" if content % 1 == 0 else format_number(content, needed([content], 3), lang)
        return f"{codebook.get('column', label).label(lang).lower()} {number}" if label else f"{content}"
    if column == "period":
        return phrase("value.versus", lang).join(period_words(side, lang) for side in content.split(_LESS))
    for code in (content, f"{column.removeprefix('of_')}.{content}"):
        if column not in ("unit", "group") and codebook.find("value", code) == code:
            return codebook.get("value", code).label(lang)
    return phrase("value.versus", lang).join(shown_name(side, lang) for side in content.split(_LESS))


def listed(words: Sequence[str], lang: Lang, most: int = 20) -> str:
    """Return names in a row, the last joined by "và" / "and"; beyond `most` the rest is counted."""
    told = list(words[:most])
    if rest := len(words) - len(told):
        told.append(phrase("value.others" if rest > 1 else "value.one-other", lang, rest))
    last = phrase("value.and", lang).join(told[-2:])
    return ", ".join([*told[:-2], last])


# Numbers -------------------------------------------------------------------------------------------------------------


def _decimals(share: float, cases: float | None) -> int:
    """Decimals of a percentage.

    One, or two from `MANY_CASES` cases on: more would be noise. Where the number of cases is
    not known the figure was published by someone else and keeps up to two. A share that is
    neither none nor all is never rounded to 0 or 100.
    """
    if not known(cases):
        return needed([100 * share])
    decimals = 2 if cases >= MANY_CASES else 1
    ends = (0.0, 1.0)
    while decimals < 6 and share not in ends and _reads_as(share, ends, decimals):
        decimals += 1
    return decimals


def _reads_as(share: float, others: Sequence[float], decimals: int) -> bool:
    return format_percent(share, decimals) in [format_percent(o, decimals) for o in others]


def needed(numbers: Sequence[float], most: int = 2) -> int:
    """Return the decimals that these numbers need, no more than `most`."""
    return next((d for d in range(most) if all(abs(x - round(x, d)) < 5e-7 for x in numbers)), most)


def _write(number: float, unit: str, decimals: int, lang: Lang) -> str:
    if unit == "share":
        return format_percent(number, decimals, lang)
    return format_number(100 * number if unit in PER_CENT else number, decimals, lang)


def cell(number: float, unit: str, cases: float | None, lang: Lang, decimals: int | None = None) -> str:
    """Return an estimate as text without the name of its unit, for columns: ``86,64%``, ``3,5``.

    Parameters
    ----------
    number : float
        The value; shares are 0-1.
    unit : str
        Unit code, see :func:`unit_of`.
    cases : float or None
        Number of cases behind it, which decides the decimals of a percentage.
    lang : {"vi", "en"}
        Language.
    decimals : int, optional
        Decimals to write, such as those the source printed; as many as are needed when not given.
    """
    if decimals is None and unit in ("share", POINTS):
        decimals = _decimals(number, cases)
    elif decimals is None:
        decimals = needed([100 * number if unit in PER_CENT else number])
    return _write(number, unit, decimals, lang)


def printed(row: Row, unit: str) -> int | None:
    """Return the decimals a source printed, from the limits within which it rounded; None when they are not known."""
    low, high = row.get("value_low"), row.get("value_high")
    if not (known(low) and known(high) and high > low):
        return None
    step = (high - low) * (100 if unit in ("share", *PER_CENT) else 1)
    return max(0, round(-math.log10(step)))


def value(number: float, unit: str, cases: float | None, lang: Lang) -> str:
    """Return an estimate as text with its unit: ``86,64%``, ``3,5 ngày``. Parameters as for :func:`cell`."""
    text = cell(number, unit, cases, lang)
    if unit in ("share", ""):
        return text
    if unit == "mark":
        return phrase("value.yes" if number else "value.no", lang)
    if unit == "dong" and abs(number) >= MILLION:
        number /= MILLION
        return phrase("value.million-dong", lang, format_number(number, needed([number]), lang))
    word = _noun(unit, 100 * number if unit in PER_CENT else number, lang)
    space = "" if word.startswith("%") else NBSP
    return f"{word}{NBSP}{text}" if unit == "rank" else f"{text}{space}{word}"


def hedged(number: str, hedge: object, lang: Lang) -> str:
    """Return a number as text behind the word its source puts before it: ``khoảng 81%``; the word alone for ""."""
    word = str(hedge).strip() if isinstance(hedge, str) else ""
    return f"{phrase(f'hedge.{word}', lang) if word in _phrases()['hedge'] else word} {number}".strip()


def interval(row: Row, lang: Lang) -> str:
    """Return the interval of one row as text, with the decimals of its value: ``86,62–86,66%``."""
    unit, limits = unit_of(row), (row["lower"], row["upper"])
    decimals = _decimals(row["value"], row["n"]) if unit in ("share", POINTS) else needed(limits)
    low, high = (_write(limit, unit, decimals, lang) for limit in limits)
    low = low.rstrip(f"%{NBSP}")
    # A dash beside a minus sign cannot be read.
    return phrase("value.from-to", lang, low, high) if limits[0] < 0 else f"{low}–{high}"


def counts(row: Row, lang: Lang, over: str = "/") -> str:
    """Return what a value rests on: ``12.706.951/14.666.757``, ``n = 812``, or "" when not known.

    Parameters
    ----------
    row : mapping
        One estimate.
    lang : {"vi", "en"}
        Language.
    over : str, default "/"
        What stands between numerator and denominator.
    """
    numerator, denominator, n = row["numerator"], row["denominator"], row["n"]

    def text(count: float) -> str:
        return format_number(count, needed([count]), lang)

    if not (known(numerator) and known(denominator)):
        return f"n{NBSP}={NBSP}{text(n)}" if known(n) else ""
    if not known(n) or n == denominator:
        return text(numerator) + over + text(denominator)
    if abs(numerator - row["value"] * n) < 1e-6 * n:  # bounds: the value is a share of those who answered
        return phrase("value.in-all", lang, text(numerator) + over + text(n), text(denominator))
    return f"{text(numerator)}{over}{text(denominator)}; n{NBSP}={NBSP}{text(n)}"


def counted(definition: str, number: float, lang: Lang) -> str:
    """Return what the denominator of a definition counts (its unit in the codebook): ``hồ sơ``; "" when not told."""
    unit = codebook.get("definition", definition).unit if definition else ""
    return _noun(unit, number, lang) if unit else ""


def _noun(unit: str, number: float, lang: Lang) -> str:
    """Return the word for a unit, in English singular for exactly one."""
    word = codebook.get("unit", unit).label(lang)
    if lang == "vi" or number != 1:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return {"people": "person"}.get(word, word.removesuffix("s"))
