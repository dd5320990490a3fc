"""What could not be established, and the full list of figures of the source articles."""

from __future__ import annotations

from dvresearch.evaluation.content import Paragraph, Section
from dvresearch.evaluation.context import ARTICLES, Context

__all__ = ["annex", "limits", "unknown"]

_UNKNOWN = ("provinces", "satisfaction", "models", "mergers")


def unknown(ctx: Context) -> Section:
    """Return what the data do not allow to say."""
    blocks = tuple(Paragraph(ctx.prose(f"unknown.{key}")) for key in _UNKNOWN)
    return Section("unknown", ctx.prose("unknown.title"), blocks)


def limits(ctx: Context) -> Section:
    """Return what the files of one unit do not allow to say."""
    blocks = tuple(
        Paragraph(ctx.prose(f"limits.{key}"))
        for key in ("timeliness", "supplement", *(() if ctx.many else ("others",)))
    )
    return Section("limits", ctx.prose("limits.title"), blocks)


def annex(ctx: Context) -> Section:
    """Return every figure of the five source articles."""
    sources = ("yenphong-2024", "songlo-2021", "laichau-2018", "queson-2022", "baclieu-2020")
    rows = ctx.figures[ctx.figures["source"].isin(sources)]
    table = ctx.published(
        "annex.articles", rows, inputs=ARTICLES, folded=True, title=ctx.prose("annex.articles", figures=len(rows))
    )
    return Section("annex", ctx.prose("annex.title"), (table,))
