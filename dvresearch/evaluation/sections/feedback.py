"""Feedback through portals, citizen reception and petitions."""

from __future__ import annotations

import pandas as pd

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Paragraph, Section
from dvresearch.evaluation.context import ARTICLES, PETITIONS, PROVINCES, Context
from dvresearch.text import format_number

__all__ = ["compose", "pooled_feedback"]


def _in_time(ctx: Context, *by: str) -> pd.DataFrame:
    counted = ("feedback_in_time", "feedback_total")
    return ctx.share(ctx.index766, "feedback_in_time_share", *counted, by=by, definition="q766_item_5_2")


def pooled_feedback(ctx: Context) -> pd.DataFrame:
    """Return the national share of feedback handled in time."""
    rate = _in_time(ctx)
    rate.insert(0, "unit", ctx.prose("resolution.pooled", units=len(ctx.index766)))
    return rate


def compose(ctx: Context) -> Section:
    """Return the section."""
    counts = ctx.index766
    pooled, by_province = pooled_feedback(ctx), _in_time(ctx, "unit")
    per = metrics.rate(
        counts, numerator="feedback_total", population="received", indicator="feedback_rate", basis="census"
    )
    yen_phong = ctx.article("yenphong-2024")
    rows = yen_phong.drop_duplicates("indicator").set_index("indicator")
    numbers = rows["value"]
    place = ["unit", "period"]
    handled = [
        ctx.share(rows.loc[[x], ["unit", "period"]].assign(x=numbers[x], n=numbers[n]), share, "x", "n", by=place)
        for share, x, n in (
            ("feedback_handled_share", "feedback_handled", "feedback_received"),
            ("petitions_resolved_share", "petitions_resolved", "petitions_in_authority"),
        )
    ]
    petitions = ctx.figures[ctx.figures["source"].isin(_petition_sources(ctx))]
    fewest, most = (format_number(float(f(counts["feedback_total"])), 0, ctx.lang) for f in (min, max))
    level, level_name = float(pooled["value"].iloc[0]), ctx.prose("resolution.level")
    many, few = (wording.describe(t, ctx.lang)[0] for t in (pooled, per))
    blocks = (
        Paragraph(many, "lead"),
        Paragraph(ctx.prose("feedback.definition"), "note"),
        Paragraph(few),
        Paragraph(
            ctx.prose("feedback.range", fewest=fewest, most=most),
            "note",
        ),
        ctx.figure(
            "feedback.feedback",
            "intervals",
            by_province,
            call="proportion(load_index766(), numerator='feedback_in_time', ...)",
            sources=counts["source"],
            inputs=PROVINCES,
            reference=level,
            reference_name=level_name,
        ),
        Paragraph(" ".join(wording.describe(handled[0], ctx.lang) + wording.describe(handled[1], ctx.lang))),
        ctx.checks(
            "feedback.petition-shares",
            _with_counts(ctx),
            call="check_shares(load_figures())",
            sources=[*petitions["source"], "yenphong-2024"],
            inputs=(*PETITIONS, *ARTICLES),
        ),
        ctx.published(
            "feedback.petitions", petitions, inputs=PETITIONS, notes=[ctx.prose("feedback.petitions-note")], folded=True
        ),
    )
    title = ctx.prose("feedback.title")
    return Section("feedback", title, blocks)


def _with_counts(ctx: Context) -> pd.DataFrame:
    """Return the checks of printed shares, each with the counts it was recomputed from."""
    figures = ctx.figures[ctx.figures["source"].isin([*_petition_sources(ctx), "yenphong-2024"])]
    others, found = figures[figures["value"] > 1], []
    for _, row in figures[figures["denominator"] > 0].iterrows():
        counts = "/".join(format_number(row[c], 0, ctx.lang) for c in ("numerator", "denominator"))
        checked = metrics.check_shares(pd.concat([figures.loc[[row.name]], others]))
        found.append(checked.assign(where=[f"{where} ({counts})" for where in checked["where"]]))
    return pd.concat(found, ignore_index=True)


def _petition_sources(ctx: Context) -> list[str]:
    families = ("visits", "visitors", "matters", "petitions_", "complaint", "denunciation", "head_", "delegation")
    rows = ctx.figures[ctx.figures["indicator"].str.startswith(families)]
    return [s for s in dict.fromkeys(rows["source"]) if s not in ("yenphong-2024", "queson-2022")]
