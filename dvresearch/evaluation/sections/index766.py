"""The 766 index: recomputed, compared, and what its satisfaction group really measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvresearch import loaders, metrics
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import COMMUNES, MONTHS, PROVINCES, Context
from dvresearch.tables import Q766_GROUPS
from dvresearch.text import format_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compose"]


def compose(ctx: Context) -> Section:
    """Return the section."""
    counts = ctx.index766
    compared = metrics.compare766(counts)
    agree = {
        c: int((compared.loc[compared["check"] == c, "verdict"] == "pass").sum())
        for c in ("q766_tdgq", "q766_mdhl", "q766_groups")
    }
    nation = ctx.figures[(ctx.figures["unit_level"] == "nation") & ctx.figures["indicator"].str.startswith("q766_")]
    national = metrics.national766(counts)
    shown = national.dropna(subset="value").assign(
        name=lambda t: [ctx.label("indicator", i) for i in t["indicator"]],
        definition=lambda t: [ctx.label("definition", d) for d in t["definition"]],
    )
    communes = loaders.load_index766(level="commune")
    r = float(counts["q766_mdhl"].corr(counts["q766_tdgq"]))
    imputed = _named(ctx, metrics.imputed_check(counts))
    blocks: tuple[Block, ...] = (
        Paragraph(
            ctx.prose(
                "index766.agreement",
                timeliness=agree["q766_tdgq"],
                units=len(counts),
                satisfaction=agree["q766_mdhl"],
                groups=agree["q766_groups"],
            ),
            "lead",
        ),
        ctx.sheet(
            "index766.index766-national",
            shown,
            (
                ctx.column("name", label=ctx.label("column", "indicator")),
                ctx.column("definition"),
                ctx.column("value", "number", 2),
                ctx.column("denominator", "count", label=ctx.prose("index766.maximum")),
            ),
            call="national766(load_index766())",
            sources=counts["source"],
            inputs=PROVINCES,
            notes=[ctx.prose("index766.index766-national-note")],
        ),
        ctx.checks(
            "index766.index766-compared",
            metrics.compare_national766(counts, nation[nation["period"].str.contains("..", regex=False)]),
            call="compare_national766(load_index766(), load_figures(level='nation'))",
            sources=nation["source"],
            inputs=(*MONTHS, *PROVINCES),
        ),
        Paragraph(
            ctx.prose("index766.not-a-survey", units=len(counts), r=format_number(r, 2, ctx.lang)),
            "caution",
        ),
        ctx.checks(
            "index766.index766-imputed",
            imputed,
            call="imputed_check(load_index766())",
            sources=counts["source"],
            inputs=PROVINCES,
            words="pass",
        ),
        ctx.checks(
            "index766.index766-communes",
            _named(ctx, metrics.variance_check(communes)),
            call="variance_check(load_index766(level='commune'))",
            sources=communes["source"],
            inputs=COMMUNES,
            words="pass",
        ),
        ctx.sheet(
            "index766.index766-provinces",
            counts.sort_values("q766_total", ascending=False),
            (
                ctx.column("unit"),
                *(ctx.column(c, "number", 2, ctx.label("indicator", c)) for c in ("q766_total", *Q766_GROUPS)),
            ),
            call="load_index766()",
            sources=counts["source"],
            inputs=PROVINCES,
            notes=[ctx.prose("index766.index766-provinces-note")],
            folded=True,
        ),
    )
    off = compared[compared["verdict"] != "pass"]
    if len(off):
        key, call = "index766.index766-off", "compare766(load_index766())"
        blocks = (*blocks, ctx.checks(key, off, call=call, sources=counts["source"], inputs=PROVINCES))
    return Section("index766", ctx.prose("index766.title"), blocks)


def _named(ctx: Context, found: pd.DataFrame) -> pd.DataFrame:
    """Return findings whose places say what was computed there."""
    pairs = zip(found["check"], found["where"], strict=True)
    return found.assign(where=[f"{ctx.prose(f'index766.{check}')}, {where}" for check, where in pairs])
