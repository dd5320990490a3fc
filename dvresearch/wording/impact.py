"""The ladder of what may be said of a model: tied to the interval, the checks and the design, never a cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import ParameterError
from dvresearch.tables import ESTIMATES, FINDINGS, check
from dvresearch.text import format_number, format_percent
from dvresearch.wording import values
from dvresearch.wording.values import NBSP, Lang, Row, inside, known, listed, phrase

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
#: The effect of an interrupted series of counts: 1 is no change.
_RATIO = "series_change_ratio"
#: Units of an outcome that is none of the codebook's -> that of its difference.
_UNITS = {"share": values.POINTS, "points": values.SCORE_POINTS, "count": ""}
_MOST_DECIMALS = 8


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
    failed, still_open = _with(findings, "fail"), _with(findings, "review")
    if not (known(row["value"]) and known(row["lower"]) and known(row["upper"])) or "impact_feasibility" in failed:
        return "no_ground"
    if row["lower"] <= _nothing(row) <= row["upper"]:
        return "not_told_apart"
    if failed:
        return "not_to_be_believed"
    design = _design(row)
    if design == "counterfactual_trend":
        return "same_time"
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
    return phrase("effect.only", lang, covered=listed(covered, lang), missing=listed(missing, lang)) if missing else ""


def _told(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows a paragraph is written of."""
    for columns, word in ((("effect", "band"), "overall"), (("term",), "average")):
        if set(columns) <= set(estimates):
            return estimates[estimates[columns[0]] == word]
    raise ParameterError("no-result-of-impact", got=", ".join(map(str, estimates.columns[:6])))


def _paragraph(row: Row, findings: pd.DataFrame | None, lang: Lang, only: str, unit: str | None, drawn: bool) -> str:
    step, failed = impact_verdict(row, findings), _with(findings, "fail")
    outcome = str(row.get("outcome", row["indicator"]))
    # an outcome of the user's own has no label: its column is its name
    code = codebook.find("indicator", outcome)
    name = values.capital(codebook.get("indicator", code).label(lang) if code else outcome)
    aside = "; ".join(filter(None, (_group(row), only)))
    name += f" ({aside})" if aside else ""
    if step == "no_ground":
        why = values.reason_labels(row, lang) or [_checks(failed, lang) or "…"]
        return phrase("effect.no_ground", lang, name=name, why=listed(why, lang))
    factor, noun = _scale(row, code, unit, lang)
    decimals = _decimals(row, factor)

    def number(end: str) -> str:
        return format_number(factor * (row[end] - _nothing(row)), decimals, lang)

    away = f"{number('value')}{NBSP}{noun}".rstrip(NBSP).replace(f"{NBSP}%", "%")
    direction = phrase("effect.lower" if away.startswith("\u2212") else "effect.higher", lang)
    level = format_percent(row["confidence"], 0, lang)
    limits = phrase("effect.range", lang, level=level, low=number("lower"), high=number("upper"))
    open_checks = _still_open(findings)
    said = phrase(
        f"effect.{step}",
        lang,
        name=name,
        design=phrase(f"effect.{_design(row)}", lang, direction=direction, size=away.lstrip("\u2212")),
        signed=away if away.startswith("\u2212") else f"+{away}",
        interval="; ".join(filter(None, (limits, values.counts(row, lang)))),
        failed=_checks(failed, lang),
        passed="" if open_checks else phrase("effect.passed", lang),
        open=_left(row, findings, lang),
    )
    left_out = values.reason_labels({**row, "reason": ";".join(r for r in row["reason"].split(";") if "=" in r)}, lang)
    said += phrase("effect.to-note", lang, listed(left_out, lang)) if left_out else ""
    if unit is None and row["indicator"] != _RATIO and not code:
        said += phrase("effect.no-unit", lang)
    if row["definition"] == "counterfactual_trend":
        return said
    return f"{said} {phrase('effect.drawn' if drawn else 'effect.observed', lang)}"


def _left(row: Row, findings: pd.DataFrame | None, lang: Lang) -> str:
    """Return what is still to be looked at, what only describes, and what was not made, in sentences."""
    if findings is None:
        return phrase("effect.not-checked", lang)
    wanted = [code for checks in (_OF_TRENDS, _WANTED, _FURTHER) for code in checks.get(_design(row), ())]
    left = {"effect.open": _still_open(findings), "effect.not-made": _not_made(findings, wanted)}
    return "".join(phrase(key, lang, _checks(codes, lang)) for key, codes in left.items() if codes)


def _still_open(findings: pd.DataFrame | None) -> list[str]:
    """Return the checks that leave something to look at, those that only describe last."""
    described = _with(findings, "fail", "review", descriptive=True)
    # of one place alone the sentence itself says that there is none to compare with
    return [*_with(findings, "review"), *(code for code in described if code != "series_comparison")]


def _with(findings: pd.DataFrame | None, *verdicts: str, descriptive: bool = False) -> list[str]:
    """Return the checks that ended in one of these verdicts, in order; those that only describe by themselves."""
    if findings is None:
        return []
    kept = findings["verdict"].isin(verdicts) & (findings["check"].isin(_DESCRIPTIVE) == descriptive)
    return list(dict.fromkeys(findings.loc[kept, "check"]))


def _not_made(findings: pd.DataFrame | None, codes: Sequence[str]) -> list[str]:
    """Return which of `codes` say nothing: left out, or not possible with these data."""
    made = set() if findings is None else set(findings.loc[findings["verdict"] != "unknown", "check"])
    return [code for code in codes if code not in made]


def _design(row: Row) -> str:
    """Return which comparison an estimate rests on: ``att``, or one of the two of a series."""
    return "att" if row["definition"].startswith("att") else row["definition"]


def _checks(codes: Sequence[str], lang: Lang) -> str:
    return listed([inside(codebook.get("check", code).label(lang)) for code in codes], lang)


def _group(row: Row) -> str:
    """Return the group of an estimate made ``by`` a column, which stands in front of the columns of ``impact``."""
    first, label = next(iter(row.items()))
    return str(label) if "effect" in row and first not in ("effect", "source") else ""


def _nothing(row: Row) -> float:
    return 1.0 if row["indicator"] == _RATIO else 0.0


def _scale(row: Row, code: str | None, unit: str | None, lang: Lang) -> tuple[float, str]:
    """Return what an effect is multiplied by and its unit, from the codebook or as it is stated."""
    if row["indicator"] == _RATIO:
        return 100, "%"
    # what stands above a trend predicted is a difference like any other
    own = values.unit_of({**row, "indicator": code, "definition": "att_never"}) if code else _UNITS.get(str(unit), "")
    noun = codebook.get("unit", own).label(lang) if own else "" if code or unit in (None, "count") else str(unit)
    return 100 if own in values.PER_CENT else 1, noun


def _decimals(row: Row, factor: float) -> int:
    """Return the decimals that keep two digits of the error, and more where a number that is not 0 would read as 0."""
    sizes = [factor * abs(row[c] - _nothing(row)) for c in ("value", "lower", "upper")]
    error = factor * row["std_error"] if known(row["std_error"]) and row["std_error"] > 0 else (sizes[2] + sizes[1]) / 4
    decimals = min(max(0, 1 - math.floor(math.log10(error))), _MOST_DECIMALS) if error > 0 else 2
    while decimals < _MOST_DECIMALS and any(size > 0 and not round(size, decimals) for size in sizes):
        decimals += 1
    return decimals
