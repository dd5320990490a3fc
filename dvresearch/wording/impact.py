"""The ladder of what may be said of a model: tied to the interval, the checks and the design, never a cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.tables import ESTIMATES, FINDINGS, check
from dvresearch.text import format_number, format_percent
from dvresearch.wording.values import Lang, Row, capital, cell, inside, known, listed, reason_codes, say, unit_of, value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LADDER", "describe_impact", "impact_verdict"]

#: What may be said, from nothing to most; labels and meanings are in the codebook (``ladder.…``).
LADDER = ("no_ground", "not_told_apart", "not_to_be_believed", "same_time", "fairly_clear", "clear")

#: Checks that show an interval which holds 0 anyway, or describe the groups: they stop nobody.
_DESCRIPTIVE = ("balance", "honest_smoothness", "series_comparison")
#: Checks of an effect, one of each design; what ``feasibility`` says comes before any estimate and checks none.
_OF_EFFECT = ("all_checks", "series_placebo")
#: Checks without which nothing is known of the trends before: where they cannot be made, something is left open.
_NEEDED = ("pretrends", "series_placebo")

_DESIGN = {
    "att": Text(
        "so với nơi so sánh, mức thay đổi ở nơi có mô hình {direction} {size}",
        "compared with places without it, the change in places with the model is {size} {direction}",
    ),
    "counterfactual_trend_compared": Text(
        "từ khi có mô hình, so với xu thế cũ và với nơi so sánh, mức ở đây {direction} {size}",
        "since the start, against its earlier trend and the comparison place, the level here is {size} {direction}",
    ),
    "counterfactual_trend": Text(
        "từ khi có mô hình, so với xu thế cũ của chính nơi này, mức ở đây {direction} {size}",
        "since the start, against its own earlier trend, the level here is {size} {direction}",
    ),
}
_DIRECTION = {True: Text("cao hơn", "higher"), False: Text("thấp hơn", "lower")}
_SAID = {
    "not_told_apart": Text(
        "{name}: chưa đủ cơ sở để nói nơi có mô hình thay đổi khác đi (chênh {signed}; {interval}).",
        "{name}: not enough ground to say that places with the model changed differently ({signed}; {interval}).",
    ),
    "not_to_be_believed": Text(
        "{name}: {design} ({interval}), nhưng chưa tin được con số này vì có kiểm tra không đạt: {failed}.",
        "{name}: {design} ({interval}), but the number is not to be believed while these checks fail: {failed}.",
    ),
    "same_time": Text(
        "{name}: {design} ({interval}). Đây là thay đổi cùng lúc với mô hình; không có nơi so sánh nên không tách được "
        "khỏi những việc khác xảy ra trong thời gian ấy.",
        "{name}: {design} ({interval}). This is a change at the same time as the model; without a comparison place it "
        "cannot be told from whatever else happened then.",
    ),
    "fairly_clear": Text(
        "{name}: {design} ({interval}); chênh lệch khá rõ, còn cần xem: {open}.",
        "{name}: {design} ({interval}); a fairly clear difference, still to be looked at: {open}.",
    ),
    "clear": Text(
        "{name}: {design} ({interval}); chênh lệch rõ rệt, các kiểm tra đã làm đều đạt.",
        "{name}: {design} ({interval}); a clear difference, and every check made is passed.",
    ),
}
_NO_GROUND = Text("{name}: chưa đủ cơ sở để ước lượng ({why}).", "{name}: not enough ground for an estimate ({why}).")
_NOT_CHECKED = Text("chưa làm kiểm tra nào", "no check has been made")
_OBSERVED = Text(
    "Nơi có mô hình không được chọn ngẫu nhiên: đây là mối liên quan, chưa nói được vì sao.",
    "Places with the model were not drawn at random: this is an association and does not say why.",
)
_RANGE = Text("khoảng {level}: từ {low} đến {high}", "{level} interval: {low} to {high}")


def impact_verdict(row: Row, findings: pd.DataFrame | None = None) -> str:
    """Return the step of `LADDER` that one estimate of an effect has reached.

    Parameters
    ----------
    row : mapping
        One estimate from ``impact`` or ``interrupted_series``.
    findings : DataFrame, optional
        What was checked about it: from ``feasibility``, ``impact_checks``, ``series_findings``.

    Returns
    -------
    str
        ``no_ground`` without a value or interval, or when the data allow no estimate; ``not_told_apart`` when the
        interval holds no effect; ``not_to_be_believed`` when a check failed; ``same_time`` without a comparison place;
        ``fairly_clear`` when something is left to look at, earlier trends could not be checked, or nothing was checked
        (what ``feasibility`` says checks no effect); else ``clear``.
    """
    failed, still_open = _grounds(findings)
    if not (known(row["value"]) and known(row["lower"]) and known(row["upper"])) or "impact_feasibility" in failed:
        return "no_ground"
    if row["lower"] <= _nothing(row) <= row["upper"]:
        return "not_told_apart"
    if failed:
        return "not_to_be_believed"
    if row["definition"] == "counterfactual_trend":
        return "same_time"
    return "fairly_clear" if still_open or not _checked(findings) else "clear"


def describe_impact(estimates: pd.DataFrame, findings: pd.DataFrame | None = None, lang: Lang = "vi") -> list[str]:
    """Return one paragraph per overall effect: what may be said of it, and what it does not say.

    Parameters
    ----------
    estimates : DataFrame
        From ``impact`` (its rows ``overall`` are told, with the permutation interval where there is one) or from
        ``interrupted_series`` (its rows ``average``).
    findings : DataFrame, optional
        As for :func:`impact_verdict`.
    lang : {"vi", "en"}, default "vi"
        Language.

    Raises
    ------
    DataError
        When a table breaks its contract.
    ParameterError
        For an unknown language.
    """
    check(estimates, ESTIMATES)
    if findings is not None:
        check(findings, FINDINGS)
    rows = estimates
    for column, word in (("effect", "overall"), ("term", "average")):
        rows = rows[rows[column] == word] if column in rows else rows
    if "band" in rows and (rows["band"] == "randomisation").any():
        rows = rows[rows["band"] == "randomisation"]
    known_rows, unknown = rows[rows["value"].notna()], rows[rows["value"].isna()]
    # A panel that allows no estimate has a row for each reason: they belong in one sentence.
    front = [*rows.columns[: list(rows.columns).index("indicator")], "indicator"]
    unknown = unknown.assign(
        reason=unknown.groupby(front, dropna=False)["reason"].transform(lambda codes: ";".join(dict.fromkeys(codes)))
    ).drop_duplicates(front)
    return [_paragraph(row, findings, lang) for part in (known_rows, unknown) for row in part.to_dict("records")]


def _paragraph(row: Row, findings: pd.DataFrame | None, lang: Lang) -> str:
    step = impact_verdict(row, findings)
    failed, still_open = _grounds(findings)
    group = _group(row)
    name = capital(_name(row["indicator"], lang)) + (f" ({group})" if group else "")
    if step == "no_ground":
        codes = [codebook.get("reason", code).label(lang) for code in reason_codes(row)]
        why = codes or [inside(codebook.get("check", code).label(lang)) for code in failed] or ["…"]
        return say(_NO_GROUND, lang).format(name=name, why=listed(why, lang))
    away = row["value"] - _nothing(row)
    kind = "att" if row["definition"].startswith("att") else row["definition"]
    design = say(_DESIGN[kind], lang).format(
        direction=say(_DIRECTION[away > 0], lang), size=_size(abs(away), row, lang)
    )
    sign = "\u2212" if away < 0 else "+"
    ends = (_signed(row[end] - _nothing(row), row, lang) for end in ("lower", "upper"))
    level = format_percent(row["confidence"], 0, lang)
    said = say(_SAID[step], lang).format(
        name=name,
        design=design,
        signed=sign + _size(abs(away), row, lang),
        interval=say(_RANGE, lang).format(level=level, low=next(ends), high=next(ends)),
        failed=_checks(failed, lang),
        open=listed(
            [
                *([] if _checked(findings) else [say(_NOT_CHECKED, lang)]),
                *([_checks(still_open, lang)] if still_open else []),
            ],
            lang,
        ),
    )
    return f"{said} {say(_OBSERVED, lang)}"


def _grounds(findings: pd.DataFrame | None) -> tuple[list[str], list[str]]:
    """Return the checks that failed and those that leave something to look at, in order."""
    if findings is None:
        return [], []
    told = findings[~findings["check"].isin(_DESCRIPTIVE)]
    told = told.assign(
        verdict=told["verdict"].mask((told["verdict"] == "unknown") & told["check"].isin(_NEEDED), "review")
    )
    return tuple(list(dict.fromkeys(told.loc[told["verdict"] == v, "check"])) for v in ("fail", "review"))  # type: ignore[return-value]


def _checked(findings: pd.DataFrame | None) -> bool:
    """Whether anything was checked about the effect itself."""
    return findings is not None and bool(findings["check"].isin(_OF_EFFECT).any())


def _checks(codes: list[str], lang: Lang) -> str:
    return listed([inside(codebook.get("check", code).label(lang)) for code in codes], lang) if codes else ""


def _name(indicator: str, lang: Lang) -> str:
    """Return the label of an outcome, or its column name where it is one of the user's own."""
    code = codebook.find("indicator", indicator)
    return codebook.get("indicator", code).label(lang) if code else indicator


def _group(row: Row) -> str:
    """Return the group of an estimate made ``by`` a column, which stands in front of the columns of ``impact``."""
    first, label = next(iter(row.items()))
    return str(label) if "effect" in row and first not in ("effect", "source") else ""


def _nothing(row: Row) -> float:
    return 1.0 if row["indicator"] == "series_change_ratio" else 0.0


def _size(size: float, row: Row, lang: Lang, write: Callable[[float, str, None, Lang], str] = value) -> str:
    """Write the size of a change with its unit, or with ``write=cell`` without."""
    if row["indicator"] == "series_change_ratio":
        return format_percent(size, 1, lang)
    code = codebook.find("indicator", row["indicator"])
    unit = unit_of({**row, "indicator": code}) if code else ""
    return write(size, unit, None, lang) if unit else format_number(size, 2, lang)


def _signed(size: float, row: Row, lang: Lang) -> str:
    return ("\u2212" if size < 0 else "") + _size(abs(size), row, lang, cell)
