"""Numbers and dates as readers see them. Rounding happens here and nowhere else."""

from __future__ import annotations

import datetime as dt
import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal

__all__ = ["NOT_KNOWN", "Lang", "format_date", "format_number", "format_percent"]

Lang = Literal["vi", "en"]

#: What is shown where a number is not known.
NOT_KNOWN = "…"
_MINUS = "\u2212"
_SWAP = str.maketrans(",.", ".,")
_WIDE = Context(prec=700)  # the largest float has 309 digits before the point
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def format_number(value: float | None, decimals: int = 0, lang: Lang = "vi") -> str:
    """Write a number for readers: ``1.234,5`` in Vietnamese, ``1,234.5`` in English.

    Parameters
    ----------
    value : float, int or None
        The number in full precision.
    decimals : int, default 0
        Digits behind the decimal mark.
    lang : {"vi", "en"}, default "vi"
        Language of the reader.

    Returns
    -------
    str
        Rounded half up (away from zero) on the first 15 significant digits, as spreadsheets do; a
        true minus sign for negative numbers and none for what rounds to zero; ``…`` for None and NaN.
    """
    return _write(_exact(value), decimals, lang)


def format_percent(share: float | None, decimals: int = 1, lang: Lang = "vi") -> str:
    """Write a share as a percentage: ``86,64%`` in Vietnamese, ``86.64%`` in English.

    Parameters
    ----------
    share : float or None
        A share, 0-1 (a change may lie outside).
    decimals : int, default 1
        Digits behind the decimal mark of the percentage.
    lang : {"vi", "en"}, default "vi"
        Language of the reader.

    Returns
    -------
    str
        Rounded as in :func:`format_number`; ``…`` without a sign for None and NaN.
    """
    exact = _exact(share)
    written = _write(None if exact is None else _WIDE.scaleb(exact, 2), decimals, lang)
    return written if exact is None else f"{written}%"


def _exact(value: float | None) -> Decimal | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except TypeError:  # None, pandas' NA
        return None
    if math.isnan(number):
        return None
    if number.is_integer():
        return Decimal(int(value))  # type: ignore[arg-type]
    # 15 digits, not 17: 1.1 * 1.15 is 1.2649999999999999 to the machine and 1.265 to every spreadsheet.
    return Decimal(f"{number:.15g}")


def _write(exact: Decimal | None, decimals: int, lang: Lang) -> str:
    if exact is None:
        return NOT_KNOWN
    if exact.is_infinite():
        return f"{_MINUS if exact < 0 else ''}∞"
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, context=_WIDE)
    text = f"{abs(rounded):,.{decimals}f}"
    return f"{_MINUS if rounded < 0 else ''}{text.translate(_SWAP) if lang == 'vi' else text}"


def format_date(date: dt.date | None, lang: Lang = "vi") -> str:
    """Write a day, or an instant: ``24/02/2026 08:30`` in Vietnamese, ``24 February 2026 08:30`` in English.

    Parameters
    ----------
    date : date, datetime or None
        Seconds and time zone are not shown; midnight is shown as a day.
    lang : {"vi", "en"}, default "vi"
        Language of the reader.

    Returns
    -------
    str
        ``…`` for None and NaT.
    """
    if date is None or date != date:  # NaT differs from itself
        return NOT_KNOWN
    day = (
        f"{date.day:02}/{date.month:02}/{date.year}"
        if lang == "vi"
        else f"{date.day} {MONTHS[date.month - 1]} {date.year}"
    )
    if isinstance(date, dt.datetime) and (date.hour or date.minute):
        day += f" {date.hour:02}:{date.minute:02}"
    return day
