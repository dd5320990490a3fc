"""Estimates as sentences: fixed phrases, chosen by what the number rests on and, in a funnel, where a unit lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import ParameterError
from dvresearch.tables import ESTIMATES, FUNNEL, check
from dvresearch.text import format_percent
from dvresearch.wording import values
from dvresearch.wording.values import Lang, Row, flag_codes, known, listed, phrase

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTSIDE", "describe", "describe_funnel", "interval_note", "method_line", "one_target"]

#: Flags that remark on a value and say nothing where there is none.
_OF_A_VALUE: tuple[str, ...] = ("few", "ceiling", "partly_unknown")
#: Positions outside the limits of a funnel, in the order in which they are told.
OUTSIDE = ("above998", "above95", "below95", "below998")


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
    how, who = values.definition_name(row["definition"], lang), values.subject(row, lang)
    name = values.indicator_name(row["indicator"], lang) + (f" ({how})" if how else "")
    head = values.capital(f"{who} – {name}" if who else name)
    told, reasons = values.shown(row), values.reason_notes(row, lang)
    number = f"{_value(row, lang)} ({_grounds(row, lang)})" if told else phrase("estimate.missing", lang)
    sentences = [f"{head}: {number}.", *reasons]
    if told and not reasons and not known(row["n"]) and not known(row["lower"]):
        sentences.append(phrase("estimate.no-cases", lang))
    silent = () if told else _OF_A_VALUE
    silent += ("partly_unknown",) if "undated_left_out" in row["reason"] else ()  # the reason says how many
    sentences += [codebook.get("flag", code).note(lang) for code in flag_codes(row) if code not in silent]
    return " ".join(sentences)


def _value(row: Row, lang: Lang) -> str:
    """Return the value; that of a difference as higher, lower, or not told apart when the interval holds 0."""
    size = values.value(abs(row["value"]), values.unit_of(row), row["n"], lang)
    if not values.is_difference(row):
        return values.value(row["value"], values.unit_of(row), row["n"], lang)
    sign = "\u2212" if row["value"] < 0 else "+" if row["value"] > 0 else ""
    if not _has_interval(row):
        return phrase("estimate.no-interval", lang, sign + size)
    if row["lower"] <= 0 <= row["upper"]:
        return phrase("estimate.not-told-apart", lang, sign + size)
    return phrase("estimate.higher" if row["value"] > 0 else "estimate.lower", lang, size)


def _has_interval(row: Row) -> bool:
    return known(row["lower"]) and known(row["upper"])


def _grounds(row: Row, lang: Lang) -> str:
    basis = _basis(row)
    told = phrase(f"estimate.alone-{basis}", lang)
    if _has_interval(row) and known(row["confidence"]):
        told = phrase(f"estimate.interval-{basis}", lang, range=values.interval(row, lang), level=_level(row, lang))
    elif _has_interval(row):
        how = codebook.get("method", row["method"]).label(lang)
        told += "; " + phrase("estimate.bounds", lang, range=values.interval(row, lang), how=how)
    over = phrase("estimate.over", lang)
    cases = values.counts(row, lang, over)
    noun = values.counted(row["definition"], row["denominator"], lang) if over in cases else ""
    return "; ".join(filter(None, (f"{cases} {noun}".strip(), told)))


def _basis(row: Row) -> str:
    """Return what a number rests on; of an effect it is less the cases than what is taken for granted."""
    return "changes" if values.is_effect(row) else codebook.get("basis", row["basis"]).code


def _level(row: Row, lang: Lang) -> str:
    share = row["confidence"]
    return format_percent(share, 0 if round(share, 2) == share else 1, lang)


def interval_note(estimates: pd.DataFrame, lang: Lang) -> str:
    """Return what the intervals of a table mean, one sentence per basis; "" when there is none."""
    drawn = estimates[estimates["lower"].notna() & estimates["upper"].notna()]
    sentences = [
        phrase(f"estimate.note-{_basis(row)}", lang, level=_level(row, lang))
        if known(row["confidence"])
        else phrase("estimate.bar", lang)
        for row in drawn.drop_duplicates(["basis", "confidence", "definition"]).to_dict("records")
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
        parts.append(phrase("estimate.method", lang, how=how, level=_level(row, lang)))
    if {"limits", "dispersion"} <= set(estimates.columns):
        parts += [codebook.get("method", estimates[c].iloc[0]).label(lang) for c in ("limits", "dispersion")]
    return phrase("estimate.computed", lang, "; ".join(parts)) if parts else ""


def one_target(funnel: pd.DataFrame) -> float:
    """Return the overall level that all rows of a funnel are compared with.

    Raises
    ------
    ParameterError
        When the rows belong to several funnels.
    """
    targets, indicators = funnel["target"].dropna().unique(), funnel["indicator"].unique()
    if len(targets) != 1 or len(indicators) != 1:
        raise ParameterError("not-one-funnel", got=f"{len(indicators)} indicator, {len(targets)} target")
    return float(targets[0])


def describe_funnel(funnel: pd.DataFrame, lang: Lang = "vi", *, unit: str = "unit") -> list[str]:
    """Return sentences on where the units stand in a funnel.

    Parameters
    ----------
    funnel : DataFrame
        The funnel contract: one indicator, one target.
    lang : {"vi", "en"}, default "vi"
        Language.
    unit : str, default "unit"
        Column with the names.

    Returns
    -------
    list of str
        How many units lie within the 95% limits; those outside, named, the farthest group
        first; those that cannot be compared, with the reason; whether the limits were widened
        for over-dispersion; what lying outside does not mean.

    Raises
    ------
    DataError
        When `funnel` breaks its contract.
    ParameterError
        When its rows belong to several funnels, or for an unknown code or language.
    """
    check(funnel, FUNNEL)
    target = values.value(one_target(funnel), values.unit_of(funnel.iloc[0].to_dict()), funnel["n"].sum(), lang)
    named = funnel.assign(_name=values.names(funnel, unit))
    apart = (named["position"] == "unknown") | values.hidden(named)
    placed = named[~apart]
    inside = int((placed["position"] == "within").sum())
    lie = "lies" if inside == 1 else "lie"
    units = _units(len(placed))
    out = [phrase("funnel.within", lang, target=target, inside=inside, total=len(placed), units=units, lie=lie)]
    for position in OUTSIDE:
        rows = placed[placed["position"] == position].sort_values(["z", "_name"], ascending=[position[0] == "b", True])
        if len(rows):
            where, who = phrase(f"funnel.{position}", lang), listed(list(rows["_name"]), lang)
            out.append(phrase("funnel.named", lang, count=len(rows), units=_units(len(rows)), where=where, names=who))
    if apart.any():
        left_out = [_with_reason(row, lang) for row in named[apart].to_dict("records")]
        out.append(phrase("funnel.not-placed", lang, names=listed(left_out, lang)))
    return [*out, phrase(_spread(funnel.iloc[0]), lang), phrase("funnel.meaning", lang)]


def _units(count: int) -> str:
    return "unit" if count == 1 else "units"


def _spread(row: pd.Series) -> str:
    """Return how the limits were set: τ² = 0 and φ = 1 leave them as chance alone has them."""
    if row["dispersion"] == "none":
        return "funnel.chance-only"
    none = 1 if row["dispersion"] == "multiplicative" else 0
    return "funnel.widened" if row["dispersion_value"] > none else "funnel.not-needed"


def _with_reason(row: Row, lang: Lang) -> str:
    """Return the name of a unit and why it has no place: a code of reason, or the flag that keeps it out."""
    labels = values.reason_labels(row, lang)
    why = ", ".join(labels or [codebook.get("flag", code).label(lang) for code in flag_codes(row)])
    return f"{row['_name']} ({why})" if why else str(row["_name"])
