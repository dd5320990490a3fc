"""Several units beside each other: each at its own size, against the level of all of them, without ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import Context
from dvresearch.metrics.funnel import FEWEST

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compared", "compose", "summary"]


def compared(
    ctx: Context, table: str, code: str, title: str, shares: pd.DataFrame, call: str, beside: tuple[str, ...] = ()
) -> list[Block]:
    """Return the funnel of one share of every unit: picture, sentences, table.

    `shares` are estimates of one indicator by ``unit``, with the counts named by `beside` behind them; `call` is what
    made them from the file that holds `table`.
    """
    if shares["denominator"].notna().sum() < FEWEST:
        return [Paragraph(ctx.prose("units.too-few"), "note")]
    judged = metrics.funnel(shares)
    return [
        ctx.figure(f"units.{code}-funnel", "funnel", judged, call=f"funnel({call})", of=table, title=title),
        Paragraph(" ".join(wording.describe_funnel(judged, ctx.lang))),
        ctx.sheet(
            f"units.{code}-table",
            ctx.with_position(judged),
            [
                *ctx.estimate_columns([ctx.column("unit")], decimals=1),
                ctx.column("position"),
                *(ctx.column(name, "count") for name in beside),
            ],
            call=f"funnel({call})",
            of=table,
            notes=[wording.method_line(judged, ctx.lang)],
            folded=True,
            title=title,
        ),
    ]


def _rates(ctx: Context, counts: pd.DataFrame) -> pd.DataFrame:
    return metrics.resolution_rate(counts, by=["unit"], definition="resolved", confidence=ctx.spec.confidence)


def summary(ctx: Context) -> list[str]:
    """Return the sentences of the summary: how many units lie within the limits, and which do not."""
    return wording.describe_funnel(metrics.funnel(_rates(ctx, ctx.tally(each=True))), ctx.lang)[:-2]


def compose(ctx: Context) -> Section:
    """Return the section on the dossiers of every unit."""
    counts = ctx.tally(each=True)
    rates = _rates(ctx, counts)
    # what a share of those resolved does not show: a stock at the end of the period, a flow through all of it
    beside = counts.groupby("unit", sort=False).agg(
        pending_overdue=("pending_overdue", "last"),
        pending_paused=("pending_paused", "last"),
        withdrawn=("withdrawn", "sum"),
    )
    call = "resolution_rate(tally(load_dossiers(path), ...), by=['unit'], definition='resolved')"
    blocks = (
        Paragraph(ctx.prose("units.lead", units=len(rates)), "lead"),
        *compared(
            ctx,
            "dossiers",
            "units",
            ctx.prose("units.funnel"),
            rates.merge(beside, on="unit"),
            call,
            tuple(beside.columns),
        ),
        Paragraph(ctx.prose("units.meaning"), "note"),
    )
    return Section("units", ctx.prose("units.title"), blocks)
