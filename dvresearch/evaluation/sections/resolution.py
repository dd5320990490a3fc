"""Dossiers: on-time resolution of the provinces, the months against the year, and what localities published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import ARTICLES, LOCAL, MONTHS, PROVINCES, Context
from dvresearch.metrics.identities import term
from dvresearch.tables import UNIT_KEY
from dvresearch.text import format_date, format_number, format_percent
from dvresearch.wording.periods import period_words

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
    level, level_name = float(pooled["value"].iloc[0]), ctx.prose("resolution.level")
    by = [ctx.column("unit")]
    columns = [*ctx.estimate_columns(by), ctx.column("position")]
    call = "funnel(resolution_rate(load_index766(), by=[...], definition='q766'))"
    return [
        Paragraph(wording.describe(pooled, ctx.lang)[0], "lead"),
        Paragraph(ctx.prose("resolution.two-averages", units=len(table), share=share)),
        ctx.figure(
            "resolution.dossiers-in-time",
            "intervals",
            table,
            call=call,
            sources=sources,
            inputs=PROVINCES,
            reference=level,
            reference_name=level_name,
        ),
        ctx.figure(
            "resolution.dossiers-in-time-funnel",
            "funnel",
            table,
            call=call,
            sources=sources,
            inputs=PROVINCES,
        ),
        Paragraph(" ".join(wording.describe_funnel(table, ctx.lang))),
        Paragraph(
            ctx.prose("resolution.how-to-read"),
            "note",
        ),
        ctx.sheet(
            "resolution.provinces",
            ctx.with_position(table),
            columns,
            call=call,
            sources=sources,
            inputs=PROVINCES,
            notes=[wording.method_line(table, ctx.lang)],
            folded=True,
        ),
    ]


def _months(ctx: Context) -> list[Block]:
    rows = ctx.national("dossiers_in_time_share")
    months = rows[rows["period"].str.fullmatch(r"\d{4}-\d{2}")]
    found = monthly_check(ctx)
    pooled, _ = pooled_and_equal(ctx, province_funnel(ctx))
    level, level_name = float(pooled["value"].iloc[0]), ctx.prose("resolution.cumulative")
    last = months.iloc[-1]
    day = format_date(last["period_end"].date(), ctx.lang)
    contradicted = (found["verdict"] == "fail").any()
    return [
        *([Paragraph(ctx.prose("resolution.months-text"))] if contradicted else []),
        ctx.figure(
            "resolution.months",
            "trend",
            months.assign(definition="not_stated"),
            call="load_figures(indicator='dossiers_in_time_share', level='nation')",
            sources=rows["source"],
            inputs=MONTHS,
            notes=[ctx.prose("resolution.months-note", last=period_words(last["period"], ctx.lang), day=day)],
            reference=level,
            reference_name=level_name,
        ),
        ctx.checks(
            "resolution.months-check",
            found,
            call="cumulative_against_parts(months, cumulative)",
            sources=rows["source"],
            inputs=(*MONTHS, *PROVINCES),
        ),
    ]


_QUE_SON = {"within": "resolved_within", "late": "resolved_late", "overdue": "pending_overdue", "total": "total"}


def _local(ctx: Context) -> list[Block]:
    tallies = ctx.tallies
    district = tallies[tallies["unit"] == "huyện Quế Sơn"]
    ladder = metrics.resolution_rate(district, by="unit", definition="all", total_is="workload")
    numbers = {k: format_number(float(district[c].iloc[0]), 0, ctx.lang) for k, c in _QUE_SON.items()}
    derived = ladder.set_index("definition").loc["workload", "numerator"]
    by = ["unit", "group", "period"]
    identities = metrics.check_tally(tallies)
    every = metrics.resolution_rate(tallies, by=by, definition="all").dropna(subset="value")
    every = ctx.with_remarks(every).assign(definition=[ctx.label("definition", d) for d in every["definition"]])
    head = [ctx.column("unit"), ctx.column("group"), ctx.period_column(), ctx.column("definition")]
    every = ctx.with_periods(_with_doubts(ctx, every, identities))
    every["group"] = [term(g, ctx.lang) for g in every["group"]]
    bare = _without_counts(ctx)
    of_dossiers = ctx.figures["indicator"].str.startswith("dossiers_")  # other shares are checked in their own section
    shares = metrics.check_shares(ctx.figures[ctx.figures["source"].isin(tallies["source"]) & of_dossiers])
    return [
        Paragraph(ctx.prose("resolution.local-text", **numbers)),
        ctx.figure(
            "resolution.ladder",
            "ladder",
            ladder,
            call="resolution_rate(tally, definition='all', total_is='workload')",
            sources=district["source"],
            inputs=LOCAL,
            notes=[ctx.prose("resolution.ladder-note", derived=format_number(derived, 0, ctx.lang), **numbers)],
        ),
        ctx.figure(
            "resolution.flows", "flows", district, call="load_tallies()", sources=district["source"], inputs=LOCAL
        ),
        ctx.sheet(
            "resolution.local-rates",
            every,
            ctx.estimate_columns(head),
            call="resolution_rate(load_tallies(), by=['unit', 'group', 'period'], definition='all')",
            sources=every_sources(ctx),
            inputs=LOCAL,
            notes=[ctx.prose("resolution.local-rates-note"), *_not_stated(ctx, every)],
            folded=True,
        ),
        ctx.sheet(
            "resolution.local-uncounted",
            bare,
            [
                ctx.column("name", label=ctx.label("column", "indicator")),
                *head,
                *([ctx.column("hedge")] if bare["hedge"].any() else []),
                ctx.column("value", "measure"),
                ctx.column("remarks", label=ctx.prose("words.remarks")),
            ],
            call="load_figures()  # shares of dossiers without numerator and denominator",
            sources=bare["source"],
            inputs=(*LOCAL, *ARTICLES),
            notes=[ctx.prose("resolution.local-uncounted-note"), *_not_stated(ctx, bare)],
        ),
        ctx.checks(
            "resolution.local-identities",
            identities[identities["verdict"] != "unknown"],
            call="check_tally(load_tallies())",
            sources=every_sources(ctx),
            inputs=LOCAL,
        ),
        ctx.checks(
            "resolution.local-shares",
            shares,
            call="check_shares(load_figures())",
            sources=every_sources(ctx),
            inputs=LOCAL,
        ),
    ]


def _not_stated(ctx: Context, table: pd.DataFrame) -> list[str]:
    """Return the note on periods that sources do not give, where there are any."""
    return [ctx.prose("resolution.no-period")] if (table["period"] == "").any() else []


def _with_doubts(ctx: Context, rates: pd.DataFrame, identities: pd.DataFrame) -> pd.DataFrame:
    """Say beside every rate whether the counts it rests on add up."""
    doubts = {verdict: set(identities.loc[identities["verdict"] == verdict, "where"]) for verdict in ("fail", "review")}
    title = ctx.prose("resolution.local-identities")
    words = {verdict: ctx.prose(f"resolution.counts-{verdict}", check=title) for verdict in doubts}
    names = [", ".join(w for w in row if w) for row in rates[["unit", "period", "group"]].itertuples(index=False)]
    told = [[words[v] for v, places in doubts.items() if name in places] for name in names]
    pairs = zip(rates["remarks"], told, strict=True)
    return rates.assign(remarks=["; ".join([*([had] if had else []), *more]) for had, more in pairs])


def _without_counts(ctx: Context) -> pd.DataFrame:
    """Return the shares of dossiers that localities publish without numerator and denominator."""
    figures = ctx.figures[ctx.figures["indicator"].isin(["dossiers_in_time_share", "dossiers_overdue_share"])]
    rows = figures[figures["denominator"].isna() & (figures["unit_level"] != "nation")]
    return ctx.with_periods(rows).assign(
        group=[term(g, ctx.lang) for g in rows["part"]],
        name=[ctx.label("indicator", i) for i in rows["indicator"]],
        definition=[ctx.label("definition", d) for d in rows["definition"]],
        measure="share",
        remarks=ctx.prose("resolution.no-counts"),
    )


def every_sources(ctx: Context) -> list[str]:
    """Return the sources of the published tallies."""
    return list(dict.fromkeys(ctx.tallies["source"]))
