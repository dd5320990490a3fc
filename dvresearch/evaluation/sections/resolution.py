"""Dossiers: on-time resolution of the provinces, the months against the year, and what localities published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import LOCAL, MONTHS, PROVINCES, Context
from dvresearch.tables import UNIT_KEY
from dvresearch.text import format_number, format_percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compose", "monthly_check", "pooled_and_equal", "province_funnel"]


def province_funnel(ctx: Context) -> pd.DataFrame:
    """Return the on-time shares of the provinces with their funnel limits."""
    by = [*UNIT_KEY, "period"]
    return metrics.funnel(
        metrics.resolution_rate(ctx.index766, by=by, definition="q766", confidence=ctx.spec.confidence)
    )


def pooled_and_equal(ctx: Context, rates: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the national share in both ways of averaging, each named."""
    name = ctx.prose("resolution.pooled", units=len(rates))
    pooled, equal = (metrics.average(rates, weights=w) for w in ("counts", "equal"))
    pooled.insert(0, "unit", name)
    return pooled, equal


def monthly_check(ctx: Context) -> pd.DataFrame:
    """Return the finding on the cumulative share against its months."""
    rows = ctx.national("dossiers_in_time_share")
    months = rows[rows["period"].str.fullmatch(r"\d{4}-\d{2}")]
    pooled, _ = pooled_and_equal(ctx, province_funnel(ctx))
    where = ctx.prose("resolution.months-where")
    return metrics.cumulative_against_parts(months["value"], float(pooled["value"].iloc[0]), where=where)


def compose(ctx: Context) -> Section:
    """Return the section."""
    blocks = [*_provinces(ctx), *_months(ctx), *_local(ctx)]
    title = ctx.prose("resolution.title")
    return Section("resolution", title, tuple(blocks))


def _provinces(ctx: Context) -> list[Block]:
    table = province_funnel(ctx)
    pooled, equal = pooled_and_equal(ctx, table)
    sources = ctx.index766["source"]
    share = format_percent(float(equal["value"].iloc[0]), 2, ctx.lang)
    curve = metrics.funnel_curve(table)
    by = [ctx.column("unit")]
    shown = ctx.with_remarks(table.sort_values("value", ascending=False)).assign(
        position=[ctx.label("value", p) for p in table.sort_values("value", ascending=False)["position"]]
    )
    columns = [*ctx.estimate_columns(by), ctx.column("position")]
    call = "funnel(resolution_rate(load_index766(), by=[...], definition='q766'))"
    return [
        Paragraph(wording.describe(pooled, ctx.lang)[0], "lead"),
        Paragraph(ctx.prose("resolution.two-averages", units=len(table), share=share)),
        ctx.figure(
            "dossiers-in-time",
            ctx.prose("resolution.dossiers-in-time"),
            lambda plots: plots.intervals(table, lang=ctx.lang, reference=float(pooled["value"].iloc[0])),
            alt=wording.alt_text("intervals", table, ctx.lang),
            sources=sources,
            call=f"plots.intervals({call})",
            inputs=PROVINCES,
        ),
        ctx.figure(
            "dossiers-in-time-funnel",
            ctx.prose("resolution.dossiers-in-time-funnel"),
            lambda plots: plots.funnel(table, curve, lang=ctx.lang),
            alt=wording.alt_text("funnel", table, ctx.lang),
            sources=sources,
            call=f"plots.funnel({call}, funnel_curve(...))",
            inputs=PROVINCES,
        ),
        Paragraph(" ".join(wording.describe_funnel(table, ctx.lang))),
        Paragraph(
            ctx.prose("resolution.how-to-read"),
            "note",
        ),
        ctx.sheet(
            "provinces",
            ctx.prose("resolution.provinces"),
            shown,
            columns,
            sources=sources,
            call=call,
            inputs=PROVINCES,
            folded=True,
            notes=[wording.method_line(table, ctx.lang)],
        ),
    ]


def _months(ctx: Context) -> list[Block]:
    rows = ctx.national("dossiers_in_time_share")
    months = rows[rows["period"].str.fullmatch(r"\d{4}-\d{2}")]
    found = monthly_check(ctx)
    pooled, _ = pooled_and_equal(ctx, province_funnel(ctx))
    contradicted = (found["verdict"] == "fail").any()
    return [
        *([Paragraph(ctx.prose("resolution.months-text"))] if contradicted else []),
        ctx.figure(
            "months",
            ctx.prose("resolution.months"),
            lambda plots: plots.trend(months, lang=ctx.lang, reference=float(pooled["value"].iloc[0])),
            alt=wording.alt_text("trend", months, ctx.lang),
            sources=rows["source"],
            call="plots.trend(load_figures(indicator='dossiers_in_time_share', level='nation'))",
            inputs=MONTHS,
        ),
        ctx.checks(
            "months-check",
            ctx.prose("resolution.months-check"),
            found,
            sources=rows["source"],
            call="cumulative_against_parts(months, cumulative)",
            inputs=(*MONTHS, *PROVINCES),
        ),
    ]


_QUE_SON = {"within": "resolved_within", "late": "resolved_late", "overdue": "pending_overdue", "total": "total"}


def _local(ctx: Context) -> list[Block]:
    tallies = ctx.tallies
    district = tallies[tallies["unit"] == "huyện Quế Sơn"]
    ladder = metrics.resolution_rate(district, by="unit", definition="all", total_is="workload")
    by = ["unit", "group", "period"]
    every = metrics.resolution_rate(tallies, by=by, definition="all").dropna(subset="value")
    every = ctx.with_remarks(every).assign(definition=[ctx.label("definition", d) for d in every["definition"]])
    head = [ctx.column("unit"), ctx.column("group"), ctx.period_column(), ctx.column("definition")]
    every = ctx.with_periods(every)
    identities = metrics.check_tally(tallies)
    shares = metrics.check_shares(ctx.figures[ctx.figures["source"].isin(tallies["source"])])
    return [
        Paragraph(
            ctx.prose(
                "resolution.local-text",
                **{k: format_number(float(district[c].iloc[0]), 0, ctx.lang) for k, c in _QUE_SON.items()},
            )
        ),
        ctx.figure(
            "ladder",
            ctx.prose("resolution.ladder"),
            lambda plots: plots.ladder(ladder, lang=ctx.lang),
            alt=wording.alt_text("ladder", ladder, ctx.lang),
            sources=district["source"],
            call="plots.ladder(resolution_rate(tally, definition='all', total_is='workload'))",
            inputs=LOCAL,
            notes=[ctx.prose("resolution.ladder-note", total=format_number(district["total"].iloc[0], 0, ctx.lang))],
        ),
        ctx.figure(
            "flows",
            ctx.prose("resolution.flows"),
            lambda plots: plots.flows(district, lang=ctx.lang),
            alt=wording.alt_text("flows", district, ctx.lang),
            sources=district["source"],
            call="plots.flows(load_tallies())",
            inputs=LOCAL,
        ),
        ctx.sheet(
            "local-rates",
            ctx.prose("resolution.local-rates"),
            every,
            ctx.estimate_columns(head),
            sources=every_sources(ctx),
            inputs=LOCAL,
            folded=True,
            call="resolution_rate(load_tallies(), by=['unit', 'group', 'period'], definition='all')",
            notes=[ctx.prose("resolution.local-rates-note")],
        ),
        ctx.checks(
            "local-identities",
            ctx.prose("resolution.local-identities"),
            identities[identities["verdict"] != "unknown"],
            sources=every_sources(ctx),
            inputs=LOCAL,
            call="check_tally(load_tallies())",
        ),
        ctx.checks(
            "local-shares",
            ctx.prose("resolution.local-shares"),
            shares,
            sources=every_sources(ctx),
            inputs=LOCAL,
            call="check_shares(load_figures())",
        ),
    ]


def every_sources(ctx: Context) -> list[str]:
    """Return the sources of the published tallies."""
    return list(dict.fromkeys(ctx.tallies["source"]))
