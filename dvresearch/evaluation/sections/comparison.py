"""The period against the same period of an earlier year: both years beside each other, differences with intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dvresearch import codebook, loaders, metrics, wording
from dvresearch.errors import DataError
from dvresearch.evaluation.content import Block, Paragraph, Section, Traced
from dvresearch.evaluation.context import Context, in_words
from dvresearch.evaluation.lists import once
from dvresearch.evaluation.sections import registers
from dvresearch.tables import UNIT_KEY

__all__ = ["compose", "differences", "first_difference", "is_whole"]

#: Published figures that mean the same whatever the size of the country: no counts, no ranks.
_COMPARED = ("share", "score", "mean", "rate")


def compose(ctx: Context) -> Section:
    """Return the section; what cannot be compared stands there with both years and the reason."""
    now, then = years(ctx)
    changes = differences(ctx)
    blocks: list[Block] = [Paragraph(ctx.prose("comparison.lead", now=now, then=then), "lead")]
    if len(changes):
        whole = is_whole(ctx, changes)
        known = changes[whole & changes["value"].notna()]
        told = [" ".join(wording.describe(_front(known), ctx.lang))] if len(known) else []
        refused = changes.loc[changes["why"] != "", ["indicator", "why"]].drop_duplicates()
        told += [ctx.prose("comparison.refused", what=ctx.label("indicator", i), why=w) for i, w in refused.to_numpy()]
        blocks += [Paragraph(text, "caution" if n or not len(known) else "text") for n, text in enumerate(told)]
        blocks += [_table(ctx, "comparison", changes[whole])] if whole.any() else []
        blocks += [_table(ctx, "comparison-units", changes[~whole])] if not whole.all() else []
    else:
        blocks.append(Paragraph(ctx.prose("comparison.none", now=now, then=then)))
    return Section("comparison", ctx.title("comparison"), tuple(blocks))


def years(ctx: Context) -> tuple[str, str]:
    """Return the year evaluated and the year compared with."""
    return ctx.spec.as_of[:4], str(ctx.spec.compare_with)


def first_difference(ctx: Context) -> list[str]:
    """Return the sentence of page one: the first difference of all units together, or why there is none."""
    changes = differences(ctx)
    if not len(changes):
        return []
    first = changes[is_whole(ctx, changes)].head(1)
    if (first["why"] == "").all():
        return wording.describe(_front(first), ctx.lang)
    what = ctx.label("indicator", first["indicator"].iloc[0])
    return [ctx.prose("comparison.refused", what=what, why=first["why"].iloc[0])]


@once
def differences(ctx: Context) -> pd.DataFrame:
    """Return both years of every figure, ``before`` and ``after``, their difference, and ``why`` there is none."""
    now, then = years(ctx)
    found = []
    for rows in _figures(ctx, now, then):
        each = rows.assign(part=rows["part"].fillna("")).drop_duplicates(["unit", "part", "period", "value"])
        # of a place with several numbers in one year none is printed, and certainly not their mean
        several = each.duplicated(["unit", "part", "period"], keep=False)
        sides = each[~several].pivot_table(index=["unit", "part"], columns="period", values="value", aggfunc="first")
        try:
            change = metrics.change(rows, start=then, end=now, bridge=ctx.spec.bridge or None, **ctx.sure)
            change = change.assign(part=change["part"].fillna(""), why="")
        except DataError as error:
            # both numbers stand beside each other all the same: a leader has them from two reports anyway
            first = rows[rows["period"] == now].reset_index(drop=True)
            first = first.assign(part=first["part"].fillna(""), flags="", reason="")
            change = first.drop_duplicates(["unit", "part"]).assign(
                **dict.fromkeys(("value", "lower", "upper"), np.nan),
                why=getattr(error.title, ctx.lang).replace("'", ""),
            )
        ends = sides.reindex(columns=[then, now]).set_axis(["before", "after"], axis=1).reset_index()
        found.append(change.merge(ends[["unit", "part", "before", "after"]], on=["unit", "part"], how="left"))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def is_whole(ctx: Context, changes: pd.DataFrame) -> pd.Series:
    """Tell the rows about everything evaluated from those about one unit of several."""
    return changes["unit"] == ctx.whole if ctx.many else pd.Series(True, index=changes.index)


def _front(changes: pd.DataFrame) -> pd.DataFrame:
    unsaid = ["before", "after", "why", *([] if changes["part"].any() else ["part"])]
    return changes.drop(columns=unsaid)


def _table(ctx: Context, code: str, changes: pd.DataFrame) -> Block:
    now, then = years(ctx)
    share = pd.Series([codebook.quantity(i) == "share" for i in changes["indicator"]], index=changes.index)
    points = {c: changes[c].where(~share, changes[c] * 100) for c in ("value", "lower", "upper", "before", "after")}
    shown = ctx.with_remarks(changes.assign(**points, doubts=changes["why"])).assign(
        how=[ctx.label("definition", d) if isinstance(d, str) and d else "" for d in changes["definition"]],
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
        ctx.remarks_column(),
    ]
    files = tuple(dict.fromkeys(path.name for path in ctx.spec.files))
    known = ctx.published(ctx.figures[ctx.figures["indicator"].isin(changes["indicator"])])
    call = f"change(figures of both years, start={then!r}, end={now!r})"
    made = Traced(shown, call, files or known.sources, files or known.inputs)
    return ctx.sheet(f"comparison.{code}", made, columns, notes=[ctx.prose("comparison.note")])


def _figures(ctx: Context, now: str, then: str) -> Iterator[pd.DataFrame]:
    """Return the shares of both years as figures, one indicator and definition after the other."""
    if ctx.spec.scope == "nation":
        own = [ctx.spec.inputs["figures"]] if "figures" in ctx.spec.inputs else []
        rows = pd.concat([ctx.figures, *map(loaders.load_figures, own)])
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
        ctx.rates(ctx.tally(each=each), definition).frame
        for each in ((False, True) if ctx.many else (False,))
        for definition in ("resolved", "due")
    )


def _cases(ctx: Context) -> pd.DataFrame:
    shares = registers.cases_in_time(ctx, "kind").frame
    return shares.assign(kind=in_words(shares["kind"], ctx)).rename(columns={"kind": "part"})


def _answers(ctx: Context) -> pd.DataFrame:
    shares = registers.answer_shares(ctx).frame
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
