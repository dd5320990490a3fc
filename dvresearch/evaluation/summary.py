"""The page a leader reads in two minutes: a sentence or two for each section, every number with what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Paragraph
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.sections import comparison, feedback, registers, resolution, units
from dvresearch.text import format_number, format_percent
from dvresearch.wording.values import interval

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["summarise"]


def summarise(ctx: Context, sections: Sequence[str]) -> tuple[Paragraph, ...]:
    """Return the sentences that a reader takes away from the sections in the report.

    Parameters
    ----------
    ctx : Context
        The evaluation.
    sections : sequence of str
        Codes of the sections that were made.
    """
    told = _PUBLISHED if ctx.spec.scope == "nation" else _OF_UNITS
    return tuple(
        paragraph
        for code, tell in told.items()
        if code in sections
        for paragraph in (*_failed_checks(ctx, code), *map(Paragraph, tell(ctx)))
    )


def _failed_checks(ctx: Context, code: str) -> list[Paragraph]:
    """Say that the numbers of a section still count the rows that its list was found at fault for."""
    table = _SCREENED.get(code)
    if table is None or ctx.spec.scope == "nation":
        return []
    found = ctx.screened(table)
    failed = (found["verdict"] == "fail") & (found["severity"] == "major") & ~found["check"].isin(_SAID)
    if not failed.any():
        return []
    where = "quality" if code == "dossiers" else code
    values = {"file": ctx.own(table), "checks": int(failed.sum()), "section": ctx.title(where)}
    key = "leader.failed" if where in ctx.sections else "leader.failed-unseen"
    return [Paragraph(ctx.prose(key, **values), "caution")]


def _resolution(ctx: Context) -> list[str]:
    funnel = resolution.province_funnel(ctx)
    pooled, _ = resolution.pooled_and_equal(ctx, funnel)
    lines = [wording.describe(pooled, ctx.lang)[0], " ".join(wording.describe_funnel(funnel, ctx.lang)[:-2])]
    contradicted = (resolution.monthly_check(ctx)["verdict"] == "fail").any()
    return [*lines, *([ctx.prose("summary.months")] if contradicted else [])]


def _feedback(ctx: Context) -> list[str]:
    return [wording.describe(feedback.pooled_feedback(ctx), ctx.lang)[0]]


def _share(ctx: Context, row: Mapping[str, object]) -> dict[str, str]:
    """Return value and counts of one estimate as a reader sees them; a hidden number stays hidden."""
    value, x, n = (float(str(row[c])) for c in ("value", "numerator", "denominator"))
    if pd.isna(value) or pd.isna(n):
        hidden = ctx.label("flag", "suppressed") if "suppressed" in str(row["flags"]) else "…"
        return {"share": hidden, "x": "…", "n": "…"}
    counts = {key: format_number(number, 0, ctx.lang) for key, number in {"x": x, "n": n}.items()}
    return {"share": format_percent(value, 1, ctx.lang), **counts}


def _dossiers(ctx: Context) -> list[str]:
    counts = ctx.tally()
    ladder = metrics.resolution_rate(counts, definition="all").set_index("definition")
    told = {name: _share(ctx, ladder.loc[name].to_dict()) for name in ("resolved", "due")}
    stocks = {"overdue": counts["pending_overdue"].iloc[-1], "paused": counts["pending_paused"].iloc[-1]}
    numbers = {
        k: format_number(float(n), 0, ctx.lang) for k, n in (stocks | {"returned": counts["withdrawn"].sum()}).items()
    }
    values = {f"{side}_{key}": text for side, row in told.items() for key, text in row.items()}
    key = "leader.dossiers-paused" if stocks["paused"] else "leader.dossiers"
    return [ctx.prose(key, who=counts["unit"].iloc[0], **numbers, **values)]


def _units(ctx: Context) -> list[str]:
    return [" ".join(units.summary(ctx))]


def _cases(ctx: Context) -> list[str]:
    if lacking := [ctx.label("column", c) for c in ("due", "resolved") if c not in ctx.cases]:
        return [ctx.prose("leader.cases-lacking", columns=", ".join(lacking))]
    in_time = _share(ctx, registers.cases_in_time(ctx).iloc[0].to_dict())
    shares = metrics.case_shares(ctx.cases, min_count=ctx.spec.privacy_threshold).set_index("indicator")
    satisfied = _share(ctx, shares.loc["cases_satisfied_share"].to_dict())
    return [ctx.prose("leader.cases", **in_time, satisfied=satisfied["share"], raters=satisfied["n"])]


def _survey(ctx: Context) -> list[str]:
    shares = registers.answer_shares(ctx)
    top = shares[(shares["indicator"] == "answers_top_share") & shares["value"].notna()].sort_values("value")
    yes = registers.yes_shares(ctx)
    said = [_yes(ctx, row) for row in yes[yes["indicator"] == "answers_yes_share"].to_dict("records")]
    if top.empty:
        return said
    ends = {"low": top.iloc[0].to_dict(), "high": top.iloc[-1].to_dict()}
    values = {f"{k}_{w}": text for k, row in ends.items() for w, text in _share(ctx, row).items()}
    values |= {f"{k}_item": ctx.asked()[row["item"]] for k, row in ends.items()}
    values |= {f"{k}_interval": interval(row, ctx.lang) for k, row in ends.items()}
    apart = "one" if len(top) == 1 else registers.told_apart(ctx, list(top["item"]))
    answers = format_number(len(ctx.responses[0]), 0, ctx.lang)
    return [ctx.prose(f"leader.survey-{apart}", answers=answers, items=len(top), level=_level(ctx), **values), *said]


def _level(ctx: Context) -> str:
    share = ctx.spec.confidence
    return format_percent(share, 0 if round(share, 2) == share else 1, ctx.lang)


def _yes(ctx: Context, row: dict[Any, Any]) -> str:
    values = {**_share(ctx, row), "item": ctx.asked()[row["item"]], "interval": interval(row, ctx.lang)}
    return ctx.prose("leader.survey-yes", level=_level(ctx), **values)


def _models(ctx: Context) -> list[str]:
    frame = ctx.models
    baseline = int(frame["states_baseline"].fillna(False).sum()) if "states_baseline" in frame else 0
    return [ctx.prose("leader.models", models=len(frame), baseline=baseline)]


def _targets(ctx: Context) -> list[str]:
    frame = ctx.targets
    met = metrics.attainment_shares(frame, lower_is_better=ctx.spec.lower_is_better).iloc[0].to_dict()
    return [ctx.prose("leader.targets", **_share(ctx, met))]


def _rubric(ctx: Context) -> list[str]:
    return [registers.rubric_totals(ctx)]


#: Sections whose numbers come from one list, and that list.
_SCREENED = {
    "dossiers": "dossiers",
    "cases": "cases",
    "survey": "responses",
    "models": "models",
    "targets": "targets",
    "rubric": "rubric",
}
#: Is no fault of a row, and what the sentence on models says anyway.
_SAID = ("can_be_evaluated",)

_PUBLISHED: dict[str, Callable[[Context], list[str]]] = {
    "resolution": _resolution,
    "feedback": _feedback,
    "index766": lambda ctx: [ctx.prose("summary.imputed")],
    "comparison": comparison.summary,
    "unknown": lambda ctx: [ctx.prose("summary.impact")],
}
_OF_UNITS: dict[str, Callable[[Context], list[str]]] = {
    "dossiers": _dossiers,
    "units": _units,
    "cases": _cases,
    "survey": _survey,
    "models": _models,
    "targets": _targets,
    "rubric": _rubric,
    "comparison": comparison.summary,
    "limits": lambda ctx: [ctx.prose("leader.limits")],
}
