"""The office's own published figures: shown, recomputed, with intervals where there are counts."""

from __future__ import annotations

import pandas as pd

from dvresearch import codebook, loaders, metrics
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import Context

__all__ = ["compose"]


def compose(ctx: Context) -> Section:
    """Return the section; it is left out when the specification names no file of figures."""
    path = ctx.spec.inputs["figures"]
    rows = loaders.load_figures(path)
    inputs = (path.name,)
    blocks: list[Block] = [
        Paragraph(ctx.prose("own.lead", figures=len(rows), units=rows["unit"].nunique()), "lead"),
        ctx.published("own.own-figures", rows, inputs=inputs),
        ctx.checks(
            "own.own-shares",
            metrics.check_shares(rows),
            call="check_shares(load_figures(path))",
            sources=rows["source"],
            inputs=inputs,
        ),
        ctx.checks(
            "own.own-parts",
            metrics.check_parts(rows),
            call="check_parts(load_figures(path))",
            sources=rows["source"],
            inputs=inputs,
        ),
    ]
    shares_only = rows["indicator"].map(lambda i: codebook.quantity(i) == "share").astype(bool)
    counted = rows[rows["denominator"].notna() & shares_only]
    if len(counted):
        named = counted.assign(name=[ctx.label("indicator", i) for i in counted["indicator"]])
        by = {"by": ["unit", "period", "name"], "basis": "unknown"}
        shares = pd.concat(
            [
                ctx.share(group, str(code), "numerator", "denominator", **by)
                for code, group in named.groupby("indicator", sort=False)
            ],
            ignore_index=True,
        )
        head = [ctx.column("unit"), ctx.period_column(), ctx.column("name", label=ctx.label("column", "indicator"))]
        blocks.append(
            ctx.sheet(
                "own.own-rates",
                ctx.with_periods(ctx.with_remarks(shares)),
                ctx.estimate_columns(head),
                call="proportion(load_figures(path), numerator='numerator', denominator='denominator', by=[...])",
                sources=counted["source"],
                inputs=inputs,
            )
        )
    return Section("own", ctx.prose("own.title"), tuple(blocks))
