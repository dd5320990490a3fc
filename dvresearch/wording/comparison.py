"""A funnel as sentences: how many units outside which limits, named, and what that does not mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text
from dvresearch.tables import FUNNEL, check
from dvresearch.wording.values import Lang, Row, flag_codes, hidden, listed, names, reason_labels, say, unit_of, value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTSIDE", "describe_funnel", "one_target"]

#: Positions outside the limits, in the order in which they are told.
OUTSIDE = {
    "above998": Text("cao hơn giới hạn 99,8\u00a0%", "above the 99.8% limits"),
    "above95": Text(
        "cao hơn giới hạn 95\u00a0% nhưng trong giới hạn 99,8\u00a0%", "above the 95% but within the 99.8% limits"
    ),
    "below95": Text(
        "thấp hơn giới hạn 95\u00a0% nhưng trong giới hạn 99,8\u00a0%", "below the 95% but within the 99.8% limits"
    ),
    "below998": Text("thấp hơn giới hạn 99,8\u00a0%", "below the 99.8% limits"),
}
_WITHIN = Text(
    "So với mức chung {target}, {inside} trong {total} đơn vị nằm trong giới hạn 95\u00a0%.",
    "Against the overall level of {target}, {inside} of {total} {units} {lie} within the 95% limits.",
)
_NAMED = Text("{count} đơn vị {where}: {names}.", "{count} {units} {where}: {names}.")
_NOT_PLACED = Text("Không so được: {names}.", "Could not be compared: {names}.")
_WIDENED = Text(
    "Giới hạn đã nới theo mức chênh lệch giữa các đơn vị vượt quá dao động ngẫu nhiên.",
    "The limits allow for the spread between units beyond chance (over-dispersion).",
)
_NOT_NEEDED = Text(
    "Các đơn vị không chênh nhau quá dao động ngẫu nhiên nên giới hạn không phải nới.",
    "The units differ no more than chance allows, so the limits were not widened.",
)
_CHANCE_ONLY = Text(
    "Giới hạn chỉ tính dao động ngẫu nhiên: mẫu số càng lớn, càng dễ nằm ngoài.",
    "The limits allow for chance only: the larger the denominator, the easier it is to lie outside.",
)
_MEANING = Text(
    "Nằm ngoài giới hạn không có nghĩa là làm kém hay làm tốt: hãy hỏi vì sao.",
    "Lying outside the limits does not mean doing badly or well: ask why.",
)


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
        How many units lie within the 95 % limits; those outside, named, the farthest group
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
    target = value(one_target(funnel), unit_of(funnel.iloc[0].to_dict()), funnel["n"].sum(), lang)
    named = funnel.assign(_name=names(funnel, unit))
    apart = (named["position"] == "unknown") | hidden(named)
    placed = named[~apart]
    inside = int((placed["position"] == "within").sum())
    units = "unit" if len(placed) == 1 else "units"
    lie = "lies" if inside == 1 else "lie"
    out = [say(_WITHIN, lang).format(target=target, inside=inside, total=len(placed), units=units, lie=lie)]
    for position, text in OUTSIDE.items():
        rows = placed[placed["position"] == position].sort_values(["z", "_name"], ascending=[position[0] == "b", True])
        if len(rows):
            where = say(text, lang)
            who = listed(list(rows["_name"]), lang)
            units = "unit" if len(rows) == 1 else "units"
            out.append(say(_NAMED, lang).format(where=where, names=who, count=len(rows), units=units))
    if apart.any():
        left_out = [_with_reason(row, lang) for row in named[apart].to_dict("records")]
        out.append(say(_NOT_PLACED, lang).format(names=listed(left_out, lang)))
    out.append(say(_spread(funnel.iloc[0]), lang))
    out.append(say(_MEANING, lang))
    return out


def _spread(row: pd.Series) -> Text:
    """Return how the limits were set: τ² = 0 and φ = 1 leave them as chance alone has them."""
    if row["dispersion"] == "none":
        return _CHANCE_ONLY
    none = 1 if row["dispersion"] == "multiplicative" else 0
    return _WIDENED if row["dispersion_value"] > none else _NOT_NEEDED


def _with_reason(row: Row, lang: Lang) -> str:
    """Return the name of a unit and why it has no place: a code of reason, or the flag that keeps it out."""
    labels = reason_labels(row, lang)
    why = ", ".join(labels or [codebook.get("flag", code).label(lang) for code in flag_codes(row)])
    return f"{row['_name']} ({why})" if why else str(row["_name"])
