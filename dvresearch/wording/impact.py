"""The ladder of what may be said of a model: tied to the interval, the checks and the design, never a cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text
from dvresearch.tables import ESTIMATES, FINDINGS, check
from dvresearch.text import format_number, format_percent
from dvresearch.wording.values import (
    NBSP,
    PER_CENT,
    POINTS,
    SCORE_POINTS,
    Lang,
    Row,
    capital,
    counts,
    inside,
    known,
    listed,
    reason_labels,
    say,
    unit_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LADDER", "describe_impact", "impact_verdict"]

#: What may be said, from nothing to most; labels and meanings are in the codebook (``ladder.…``).
LADDER = ("no_ground", "not_told_apart", "not_to_be_believed", "same_time", "untested", "fairly_clear", "clear")

#: Checks that show an interval which holds 0 anyway, or describe the groups: they stop nobody, and are told.
_DESCRIPTIVE = ("balance", "honest_smoothness", "series_comparison")
#: Checks of the trends before, of each design; without them nothing is known of those (``feasibility`` checks none).
_OF_TRENDS = {"att": ("pretrends", "pretrends_power"), "counterfactual_trend_compared": ("series_placebo",)}
#: Checks of an effect against other places that can be left out: where they were, something is left to look at.
_WANTED = {"att": ("honest_relative",)}
#: Further ones that are told where they were not made.
_FURTHER = {"att": ("placebo_units", "one_place_out", "spillover")}

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
        "khỏi những việc khác xảy ra trong thời gian ấy.{open}",
        "{name}: {design} ({interval}). This is a change at the same time as the model; without a comparison place it "
        "cannot be told from whatever else happened then.{open}",
    ),
    "untested": Text(
        "{name}: {design} ({interval}). Chưa kiểm tra được đủ chắc trước đó hai nhóm nơi có thay đổi như nhau hay "
        "không, nên chưa nói được chênh lệch này đi cùng mô hình hay đã có từ trước.{open}",
        "{name}: {design} ({interval}). Whether both groups of places changed alike before could not be tested "
        "firmly, so it cannot be said whether the difference came with the model or was there already.{open}",
    ),
    "fairly_clear": Text(
        "{name}: {design} ({interval}); chênh lệch khá rõ.{open}",
        "{name}: {design} ({interval}); a fairly clear difference.{open}",
    ),
    "clear": Text(
        "{name}: {design} ({interval}); chênh lệch rõ rệt{passed}.{open}",
        "{name}: {design} ({interval}); a clear difference{passed}.{open}",
    ),
}
_ONLY = Text(
    "chỉ các đợt áp dụng {covered}, không gồm đợt {missing}", "adopters of {covered} only, without those of {missing}"
)
_TO_NOTE = Text(" Lưu ý: {}.", " To note: {}.")
_NO_GROUND = Text("{name}: chưa đủ cơ sở để ước lượng ({why}).", "{name}: not enough ground for an estimate ({why}).")
#: Said of a clear difference when nothing is left to look at.
_PASSED = Text(", các phép thử đã làm về chênh lệch này đều đạt", ", and every test made of it is passed")
_NOT_CHECKED = Text(" Chưa làm kiểm tra nào.", " No check has been made.")
_OPEN = Text(" Còn cần xem: {}.", " Still to be looked at: {}.")
_NOT_MADE = Text(" Chưa làm: {}.", " Not made: {}.")
_OBSERVED = Text(
    "Nơi có mô hình không được chọn ngẫu nhiên: đây là mối liên quan, chưa nói được vì sao.",
    "Places with the model were not drawn at random: this is an association and does not say why.",
)
#: Said of an outcome of the user's own, as long as nobody has told what it is measured in.
_NO_UNIT = Text(
    ' Chưa nêu chỉ tiêu này tính bằng gì: viết unit="share" (tỷ lệ 0-1), "points", "count" hoặc tên đơn vị tính.',
    ' What this outcome is measured in is not stated: write unit="share" (0-1), "points", "count" or the name of its '
    "unit.",
)
_DRAWN = Text(
    "Nơi có mô hình được chọn bằng bốc thăm: cách chọn nơi không giải thích chênh lệch này, còn ngẫu nhiên thì nằm "
    "trong khoảng nêu trên.",
    "Places with the model were drawn by lot: how they were chosen does not explain the difference, and chance lies "
    "within the interval given.",
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
        ``untested`` when the trends before were not tested, or by a test that would have missed a trend as large as the
        estimate; ``fairly_clear`` when something is left to look at or honest limits were left out; else ``clear``.
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
    design = _design(row)
    if _not_made(findings, _OF_TRENDS[design]) or "pretrends_power" in still_open:
        return "untested"
    return "fairly_clear" if still_open or _not_made(findings, _WANTED.get(design, ())) else "clear"


def describe_impact(
    estimates: pd.DataFrame,
    findings: pd.DataFrame | None = None,
    lang: Lang = "vi",
    *,
    unit: str | None = None,
    drawn_by_lot: bool = False,
) -> list[str]:
    """Return one paragraph per overall effect: what may be said of it, and what it does not say.

    Parameters
    ----------
    estimates : DataFrame
        From ``impact`` (its rows ``overall`` are told, with the permutation interval where there is one) or from
        ``interrupted_series`` (its rows ``average``).
    findings : DataFrame, optional
        As for :func:`impact_verdict`; of one outcome.
    lang : {"vi", "en"}, default "vi"
        Language.
    unit : str, optional
        What an outcome of one's own is measured in: ``"share"`` (0-1, told in percentage points), ``"points"``,
        ``"count"``, or the name of its unit (``"phút"``). Where the codebook does not know the outcome and nobody
        states it, the paragraph asks for it.
    drawn_by_lot : bool, default False
        Whether it was drawn by lot which places get the model and when: the difference is then the model's effect.

    Notes
    -----
    Numbers keep two digits of the error of the effect, and so many that none but 0 reads as 0.

    Raises
    ------
    DataError
        When a table breaks its contract.
    ParameterError
        For an unknown language, a table of another function, or findings beside several outcomes.
    """
    check(estimates, ESTIMATES)
    if findings is not None:
        check(findings, FINDINGS)
    rows = _told(estimates)
    if findings is not None and len(rows["indicator"].unique()) > 1:
        raise ParameterError("findings-of-one-outcome", got=", ".join(rows["indicator"].unique()))
    front = [*rows.columns[: list(rows.columns).index("indicator")], "indicator"]
    if "band" in rows:
        # Where places are few the permutation interval is the one to read: of each group by itself.
        drawn = rows["band"] == "randomisation"
        groups = [rows[c] for c in front if c not in ("cohort", "period", "event_time", "band")]
        rows = rows[drawn | ~drawn.groupby(groups, dropna=False).transform("any")]
    known_rows, unknown = rows[rows["value"].notna()], rows[rows["value"].isna()]
    # A panel that allows no estimate has a row for each reason: they belong in one sentence.
    unknown = unknown.assign(
        reason=unknown.groupby(front, dropna=False)["reason"].transform(lambda codes: ";".join(dict.fromkeys(codes)))
    ).drop_duplicates(front)
    told = [row for part in (known_rows, unknown) for row in part.to_dict("records")]
    return [_paragraph(row, findings, lang, _cohorts(row, estimates, lang), unit, drawn_by_lot) for row in told]


def _cohorts(row: Row, estimates: pd.DataFrame, lang: Lang) -> str:
    """Say which cohorts an overall effect speaks of, where one is missing from it."""
    if not {"effect", "cohort"} <= set(estimates):
        return ""
    front = [*estimates.columns[: list(estimates.columns).index("effect")], "indicator"]
    same = (estimates[front] == [row[c] for c in front]).all(axis=1)
    rows = estimates[same & (estimates["effect"] == "cohort")]
    known_rows = rows["value"].notna()
    covered, missing = (list(dict.fromkeys(rows.loc[there, "cohort"])) for there in (known_rows, ~known_rows))
    return say(_ONLY, lang).format(covered=listed(covered, lang), missing=listed(missing, lang)) if missing else ""


def _told(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows a paragraph is written of."""
    for columns, word in ((("effect", "band"), "overall"), (("term",), "average")):
        if set(columns) <= set(estimates):
            return estimates[estimates[columns[0]] == word]
    raise ParameterError("no-result-of-impact", got=", ".join(map(str, estimates.columns[:6])))


def _paragraph(row: Row, findings: pd.DataFrame | None, lang: Lang, only: str, unit: str | None, drawn: bool) -> str:
    step = impact_verdict(row, findings)
    failed, _ = _grounds(findings)
    aside = "; ".join(filter(None, (_group(row), only)))
    name = capital(_name(_outcome(row), lang)) + (f" ({aside})" if aside else "")
    if step == "no_ground":
        why = reason_labels(row, lang) or [inside(codebook.get("check", code).label(lang)) for code in failed] or ["…"]
        return say(_NO_GROUND, lang).format(name=name, why=listed(why, lang))
    away = row["value"] - _nothing(row)
    amounts = _Amounts.of(row, unit, lang)
    design = say(_DESIGN[_design(row)], lang).format(
        direction=say(_DIRECTION[away > 0], lang), size=amounts.named(abs(away))
    )
    ends = (amounts.number(row[end] - _nothing(row)) for end in ("lower", "upper"))
    level = format_percent(row["confidence"], 0, lang)
    limits = say(_RANGE, lang).format(level=level, low=next(ends), high=next(ends))
    said = say(_SAID[step], lang).format(
        name=name,
        design=design,
        signed=("+" if away >= 0 else "") + amounts.named(away),
        interval="; ".join(filter(None, (limits, counts(row, lang)))),
        failed=_checks(failed, lang),
        passed="" if _still_open(findings) else say(_PASSED, lang),
        open=_left(row, findings, lang),
    )
    left_out = reason_labels({**row, "reason": ";".join(r for r in row["reason"].split(";") if "=" in r)}, lang)
    said += say(_TO_NOTE, lang).format(listed(left_out, lang)) if left_out else ""
    if unit is None and row["indicator"] != "series_change_ratio" and not codebook.find("indicator", _outcome(row)):
        said += say(_NO_UNIT, lang)
    if row["definition"] == "counterfactual_trend":
        return said
    return f"{said} {say(_DRAWN if drawn else _OBSERVED, lang)}"


def _left(row: Row, findings: pd.DataFrame | None, lang: Lang) -> str:
    """Return what is still to be looked at, what only describes, and what was not made, in sentences."""
    if findings is None:
        return say(_NOT_CHECKED, lang)
    design = _design(row)
    wanted = (*_OF_TRENDS.get(design, ()), *_WANTED.get(design, ()), *_FURTHER.get(design, ()))
    missing = _not_made(findings, wanted)
    return "".join(
        say(sentence, lang).format(_checks(codes, lang))
        for sentence, codes in ((_OPEN, _still_open(findings)), (_NOT_MADE, missing))
        if codes
    )


def _still_open(findings: pd.DataFrame | None) -> list[str]:
    """Return the checks that leave something to look at, those that only describe last."""
    if findings is None:
        return []
    described = findings[findings["check"].isin(_DESCRIPTIVE) & findings["verdict"].isin(("fail", "review"))]["check"]
    # of one place alone the sentence itself says that there is none to compare with
    beside = [code for code in dict.fromkeys(described) if code != "series_comparison"]
    return [*_grounds(findings)[1], *beside]


def _design(row: Row) -> str:
    """Return which comparison an estimate rests on: a key of the sentences above."""
    return "att" if row["definition"].startswith("att") else row["definition"]


def _grounds(findings: pd.DataFrame | None) -> tuple[list[str], list[str]]:
    """Return the checks that failed and those that leave something to look at, in order."""
    if findings is None:
        return [], []
    told = findings[~findings["check"].isin(_DESCRIPTIVE)]
    return tuple(list(dict.fromkeys(told.loc[told["verdict"] == v, "check"])) for v in ("fail", "review"))  # type: ignore[return-value]


def _not_made(findings: pd.DataFrame | None, codes: Sequence[str]) -> list[str]:
    """Return which of `codes` say nothing: left out, or not possible with these data."""
    made = set() if findings is None else set(findings.loc[findings["verdict"] != "unknown", "check"])
    return [code for code in codes if code not in made]


def _checks(codes: list[str], lang: Lang) -> str:
    return listed([inside(codebook.get("check", code).label(lang)) for code in codes], lang) if codes else ""


def _name(indicator: str, lang: Lang) -> str:
    """Return the label of an outcome, or its column name where it is one of the user's own."""
    code = codebook.find("indicator", indicator)
    return codebook.get("indicator", code).label(lang) if code else indicator


def _outcome(row: Row) -> str:
    """Return what was measured; an interrupted series has it in a column of its own."""
    return str(row.get("outcome", row["indicator"]))


def _group(row: Row) -> str:
    """Return the group of an estimate made ``by`` a column, which stands in front of the columns of ``impact``."""
    first, label = next(iter(row.items()))
    return str(label) if "effect" in row and first not in ("effect", "source") else ""


def _nothing(row: Row) -> float:
    return 1.0 if row["indicator"] == "series_change_ratio" else 0.0


@dataclass(frozen=True)
class _Amounts:
    """How the sizes of one effect are written: in which unit, and with digits that follow its error."""

    factor: float
    decimals: int
    noun: str
    lang: Lang

    @classmethod
    def of(cls, row: Row, unit: str | None, lang: Lang) -> _Amounts:
        """Find the unit of an outcome, in the codebook or as it is stated, and the digits its error allows."""
        if row["indicator"] == "series_change_ratio":
            return cls(100, _digits(row, 100), "%", lang)
        code = codebook.find("indicator", _outcome(row))
        # what stands above a trend foretold is a difference like any other
        own = unit_of({**row, "indicator": code, "definition": "att_never"}) if code else _UNITS.get(str(unit), "")
        factor = 100 if own in PER_CENT else 1
        noun = codebook.get("unit", own).label(lang) if own else "" if code or unit in (None, "count") else str(unit)
        return cls(factor, _digits(row, factor), noun, lang)

    def number(self, size: float) -> str:
        """Write a size, with a minus sign below 0, without its unit."""
        return ("\u2212" if size < 0 else "") + format_number(self.factor * abs(size), self.decimals, self.lang)

    def named(self, size: float) -> str:
        """Write a size with its unit."""
        return f"{self.number(size)}{NBSP}{self.noun}".rstrip(NBSP)


#: Units of an outcome that is none of the codebook's -> that of its difference.
_UNITS = {"share": POINTS, "points": SCORE_POINTS, "count": ""}
_MOST_DECIMALS = 8


def _digits(row: Row, factor: float) -> int:
    """Return the decimals that keep two digits of the error, and more where a number that is not 0 would read as 0."""
    sizes = [factor * abs(row[c] - _nothing(row)) for c in ("value", "lower", "upper")]
    error = factor * row["std_error"] if known(row["std_error"]) and row["std_error"] > 0 else (sizes[2] + sizes[1]) / 4
    decimals = min(max(0, 1 - math.floor(math.log10(error))), _MOST_DECIMALS) if error > 0 else 2
    while decimals < _MOST_DECIMALS and any(size > 0 and not round(size, decimals) for size in sizes):
        decimals += 1
    return decimals
