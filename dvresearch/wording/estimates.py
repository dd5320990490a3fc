"""Estimates as sentences: fixed phrases, chosen by what the number rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.tables import ESTIMATES, check
from dvresearch.text import format_percent
from dvresearch.wording.values import (
    Lang,
    Row,
    capital,
    counted,
    counts,
    definition_name,
    flag_codes,
    indicator_name,
    interval,
    is_difference,
    is_effect,
    known,
    reason_notes,
    say,
    shown,
    subject,
    unit_of,
    value,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe", "interval_note", "method_line"]

_MISSING = Text("không có số liệu", "no figure")
_NO_CASES = Text(
    "Nguồn không nêu số trường hợp nên không tính được khoảng.",
    "The source gives no number of cases, so no interval can be computed.",
)

#: What a value rests on, when there is no interval.
_ALONE = {
    "census": Text("đếm toàn bộ", "complete count"),
    "sample": Text("mẫu xác suất", "probability sample"),
    "volunteers": Text(
        "chỉ trong số người tự nguyện đánh giá, không suy ra cho mọi người được phục vụ",
        "among people who chose to answer only, not to be extended to everyone served",
    ),
    "unknown": Text("nguồn không nêu số liệu dựa trên gì", "the source does not say what the number rests on"),
    "changes": Text("so sánh các mức thay đổi", "a comparison of changes"),
}
#: What an interval means, by what the value rests on. `{range}` and `{level}` are filled in.
_WITH_INTERVAL = {
    "census": Text(
        "đếm toàn bộ, khoảng {range} chỉ mô tả mức dao động của quá trình",
        "complete count, the interval {range} only describes how much such a process varies",
    ),
    "sample": Text("khoảng tin cậy {level}: {range}", "{level} confidence interval: {range}"),
    "volunteers": Text(
        _ALONE["volunteers"].vi + "; khoảng {level} {range} chỉ tính dao động ngẫu nhiên",
        _ALONE["volunteers"].en + "; the {level} interval {range} covers chance variation only",
    ),
    "unknown": Text(
        _ALONE["unknown"].vi + "; khoảng {level} {range} chỉ đúng nếu các trường hợp được chọn ngẫu nhiên",
        _ALONE["unknown"].en + "; the {level} interval {range} holds only if the cases were drawn at random",
    ),
    "changes": Text(
        "khoảng {level}: {range}, đúng khi không có mô hình thì hai nhóm nơi thay đổi như nhau",
        "{level} interval: {range}, which holds if without the model both groups of places would have changed alike",
    ),
}
#: The same, as a note under a picture.
_NOTE = {
    "census": Text(
        "Đếm toàn bộ: khoảng {level} chỉ mô tả mức dao động của quá trình.",
        "Complete count: the {level} interval only describes how much such a process varies.",
    ),
    "sample": Text("Đoạn thẳng là khoảng tin cậy {level}.", "Lines are {level} confidence intervals."),
    "volunteers": Text(
        "Chỉ người tự nguyện đánh giá: không suy ra cho mọi người được phục vụ; khoảng {level} chỉ tính dao động "
        "ngẫu nhiên.",
        "Volunteers only: not to be extended to everyone served; the {level} interval covers chance variation only.",
    ),
    "unknown": Text(
        "Nguồn không nêu số liệu dựa trên gì: khoảng {level} chỉ đúng nếu các trường hợp được chọn ngẫu nhiên.",
        "The source does not say what the numbers rest on: the {level} interval holds only if the cases were drawn "
        "at random.",
    ),
    "changes": Text(
        "Các khoảng đúng khi, nếu không có mô hình, hai nhóm nơi thay đổi như nhau.",
        "The intervals hold if, without the model, both groups of places would have changed alike.",
    ),
}

_BAR = Text(
    "Đoạn thẳng là giới hạn cho mọi trường hợp, không phải khoảng tin cậy.",
    "Lines are bounds for all cases, not confidence intervals.",
)

#: Flags that remark on a value and say nothing where there is none.
_OF_A_VALUE: tuple[str, ...] = ("few", "ceiling", "partly_unknown")

_HIGHER = Text("cao hơn {}", "higher by {}")
_LOWER = Text("thấp hơn {}", "lower by {}")
_NOT_TOLD_APART = Text(
    "chưa đủ cơ sở để nói khác nhau (chênh {})", "not enough ground to say that they differ (difference {})"
)
_NO_INTERVAL = Text(
    "chênh {}, không có khoảng nên chưa đủ cơ sở để nói khác nhau",
    "difference {}, without an interval not enough ground to say that they differ",
)
#: Limits without a level of confidence, from what the others could have answered.
_BOUNDS = Text(
    "giới hạn cho mọi trường hợp: {range} ({how}), không phải khoảng tin cậy",
    "bounds for all cases: {range} ({how}), not a confidence interval",
)


def describe(estimates: pd.DataFrame, lang: Lang = "vi") -> list[str]:
    """Return one paragraph per estimate: what it is, what it rests on, what it does not say.

    Parameters
    ----------
    estimates : DataFrame
        The estimates contract, grouping columns in front.
    lang : {"vi", "en"}, default "vi"
        Language. Numbers follow it: decimal comma in Vietnamese.

    Returns
    -------
    list of str
        In the order of the rows. The first sentence holds the value and, in brackets, the counts,
        the basis and the interval; the reason of a missing value or interval and each flag add
        a sentence. A suppressed row shows no number.

    Raises
    ------
    DataError
        When `estimates` breaks its contract.
    ParameterError
        For an unknown language or a code that is not in the codebook.

    Notes
    -----
    Percentages have one decimal, two from 10,000 cases on. The phrases never say that one thing
    made another happen.
    """
    check(estimates, ESTIMATES)
    return [_paragraph(row, lang) for row in estimates.to_dict("records")]


def _paragraph(row: Row, lang: Lang) -> str:
    how = definition_name(row["definition"], lang)
    name = indicator_name(row["indicator"], lang) + (f" ({how})" if how else "")
    who = subject(row, lang)
    flags, reasons = flag_codes(row), reason_notes(row, lang)
    told = shown(row)
    head = capital(f"{who} – {name}" if who else name)
    sentences = [f"{head}: {_value(row, lang)} ({_grounds(row, lang)})." if told else f"{head}: {say(_MISSING, lang)}."]
    sentences += reasons
    if told and not reasons and not known(row["n"]) and not known(row["lower"]):
        sentences.append(say(_NO_CASES, lang))
    silent = () if told else _OF_A_VALUE
    silent += ("partly_unknown",) if "undated_left_out" in row["reason"] else ()  # the reason says how many
    sentences += [codebook.get("flag", code).note(lang) for code in flags if code not in silent]
    return " ".join(sentences)


def _value(row: Row, lang: Lang) -> str:
    """Return the value; that of a difference as higher, lower, or not told apart when the interval holds 0."""
    unit = unit_of(row)
    if not is_difference(row):
        return value(row["value"], unit, row["n"], lang)
    size = value(abs(row["value"]), unit, row["n"], lang)
    sign = "\u2212" if row["value"] < 0 else "+" if row["value"] > 0 else ""
    if not _has_interval(row):
        return say(_NO_INTERVAL, lang).format(sign + size)
    if row["lower"] <= 0 <= row["upper"]:
        return say(_NOT_TOLD_APART, lang).format(sign + size)
    return say(_HIGHER if row["value"] > 0 else _LOWER, lang).format(size)


def _has_interval(row: Row) -> bool:
    return known(row["lower"]) and known(row["upper"])


def _grounds(row: Row, lang: Lang) -> str:
    basis = _basis(row)
    phrase = say(_ALONE[basis], lang)
    if _has_interval(row) and known(row["confidence"]):
        phrase = say(_WITH_INTERVAL[basis], lang).format(range=interval(row, lang), level=_level(row, lang))
    elif _has_interval(row):
        how = codebook.get("method", row["method"]).label(lang)
        phrase += "; " + say(_BOUNDS, lang).format(range=interval(row, lang), how=how)
    over = say(Text("/", " of "), lang)
    cases = counts(row, lang, over)
    noun = counted(row["definition"], row["denominator"], lang) if over in cases else ""
    return "; ".join(filter(None, (" ".join(filter(None, (cases, noun))), phrase)))


def _basis(row: Row) -> str:
    """Return what a number rests on; of an effect it is less the cases than what is taken for granted."""
    return "changes" if is_effect(row) else codebook.get("basis", row["basis"]).code


def _level(row: Row, lang: Lang) -> str:
    share = row["confidence"]
    return format_percent(share, 0 if round(share, 2) == share else 1, lang)


def interval_note(estimates: pd.DataFrame, lang: Lang) -> str:
    """Return what the intervals of a table mean, one sentence per basis; "" when there is none."""
    drawn = estimates[estimates["lower"].notna() & estimates["upper"].notna()]
    kinds = drawn.drop_duplicates(["basis", "confidence", "definition"]).to_dict("records")
    sentences = [
        say(_NOTE[_basis(row)], lang).format(level=_level(row, lang)) if known(row["confidence"]) else say(_BAR, lang)
        for row in kinds
    ]
    return " ".join(dict.fromkeys(sentences))


def method_line(estimates: pd.DataFrame, lang: Lang = "vi") -> str:
    """Return how the numbers of a table were computed, in one line.

    Parameters
    ----------
    estimates : DataFrame
        The estimates contract.
    lang : {"vi", "en"}, default "vi"
        Language.

    Returns
    -------
    str
        ``Cách tính: ...`` with every definition and every interval method of the table, and of a
        funnel with its limits; "" when there is nothing to tell.
    """
    check(estimates, ESTIMATES)
    parts = [codebook.get("definition", d).note(lang).rstrip(".") for d in estimates["definition"].unique() if d]
    used = estimates[estimates["lower"].notna() & estimates["confidence"].notna()]
    for row in used.drop_duplicates(["method", "confidence"]).to_dict("records"):
        how = codebook.get("method", row["method"]).label(lang)
        parts.append(
            say(Text("{how}, mức {level}", "{how}, level {level}"), lang).format(how=how, level=_level(row, lang))
        )
    if {"limits", "dispersion"} <= set(estimates.columns):
        parts += [codebook.get("method", estimates[c].iloc[0]).label(lang) for c in ("limits", "dispersion")]
    return say(Text("Cách tính: {}.", "How it was computed: {}."), lang).format("; ".join(parts)) if parts else ""
