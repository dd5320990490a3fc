"""The year as published: dossiers in time, feedback, and the 766 index."""

from __future__ import annotations

import pandas as pd

from dvresearch import loaders, metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section, Traced
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.lists import once
from dvresearch.tables import Q766_GROUPS, UNIT_KEY
from dvresearch.text import format_date, format_number, format_percent
from dvresearch.wording.periods import period_words

__all__ = ["averages", "feedback", "feedback_in_time", "index766", "monthly_check", "province_funnel", "resolution"]


@once
def province_funnel(ctx: Context) -> Traced:
    """Return the on-time shares of the provinces with their funnel limits."""
    by = [*UNIT_KEY, "period"]
    rates = ctx.index766.then(metrics.resolution_rate, by=by, definition="q766", **ctx.sure)
    return rates.then(metrics.funnel)


@once
def averages(ctx: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the national share in both ways of averaging, each named."""
    rates = province_funnel(ctx).frame
    pooled, equal = (metrics.average(rates, weights=w) for w in ("counts", "equal"))
    pooled.insert(0, "unit", ctx.prose("resolution.pooled", units=len(rates)))
    return pooled, equal


@once
def _months(ctx: Context) -> Traced:
    """Return the published share of each month."""
    found = ctx.national("dossiers_in_time_share")
    return found.of(found.frame[found.frame["period"].str.fullmatch(r"\d{4}-\d{2}")])


@once
def monthly_check(ctx: Context) -> Traced:
    """Return the finding on the cumulative share against its months."""
    months, index = _months(ctx), ctx.index766
    level = float(averages(ctx)[0]["value"].iloc[0])
    where = ctx.prose("resolution.months-where", year=ctx.spec.as_of[:4])
    found = metrics.cumulative_against_parts(months.frame["value"], level, where=where)
    call = f"cumulative_against_parts({months.call}['value'], cumulative, where=...)"
    return Traced(found, call, months.sources, tuple(dict.fromkeys([*months.inputs, *index.inputs])))


def resolution(ctx: Context) -> Section:
    """Return the section on dossiers."""
    judged, (pooled, equal), check = province_funnel(ctx), averages(ctx), monthly_check(ctx)
    share = format_percent(float(equal["value"].iloc[0]), 2, ctx.lang)
    level = float(pooled["value"].iloc[0])
    month = _months(ctx).frame.iloc[-1]
    last = {"last": period_words(month["period"], ctx.lang), "day": format_date(month["period_end"].date(), ctx.lang)}
    contradicted = (check.frame["verdict"] == "fail").any()
    blocks: tuple[Block, ...] = (
        Paragraph(wording.describe(pooled, ctx.lang)[0], "lead"),
        Paragraph(ctx.prose("resolution.two-averages", units=len(judged.frame), share=share)),
        ctx.figure("resolution.dossiers-in-time-funnel", "funnel", judged),
        Paragraph(" ".join(wording.describe_funnel(judged.frame, ctx.lang))),
        Paragraph(ctx.prose("resolution.how-to-read"), "note"),
        *([Paragraph(ctx.prose("resolution.months-text"))] if contradicted else []),
        ctx.checks("resolution.months-check", check),
        ctx.figure(
            "resolution.dossiers-in-time",
            "intervals",
            judged,
            reference=level,
            reference_name=ctx.prose("resolution.level"),
        ),
        ctx.figure(
            "resolution.months",
            "trend",
            _months(ctx).of(_months(ctx).frame.assign(definition="not_stated")),
            notes=[ctx.prose("resolution.months-note", **last)],
            reference=level,
            reference_name=ctx.prose("resolution.cumulative"),
        ),
        ctx.funnel_table("resolution.provinces", judged, decimals=2),
    )
    return Section("resolution", ctx.title("resolution"), blocks)


def feedback_in_time(ctx: Context, *by: str) -> Traced:
    """Return the share of feedback handled in time; of all provinces together without `by`."""
    rate = ctx.index766.then(
        metrics.proportion,
        numerator="feedback_in_time",
        denominator="feedback_total",
        by=by,
        indicator="feedback_in_time_share",
        definition="q766_item_5_2",
        basis="census",
        **ctx.sure,
    )
    if not by:
        rate.frame.insert(0, "unit", ctx.prose("resolution.pooled", units=len(ctx.index766.frame)))
    return rate


def feedback(ctx: Context) -> Section:
    """Return the section on feedback through the portal."""
    counts, pooled, each = ctx.index766.frame, feedback_in_time(ctx), feedback_in_time(ctx, "unit")
    per = metrics.rate(
        counts, numerator="feedback_total", population="received", indicator="feedback_rate", basis="census"
    )
    fewest, most = (format_number(float(f(counts["feedback_total"])), 0, ctx.lang) for f in (min, max))
    many, few = (wording.describe(t, ctx.lang)[0] for t in (pooled.frame, per))
    blocks: tuple[Block, ...] = (
        Paragraph(many, "lead"),
        Paragraph(few),
        Paragraph(ctx.prose("feedback.range", fewest=fewest, most=most)),
        Paragraph(ctx.prose("feedback.definition"), "note"),
        ctx.figure(
            "feedback.feedback",
            "intervals",
            each,
            reference=float(pooled.frame["value"].iloc[0]),
            reference_name=ctx.prose("resolution.level"),
        ),
        ctx.estimates("feedback.feedback-table", each),
    )
    return Section("feedback", ctx.title("feedback"), blocks)


def index766(ctx: Context) -> Section:
    """Return the section on the 766 index: recomputed, compared, and what its satisfaction group really measures."""
    counts, frame = ctx.index766, ctx.index766.frame
    compared = counts.then(metrics.compare766)
    agree = {
        c: int((compared.frame.loc[compared.frame["check"] == c, "verdict"] == "pass").sum())
        for c in ("q766_tdgq", "q766_mdhl", "q766_groups")
    }
    nation = ctx.figures[(ctx.figures["unit_level"] == "nation") & ctx.figures["indicator"].str.startswith("q766_")]
    cumulative = nation[nation["period"].str.contains("..", regex=False)]
    published = ctx.published(cumulative, "load_figures(level='nation')")
    national = counts.then(metrics.national766)
    shown = national.frame.dropna(subset="value").assign(
        what=lambda t: [ctx.label("indicator", i) for i in t["indicator"]],
        definition=lambda t: [ctx.label("definition", d) for d in t["definition"]],
    )
    communes = ctx.published(loaders.load_index766(level="commune"), "load_index766(level='commune')")
    r = format_number(float(frame["q766_mdhl"].corr(frame["q766_tdgq"])), 2, ctx.lang)
    agreed = {"timeliness": agree["q766_tdgq"], "satisfaction": agree["q766_mdhl"], "groups": agree["q766_groups"]}
    off = compared.of(compared.frame[compared.frame["verdict"] != "pass"])
    scores = [ctx.column(c, "number", 2, ctx.label("indicator", c)) for c in ("q766_total", *Q766_GROUPS)]
    blocks: tuple[Block, ...] = (
        Paragraph(ctx.prose("index766.not-a-survey", units=len(frame), r=r), "lead"),
        Paragraph(ctx.prose("index766.agreement", units=len(frame), **agreed)),
        ctx.sheet(
            "index766.index766-national",
            national.of(shown),
            (
                ctx.indicator_column(),
                ctx.column("definition"),
                ctx.column("value", "number", 2),
                ctx.column("denominator", "count", label=ctx.prose("index766.maximum")),
            ),
            notes=[ctx.prose("index766.index766-national-note")],
        ),
        ctx.checks("index766.index766-compared", counts.then(metrics.compare_national766, published)),
        ctx.checks("index766.index766-imputed", _named(ctx, counts.then(metrics.imputed_check)), words="pass"),
        ctx.checks(
            "index766.index766-communes",
            _named(ctx, communes.then(metrics.variance_check)),
            words="pass",
            units=len(communes.frame),
        ),
        ctx.sheet(
            "index766.index766-provinces",
            counts.of(frame.sort_values("q766_total", ascending=False)),
            (ctx.column("unit"), *scores),
            notes=[ctx.prose("index766.index766-provinces-note")],
        ),
        *([ctx.checks("index766.index766-off", off)] if len(off.frame) else []),
    )
    return Section("index766", ctx.title("index766"), blocks)


def _named(ctx: Context, found: Traced) -> Traced:
    """Return findings whose places say what was computed there."""
    pairs = zip(found.frame["check"], found.frame["where"], strict=True)
    named = found.frame.assign(where=[f"{ctx.prose(f'index766.{check}')}, {where}" for check, where in pairs])
    return found.of(named)
