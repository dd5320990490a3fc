"""The period against the same period of an earlier year: differences with intervals, none across a break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dvresearch import codebook, loaders, metrics, wording
from dvresearch.errors import DataError
from dvresearch.evaluation.content import Block, Paragraph, Section, Sheet
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.sections import registers
from dvresearch.tables import UNIT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["compose", "differences", "summary"]


#: Published figures that mean the same whatever the size of the country: no counts, no ranks.
_COMPARED = ("share", "score", "mean", "rate")


def compose(ctx: Context) -> Section:
    """Return the section; what cannot be compared is said, with the reason."""
    now, then = years(ctx)
    changes, refused = differences(ctx)
    blocks: list[Block] = [Paragraph(ctx.prose("comparison.lead", now=now, then=then), "lead")]
    if len(changes):
        whole = is_whole(ctx, changes)
        if whole.any():
            blocks += [Paragraph(" ".join(wording.describe(_front(changes[whole]), ctx.lang)))]
            blocks += [_table(ctx, "comparison", changes[whole], folded=False)]
        if not whole.all():
            blocks.append(_table(ctx, "comparison-units", changes[~whole], folded=True))
    elif not refused:
        blocks.append(Paragraph(ctx.prose("comparison.none", now=now, then=then)))
    blocks += [Paragraph(text, "caution") for text in refused]
    return Section("comparison", ctx.prose("comparison.title", then=then), tuple(blocks))


def years(ctx: Context) -> tuple[str, str]:
    """Return the year evaluated and the year compared with."""
    return ctx.spec.as_of[:4], str(ctx.spec.compare_with)


def summary(ctx: Context) -> list[str]:
    """Return the sentence of the summary: the first difference of all units together."""
    changes, refused = differences(ctx)
    first = changes[is_whole(ctx, changes)].head(1) if len(changes) else changes
    return wording.describe(_front(first), ctx.lang) if len(first) else refused[:1]


def differences(ctx: Context) -> tuple[pd.DataFrame, list[str]]:
    """Return the differences between the years, ``before`` and ``after`` behind them, and why some are refused."""
    now, then = years(ctx)
    refused, found = [], []
    for rows in _figures(ctx, now, then):
        try:
            change = metrics.change(
                rows, start=then, end=now, bridge=ctx.spec.bridge or None, confidence=ctx.spec.confidence
            )
        except DataError as error:
            what = ctx.label("indicator", rows["indicator"].iloc[0])
            refused.append(
                ctx.prose("comparison.refused", what=what, why=getattr(error.title, ctx.lang).replace("'", ""))
            )
            continue
        sides = rows.assign(part=rows["part"].fillna("")).set_index(["unit", "part", "period"])["value"]
        place = list(zip(change["unit"], change["part"].fillna(""), strict=True))
        ends = {"before": then, "after": now}
        found.append(change.assign(**{k: [sides.get((*p, year)) for p in place] for k, year in ends.items()}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(), list(dict.fromkeys(refused))


def is_whole(ctx: Context, changes: pd.DataFrame) -> pd.Series:
    """Tell the rows about everything evaluated from those about one unit of several."""
    return changes["unit"] == ctx.whole if ctx.many else pd.Series(True, index=changes.index)


def _front(changes: pd.DataFrame) -> pd.DataFrame:
    unsaid = [c for c in ("part", "before", "after") if c != "part" or not changes["part"].fillna("").any()]
    return changes.drop(columns=unsaid)


def _table(ctx: Context, code: str, changes: pd.DataFrame, *, folded: bool) -> Sheet:
    now, then = years(ctx)
    share = pd.Series([codebook.quantity(i) == "share" for i in changes["indicator"]], index=changes.index)
    points = {c: changes[c].where(~share, changes[c] * 100) for c in ("value", "lower", "upper", "before", "after")}
    shown = ctx.with_remarks(changes.assign(**points)).assign(
        how=[ctx.label("definition", d) if d else "" for d in changes["definition"]],
        part=changes["part"].fillna(""),
    )
    columns = [
        ctx.column("unit"),
        ctx.indicator_column(),
        *([ctx.column("part")] if shown["part"].any() else []),
        *([ctx.column("how", label=ctx.label("column", "definition"))] if any(shown["how"]) else []),
        ctx.column("before", "number", 2, then),
        ctx.column("after", "number", 2, now),
        ctx.column("value", "number", 2, ctx.prose("comparison.difference")),
        ctx.column("lower", "number", 2),
        ctx.column("upper", "number", 2),
        ctx.column("remarks", label=ctx.prose("words.remarks")),
    ]
    files = tuple(dict.fromkeys(path.name for path in ctx.spec.files))
    return ctx.sheet(
        f"comparison.{code}",
        shown,
        columns,
        call=f"change(figures of both years, start={then!r}, end={now!r})",
        sources=files or ctx.figures.loc[ctx.figures["indicator"].isin(changes["indicator"]), "source"],
        inputs=files,
        notes=[ctx.prose("comparison.note")],
        folded=folded,
    )


def _figures(ctx: Context, now: str, then: str) -> Iterator[pd.DataFrame]:
    """Return the shares of both years as figures, one indicator and definition after the other."""
    if ctx.spec.scope == "nation":
        rows = pd.concat([ctx.figures, *(loaders.load_figures(p) for p in ctx.spec.inputs.values())])
        both = rows[rows["period"].isin([now, then]) & (rows["role"] != "derived")]
        for code, group in both.groupby("indicator", sort=False):
            if codebook.quantity(str(code)) not in _COMPARED:
                continue
            paired = group.groupby([*UNIT_KEY, "part"], dropna=False)["period"].transform("nunique") == 2
            if paired.any():
                yield group[paired]
        return
    sides = {now: ctx, then: ctx.before}
    for table, make in (("dossiers", _dossiers), ("cases", _cases), ("responses", _answers)):
        if table in ctx.spec.inputs and table in ctx.spec.previous:
            both = pd.concat([_as_figures(side, make(side), period) for period, side in sides.items()])
            if table == "responses":  # asked alike in both years: under one code
                both["part"] = both["part"].replace(ctx.asked())
            for _, group in both.groupby(["indicator", "definition"], sort=False):
                yield group


def _dossiers(ctx: Context) -> pd.DataFrame:
    return pd.concat(
        metrics.resolution_rate(ctx.tally(each=each), by=["unit"], definition=definition)
        for each in ((False, True) if ctx.many else (False,))
        for definition in ("resolved", "due")
    )


def _cases(ctx: Context) -> pd.DataFrame:
    return registers.cases_in_time(ctx, "kind").pipe(registers.worded, ctx, "kind").rename(columns={"kind": "part"})


def _answers(ctx: Context) -> pd.DataFrame:
    shares = registers.answer_shares(ctx)
    return shares[shares["indicator"] == "answers_top_share"].rename(columns={"item": "part"})


def _as_figures(ctx: Context, shares: pd.DataFrame, period: str) -> pd.DataFrame:
    """Return estimates as the figures of a period, so that breaks between periods are known."""
    level = "commune" if ctx.spec.scope == "commune" else "province"
    given = {"unit": ctx.whole, "part": "", "unit_level": level}
    return shares.assign(
        **{column: value for column, value in given.items() if column not in shares},
        period=period,
        period_start=pd.Timestamp(ctx.spec.start),
        period_end=pd.Timestamp(ctx.spec.as_of),
        source=ctx.spec.name,
    )
