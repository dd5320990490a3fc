"""Numbers as Vietnamese offices and newspapers print them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Literal

from dvresearch.errors import DataError
from dvresearch.text.damage import one_line
from dvresearch.text.letters import shape

__all__ = [
    "BLANKS", "HEDGES", "MISSING", "SCALES", "Number", "cell_code", "cell_number", "column_style", "is_missing",
    "number",
]  # fmt: skip

Style = Literal["vi", "en"]
AnyStyle = Style | Literal["auto"]
Unit = Literal["count", "continuous"]
Side = Literal["below", "above", "around"]

_SIDES: dict[Side, str] = {
    "below": "gần|dưới|chưa đến|chưa tới|không quá|tối đa|nhiều nhất|tới|trở xuống|khoảng gần|ước gần",
    "above": "hơn|trên|ít nhất|tối thiểu|không dưới|từ|trở lên|khoảng hơn|khoảng trên|ước hơn|ước trên",
    "around": "khoảng|xấp xỉ|ước|ước tính|ước khoảng",
}
#: Words before a number that loosen it, and on which side of the printed value the true one lies.
HEDGES = {word: side for side, words in _SIDES.items() for word in words.split("|")}

#: Scale words and their power of ten.
SCALES = {"trăm": 2, "nghìn": 3, "ngàn": 3, "vạn": 4, "triệu": 6, "tỷ": 9, "tỉ": 9}

#: What stands in a cell in which nothing is said. Errors of a spreadsheet (``#N/A``) are not among them: something was
#: to stand there.
BLANKS = frozenset(
    [
        *("", "-", "--", "---", "−", "–", "—", ".", "..", "...", "…", "~", "/", "//", "n/a", "na", "nan"),
        *("null", "none", "không rõ", "không quy định", "không có số liệu", "chưa có số liệu"),
    ]
)
#: What stands in a cell without a number. Vietnamese statistics also write "-" for "none occurred" and "x" for "not to
#: be reported"; offices use the marks without distinction, so none of them is read as zero. Among days and answers "x"
#: is a tick, which says something: done, this one.
MISSING = BLANKS | {"x"}

_MAX_LENGTH = 64  # no honest number is longer; keeps hostile text cheap
_MAX_DIGITS = 15  # what a spreadsheet keeps of a number


def _words(words: Iterable[str]) -> str:
    return "|".join(w.replace(" ", r"\s+") for w in sorted(words, key=len, reverse=True))


_SCALE_WORD = re.compile(_words(SCALES))
_NUMBER = re.compile(
    rf"""(?:(?:đạt\s+)?(?P<hedge>{_words(h for h in HEDGES if not h.startswith("trở"))})\s+(?:đạt\s+)?)?
    (?P<open>\()?\s*
    (?P<sign>[-+−–])?\s*
    (?P<mantissa>[0-9][0-9.,'’\ ]*(?<=[0-9])|[.,][0-9]+)
    (?:e(?P<power>[-+][0-9]{{1,3}}))?
    (?P<scale>(?:\s*(?:{_words(SCALES)}))*)
    (?:\s*(?P<percent>%|phần\s+trăm)|\s*(?:đồng|vnđ|vnd|đ))?
    \s*(?P<close>\))?
    (?:\s+(?P<tail>trở\s+lên|trở\s+xuống))?""",
    re.VERBOSE | re.IGNORECASE,
)
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?P<group>[.,'’ ])[0-9]{3}(?:(?P=group)[0-9]{3})*(?:(?P<mark>(?!(?P=group))[.,])[0-9]+)?"
)
_DECIMAL = re.compile(r"[0-9]*(?P<mark>[.,])[0-9]+")
_STYLE_OF_GROUP: dict[str, Style | None] = {".": "vi", ",": "en", " ": None, "'": None, "’": None}
_STYLE_OF_MARK: dict[str, Style] = {",": "vi", ".": "en"}
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?e\+[0-9]{1,3}", re.IGNORECASE)

_FRACTION = re.compile(r"[\d.,\s]+/[\d.,\s]+")
_RANGE = re.compile(r"[\d.,%\s]+[-–—][\d.,%\s]+")


@dataclass(frozen=True)
class Number:
    """A printed number: its value and what its printed precision allows.

    Parameters
    ----------
    value : float
        The value; a percentage as a share (99,5 % is 0.995).
    low, high : float
        The values that print alike: half a unit of the last printed digit on either side, times
        the scale. Equal to `value` for a whole number printed in full. A hedge does not widen them.
    decimals : int
        Digits printed behind the decimal mark of the mantissa.
    style : {"vi", "en"} or None
        ``1.234,5`` or ``1,234.5``; None when the text shows neither.
    kind : {"number", "percent"}
        Whether a percent sign was printed.
    hedge : str
        The hedge word, a key of `HEDGES`; empty when there is none.
    alternatives : tuple of Number
        The other reading of a text such as ``12,345 %`` that neither unit nor style decides.
    """

    value: float
    low: float
    high: float
    decimals: int
    style: Style | None
    kind: Literal["number", "percent"] = "number"
    hedge: str = ""
    alternatives: tuple[Number, ...] = ()


#: Digits, how many of them are decimals, and the style that this shows.
_Mantissa = tuple[int, int, Style | None]


def _mantissas(text: str, percent: bool, unit: Unit | None, style: AnyStyle) -> list[_Mantissa]:
    """Read digits and separators, the likeliest way first; none when they are not those of one number."""
    if text.isdecimal():
        return [(int(text), 0, None)]
    grouped, decimal = _GROUPED.fullmatch(text), _DECIMAL.fullmatch(text)
    if grouped and not grouped["mark"]:
        group = grouped["group"]
        as_thousands = (int(text.replace(group, "")), 0, _STYLE_OF_GROUP[group])
        if group in " '’" or text.count(group) > 1 or unit == "count":
            return [as_thousands]
        as_decimal = (as_thousands[0], 3, _STYLE_OF_MARK[group])
        if style != "auto":
            return [as_thousands if as_thousands[2] == style else as_decimal]
        # A point groups thousands and a comma marks decimals, but no percentage is in the thousands.
        return [as_decimal, as_thousands] if percent or group == "," else [as_thousands, as_decimal]
    found = grouped or decimal
    if not found:
        return []
    whole, part = text.split(found["mark"])
    whole = whole.replace(grouped["group"], "") if grouped else whole
    return [(int(whole + part), len(part), _STYLE_OF_MARK[found["mark"]])]


def number(text: str, *, unit: Unit | None = None, style: AnyStyle = "auto") -> Number:
    """Read one printed number.

    Parameters
    ----------
    text : str
        ``1.234,5``, ``33,838``, ``4,52 ngàn``, ``1,2 tỷ đồng``, ``99,5 %``, ``hơn 21.200``, ``(123)``, ``-3,2``, ...
        and nothing else around it, no unit but the currency. Digits may be those of any script.
    unit : {"count", "continuous"} or None
        What is measured. In a count exactly three digits behind a single separator are a
        group of thousands (``33,838`` is 33838). Otherwise, and when not known (None), a comma
        before three digits is a decimal mark and a point groups; the other reading is kept.
    style : {"auto", "vi", "en"}, default "auto"
        How the document or column writes numbers; decides only texts that can be read both ways.

    Returns
    -------
    Number
        Value, the interval of the printed precision, hedge and alternatives. A whole number
        without scale and percent sign is exact, unless `unit` is ``continuous``.

    Raises
    ------
    DataError
        When the text is not one number. The message shows the text's shape, not its content.
    """
    first, *others = _readings(text, unit, style)
    return replace(first, alternatives=tuple(others))


def _readings(text: str, unit: Unit | None, style: AnyStyle) -> list[Number]:
    """Return all that a printed number can mean, the likeliest first."""
    clean = one_line(text[: _MAX_LENGTH + 1])
    match = _NUMBER.fullmatch(clean) if len(text) <= _MAX_LENGTH else None
    if not match or bool(match["open"]) != bool(match["close"]) or (match["open"] and match["sign"]):
        raise _not_a_number(clean)
    percent = bool(match["percent"])
    power = int(match["power"] or 0) + sum(SCALES[w] for w in _SCALE_WORD.findall(match["scale"].lower()))
    power -= 2 if percent else 0
    negative = bool(match["open"]) or (match["sign"] or "+") != "+"
    readings = []
    for size, decimals, shown in _mantissas(match["mantissa"], percent, unit, style):
        digits, exponent = -size if negative else size, power - decimals
        exact = not (decimals or power or unit == "continuous")
        value, low, high = (
            float(f"{10 * digits + (0 if exact else half)}e{exponent - 1}") for half in (0, -5, 5)
        )  # by way of text: 12345e-3 is the nearest float, 12345 * 0.001 is not
        if math.isfinite(low) and math.isfinite(high):
            hedge = " ".join((match["tail"] or match["hedge"] or "").lower().split())
            readings.append(Number(value, low, high, decimals, shown, "percent" if percent else "number", hedge))
    if not readings:
        raise _not_a_number(clean)
    return readings


def _not_a_number(text: str) -> DataError:
    fraction, span = _FRACTION.fullmatch(text), _RANGE.fullmatch(text)
    code = "fraction-is-two-numbers" if fraction else "range-is-two-numbers" if span else "number-cannot-be-read"
    return DataError(code, got=shape(text))


def cell_number(value: object, *, unit: Unit | None = None, style: AnyStyle = "auto") -> float | None:
    """Return the number in a spreadsheet cell, or None when the cell says there is none.

    Parameters
    ----------
    value : object
        What the reader delivered: number, text or None.
    unit, style
        As for :func:`number`; `style` usually comes from :func:`column_style`.

    Returns
    -------
    float or None
        The value (a percentage as a share), None for an empty cell, NaN and the marks in `MISSING`.

    Raises
    ------
    DataError
        For text that is not a number or hedges it (``hơn 20``), for dates, infinite values and true or false; with
        ``unit="count"`` also for percentages, fractions and numbers shortened to ``2,6E+14``.
    """
    if is_missing(value):
        return None
    if isinstance(value, (dt.date, dt.time)):
        raise DataError("date-where-a-number-belongs", got=shape(str(value)))
    if isinstance(value, str):
        read, text = _readings(value, unit, style)[0], value.strip()
        if read.hedge:
            raise _not_a_number(text)
        if unit == "count" and (read.kind == "percent" or not read.value.is_integer() or _SHORTENED.fullmatch(text)):
            raise DataError("count-cannot-be-read", got=shape(text))
        return read.value
    if not isinstance(value, (float, int, Decimal, Real)) or isinstance(value, bool) or not math.isfinite(value):
        raise _not_a_number(str(value))
    if unit == "count" and not float(value).is_integer():
        raise DataError("count-cannot-be-read", got=shape(str(value)))
    return float(value)


def cell_code(value: object) -> str | None:
    """Return the identifier in a spreadsheet cell as text, or None when the cell holds none.

    Parameters
    ----------
    value : object
        What the reader delivered: text, number or None.

    Returns
    -------
    str or None
        The code without invisible characters and blanks at its ends, in ordinary digits; a whole number in full.

    Raises
    ------
    DataError
        For a code that a spreadsheet turned into a number and shortened (``2,60302E+14``, more than 15 digits).
    """
    if is_missing(value):
        return None
    text = one_line(str(value))
    if isinstance(value, (float, int)) and float(value).is_integer() and abs(value) < 10**_MAX_DIGITS:
        text = str(int(value))
    elif isinstance(value, (float, int)) or _SHORTENED.fullmatch(text):
        raise DataError("code-lost-its-digits", got=shape(text))
    return None if text.casefold() in MISSING else text


def is_missing(value: object, marks: frozenset[str] = MISSING) -> bool:
    """Tell whether `value` is one of `marks`, None, NaN, NaT or pandas' NA (without importing pandas)."""
    if isinstance(value, str):
        return value.strip().casefold() in marks
    try:
        return value is None or bool(value != value)
    except TypeError:  # NA refuses to be true or false
        return True


def column_style(texts: Iterable[object]) -> Literal["vi", "en", "mixed", "unknown"]:
    """Decide how a whole column writes numbers.

    Parameters
    ----------
    texts : iterable
        The cells; what is not text is passed over.

    Returns
    -------
    {"vi", "en", "mixed", "unknown"}
        ``vi`` when all cells that can be read in one way only write ``1.234,5``, ``en`` when they
        write ``1,234.5``, ``unknown`` when no cell decides. ``mixed`` when both occur, or when a mark that stands
        before one or two digits elsewhere stands before three (``1.234`` beside ``95.5``): a thousand, or one and
        a bit? Cells that show three or more decimals beyond doubt (``0.125``) settle that.
    """
    decimals: dict[Style, set[int]] = {}
    open_marks: set[Style] = set()
    for text in texts:
        if not isinstance(text, str) or text.isdecimal() or is_missing(text):
            continue
        try:
            first, *others = _readings(text, None, "auto")
        except DataError:
            continue
        if others:
            open_marks |= {r.style for r in (first, *others) if r.decimals and r.style}
        elif first.style:
            decimals.setdefault(first.style, set()).add(first.decimals)
    if len(decimals) > 1 or any(max(decimals.get(mark, {3})) < 3 for mark in open_marks):
        return "mixed"
    return next(iter(decimals), "unknown")
