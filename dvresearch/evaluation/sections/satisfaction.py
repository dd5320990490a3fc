"""Satisfaction: the survey series with its break, and what volunteers and derived numbers cannot tell."""

from __future__ import annotations

import pandas as pd

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Paragraph, Section
from dvresearch.evaluation.context import PAR, SIPAS, Context
from dvresearch.text import format_number
from dvresearch.wording import values

__all__ = ["compose"]


def compose(ctx: Context) -> Section:
    """Return the section."""
    series = ctx.national("sipas")
    marked = metrics.breaks(series)
    sipas = ctx.figures[ctx.figures["indicator"].str.startswith("sipas")]
    par = ctx.figures[ctx.figures["indicator"].str.startswith("par_index")]
    raters = metrics.published_satisfaction(
        ctx.figures[ctx.figures["indicator"].isin(["raters_satisfied_share"])], confidence=ctx.spec.confidence
    )
    blocks = (
        Paragraph(
            ctx.prose("satisfaction.series", **_ends(ctx, marked)),
            "lead",
        ),
        Paragraph(_gaps(ctx, series)),
        ctx.figure(
            "satisfaction.sipas",
            "trend",
            marked,
            call="breaks(load_figures(indicator='sipas', level='nation'))",
            sources=series["source"],
            inputs=SIPAS,
            notes=[ctx.prose("satisfaction.sipas-note")],
        ),
        Paragraph(" ".join(wording.describe(raters, ctx.lang)), "caution"),
        Paragraph(
            ctx.prose("satisfaction.needed"),
            "note",
        ),
        ctx.published("satisfaction.sipas-published", sipas, inputs=SIPAS, folded=True),
        ctx.published(
            "satisfaction.par-published",
            par,
            inputs=PAR,
            notes=[ctx.prose("satisfaction.par-published-note")],
            folded=True,
        ),
    )
    return Section("satisfaction", ctx.prose("satisfaction.title"), blocks)


def _gaps(ctx: Context, series: pd.DataFrame) -> str:
    """Say for which years there is no figure, and on how many ballots the others rest."""
    years = sorted(map(int, series["period"]))
    missing = [str(y) for y in range(years[0], years[-1]) if y not in years]
    ballots = ctx.national("sipas_respondents").sort_values("period")
    counted = [
        f"{values.hedged(format_number(row['value'], 0, ctx.lang), row['hedge'], ctx.lang)} ({row['period']})"
        for row in ballots.to_dict("records")
    ]
    told = [ctx.prose("satisfaction.missing", years=", ".join(missing))] if missing else []
    return " ".join([*told, ctx.prose("satisfaction.ballots", counted=", ".join(counted))])


def _ends(ctx: Context, marked: pd.DataFrame) -> dict[str, str]:
    """Return first and last value on either side of the break, as text."""
    out = {}
    segments = list(dict.fromkeys(marked["segment"]))
    for side, segment in (("before", segments[0]), ("after", segments[-1])):
        rows = marked[marked["segment"] == segment]
        for end, row in (("first", rows.iloc[0]), ("last", rows.iloc[-1])):
            number = values.value(row["value"], "share", None, ctx.lang)
            out[f"{side}_{end}"] = values.hedged(number, row["hedge"], ctx.lang)
            out[f"{side}_{end}_year"] = str(row["period"])
    return out
