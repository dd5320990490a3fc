"""Numbers as Vietnamese offices and newspapers print them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Literal, NamedTuple

from dvresearch.errors import DataError, Text
from dvresearch.text.damage import repair
from dvresearch.text.letters import shape

__all__ = ["HEDGES", "MISSING", "SCALES", "Number", "Style", "Unit", "cell_number", "column_style", "number"]

Style = Literal["vi", "en"]
Unit = Literal["count", "continuous"]

#: Words before a number that loosen it, and on which side of the printed value the true one lies.
HEDGES: dict[str, Literal["below", "above", "around"]] = {
    "gần": "below",
    "dưới": "below",
    "chưa đến": "below",
    "chưa tới": "below",
    "không quá": "below",
    "tối đa": "below",
    "nhiều nhất": "below",
    "tới": "below",
    "trở xuống": "below",
    "hơn": "above",
    "trên": "above",
    "ít nhất": "above",
    "tối thiểu": "above",
    "không dưới": "above",
    "từ": "above",
    "trở lên": "above",
    "khoảng": "around",
    "khoảng gần": "below",
    "khoảng hơn": "above",
    "khoảng trên": "above",
    "xấp xỉ": "around",
    "ước": "around",
    "ước tính": "around",
    "ước khoảng": "around",
    "ước gần": "below",
    "ước hơn": "above",
    "ước trên": "above",
}

#: Scale words and their power of ten.
SCALES = {"trăm": 2, "nghìn": 3, "ngàn": 3, "vạn": 4, "triệu": 6, "tỷ": 9, "tỉ": 9}

#: What stands in a cell without a number. Vietnamese statistics also write "-" for "none occurred" and "x" for
#: "not to be reported"; offices use the marks without distinction, so none of them is read as zero.
MISSING = frozenset(
    [
        *("", "-", "--", "−", "–", "—", ".", "..", "...", "…", "x", "n/a", "na", "#n/a", "nan", "null", "none"),
        *("không có số liệu", "chưa có số liệu", "không rõ"),
    ]
)

_MAX_LENGTH = 64  # no honest number is longer; keeps hostile text cheap


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
    (?:\s*(?P<percent>%|phần\s+trăm))?
    \s*(?P<close>\))?
    (?:\s+(?P<tail>trở\s+lên|trở\s+xuống))?""",
    re.VERBOSE | re.IGNORECASE,
)
_BARE = re.compile(r"(?P<sign>[-−])?(?P<mantissa>[0-9][0-9.,]*)(?P<percent>[ \u00a0]?%)?")
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?P<group>[.,'’ ])[0-9]{3}(?:(?P=group)[0-9]{3})*(?:(?P<mark>(?!(?P=group))[.,])[0-9]+)?"
)
_DECIMAL = re.compile(r"[0-9]*(?P<mark>[.,])[0-9]+")
_STYLE_OF_GROUP: dict[str, Style | None] = {".": "vi", ",": "en", " ": None, "'": None, "’": None}
_STYLE_OF_MARK: dict[str, Style] = {",": "vi", ".": "en"}


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


class _Mantissa(NamedTuple):
    digits: int
    decimals: int
    style: Style | None
    other: _Mantissa | None = None  # the second reading, when the first was only the likelier one


class _Printed(NamedTuple):
    mantissa: _Mantissa
    power: int
    negative: bool
    percent: bool
    hedge: str


def _mantissa(text: str, percent: bool, unit: Unit | None, style: Style | Literal["auto"]) -> _Mantissa | None:
    """Read digits and separators, or return None when they are not those of one number."""
    if text.isdecimal():
        return _Mantissa(int(text), 0, None)
    grouped = _GROUPED.fullmatch(text)
    if grouped:
        group, mark = grouped.groups()
        if mark:
            whole, part = text.split(mark)
            return _Mantissa(int(whole.replace(group, "") + part), len(part), _STYLE_OF_MARK[mark])
        digits = int(text.replace(group, ""))
        as_thousands = _Mantissa(digits, 0, _STYLE_OF_GROUP[group])
        if group in " '’" or text.count(group) > 1 or unit == "count":
            return as_thousands
        as_decimal = _Mantissa(digits, 3, _STYLE_OF_MARK[group])
        if style != "auto":
            return as_thousands if as_thousands.style == style else as_decimal
        # A point groups thousands and a comma marks decimals, but no percentage is in the thousands.
        first, second = (as_decimal, as_thousands) if percent or group == "," else (as_thousands, as_decimal)
        return first._replace(other=second)
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        whole, part = text.split(decimal["mark"])
        return _Mantissa(int(whole + part), len(part), _STYLE_OF_MARK[decimal["mark"]])
    return None


def number(text: str, *, unit: Unit | None = None, style: Style | Literal["auto"] = "auto") -> Number:
    """Read one printed number.

    Parameters
    ----------
    text : str
        ``1.234,5``, ``33,838``, ``4,52 ngàn``, ``1,2 tỷ``, ``99,5 %``, ``hơn 21.200``, ``(123)``, ``-3,2``, ...
        and nothing else around it, no unit.
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
    printed = _read(text, unit, style)
    readings = []
    reading: _Mantissa | None = printed.mantissa
    while reading:
        digits = -reading.digits if printed.negative else reading.digits
        exponent = printed.power - reading.decimals
        exact = not (reading.decimals or printed.percent or printed.power or unit == "continuous")
        readings.append(
            Number(
                value=float(f"{digits}e{exponent}"),
                low=float(f"{digits}e{exponent}" if exact else f"{10 * digits - 5}e{exponent - 1}"),
                high=float(f"{digits}e{exponent}" if exact else f"{10 * digits + 5}e{exponent - 1}"),
                decimals=reading.decimals,
                style=reading.style,
                kind="percent" if printed.percent else "number",
                hedge=printed.hedge,
            )
        )
        reading = reading.other
    first, *others = readings
    return replace(first, alternatives=tuple(others))


def _read(text: str, unit: Unit | None, style: Style | Literal["auto"]) -> _Printed:
    """Take a printed number apart; the values are made of the parts by whoever asks."""
    if len(text) > _MAX_LENGTH:
        raise _not_a_number(text[: _MAX_LENGTH + 1])
    bare = _BARE.fullmatch(text)  # most cells; the full pattern takes three times as long
    if bare:
        mantissa = _mantissa(bare["mantissa"], bool(bare["percent"]), unit, style)
        if mantissa:
            return _Printed(mantissa, -2 if bare["percent"] else 0, bool(bare["sign"]), bool(bare["percent"]), "")
    clean = " ".join((text if text.isascii() else repair(text, font="unicode").text).split())
    match = _NUMBER.fullmatch(clean)
    if match and bool(match["open"]) == bool(match["close"]) and not (match["open"] and match["sign"]):
        mantissa = _mantissa(match["mantissa"], bool(match["percent"]), unit, style)
        power = int(match["power"] or 0) + sum(SCALES[w] for w in _SCALE_WORD.findall(match["scale"].lower()))
        if mantissa and math.isfinite(float(f"{10 * mantissa.digits + 5}e{power}")):
            return _Printed(
                mantissa,
                power - 2 if match["percent"] else power,
                bool(match["open"]) or (match["sign"] or "+") != "+",
                bool(match["percent"]),
                " ".join((match["tail"] or match["hedge"] or "").lower().split()),
            )
    raise _not_a_number(clean)


def _not_a_number(text: str) -> DataError:
    if re.fullmatch(r"[\d.,\s]+/[\d.,\s]+", text):
        hint = Text(
            "Đây là phân số: gõ tử số và mẫu số vào hai cột.",
            "This is a fraction: type numerator and denominator in two columns.",
        )
    elif re.fullmatch(r"[\d.,%\s]+[-–—][\d.,%\s]+", text):
        hint = Text(
            "Đây là một khoảng: gõ đầu và cuối khoảng vào hai cột.", "This is a range: type its ends in two columns."
        )
    else:
        hint = Text(
            "Gõ chỉ một con số, ví dụ 1.234,5 hoặc 99,5 %; để trống ô nếu không biết.",
            "Type one number only, for example 1.234,5 or 99,5 %; leave the cell empty when not known.",
        )
    return DataError(
        Text("Đây không phải là một con số.", "This is not a number."),
        expected=Text(
            "một con số như 1.234,5; 33.838; 4,52 nghìn; 99,5 %", "a number such as 1.234,5; 33.838; 4,52 nghìn; 99,5 %"
        ),
        got=shape(text),
        hint=hint,
    )


def cell_number(value: object, *, unit: Unit | None = None, style: Style | Literal["auto"] = "auto") -> float | None:
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
        For text that is not a number, for dates, infinite values and true or false.
    """
    if isinstance(value, str):
        if value.isdecimal() and len(value) <= _MAX_LENGTH:
            return float(value)
        if value.strip().casefold() in MISSING:
            return None
        mantissa, power, negative, _, _ = _read(value, unit, style)
        return float(f"{-mantissa.digits if negative else mantissa.digits}e{power - mantissa.decimals}")
    if is_missing(value):
        return None
    if isinstance(value, (float, int, Decimal, Real)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, (dt.date, dt.time)):
        raise DataError(
            Text("Ô số chứa ngày hoặc giờ.", "A number cell holds a date or a time."),
            expected=Text("một con số", "a number"),
            hint=Text(
                "Excel có thể đã tự đổi số như 1.2 thành ngày: định dạng ô là Number rồi gõ lại số.",
                "Excel may have turned a number such as 1.2 into a date: format the cell as Number and retype it.",
            ),
        )
    raise _not_a_number(str(value))


def is_missing(value: object) -> bool:
    """Tell whether `value` is None, NaN, NaT or pandas' NA (without importing pandas)."""
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
        write ``1,234.5``, ``mixed`` when both occur, ``unknown`` when no cell decides.
    """
    seen = set()
    for text in texts:
        if not isinstance(text, str) or text.isdecimal() or text.strip().casefold() in MISSING:
            continue
        try:
            mantissa = _read(text, None, "auto").mantissa
        except DataError:
            continue
        if mantissa.style and not mantissa.other:
            seen.add(mantissa.style)
    if len(seen) > 1:
        return "mixed"
    return seen.pop() if seen else "unknown"
