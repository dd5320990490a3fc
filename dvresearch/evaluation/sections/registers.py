"""One unit's other tables: cases, survey answers, models, plan targets and the self-assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from dvresearch import codebook, metrics, wording
from dvresearch.evaluation.content import Block, Checks, Paragraph, Section, Sheet
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.sections.units import compared
from dvresearch.metrics.answers import discordant
from dvresearch.tables import MODEL_CONTENTS
from dvresearch.text import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Letters of an item beside a picture: two lines.
_LABEL = 76

__all__ = [
    "answer_shares",
    "cases",
    "cases_in_time",
    "models",
    "rubric",
    "rubric_totals",
    "survey",
    "targets",
    "told_apart",
    "worded",
    "yes_shares",
]


def _screened(ctx: Context, table: str) -> Checks:
    """Return the checks of one file."""
    return ctx.checks(
        f"registers.{table}-screening",
        ctx.screened(table),
        call=f"screen(path, {table!r})",
        of=table,
        words="pass",
        title=ctx.prose("registers.screening", file=ctx.own(table)),
    )


def _shares(ctx: Context, table: str, key: str, frame: pd.DataFrame, first: str, call: str) -> Sheet:
    """Return a table of shares, the column `first` in front; the indicator is written out where it varies."""
    head = [*([ctx.column(first)] if first in frame.columns else []), ctx.indicator_column()]
    return ctx.sheet(key, ctx.with_remarks(frame), ctx.estimate_columns(head, decimals=1), call=call, of=table)


def worded(frame: pd.DataFrame, ctx: Context, column: str, kind: str = "value") -> pd.DataFrame:
    """Return `frame` with the codes of one column in words."""
    book = {c: codebook.find(kind, c) for c in frame[column].unique()}
    return frame.assign(**{column: [ctx.label(kind, found) if (found := book[c]) else c for c in frame[column]]})


def _counted(ctx: Context, table: pd.DataFrame) -> dict[str, str]:
    """Return the values of one unit by their indicator, as a reader sees them; a hidden one says so."""
    hidden = ctx.label("flag", "suppressed")
    numbers = zip(table["indicator"], table["value"], strict=True)
    return {
        i: hidden if pd.isna(v) else format_number(v, 0 if float(v).is_integer() else 1, ctx.lang) for i, v in numbers
    }


def cases(ctx: Context) -> Section:
    """Return the section on reception, petitions and feedback."""
    frame, least = ctx.cases, ctx.spec.privacy_threshold
    in_time = cases_in_time(ctx, "kind")
    shares = metrics.case_shares(frame, confidence=ctx.spec.confidence, min_count=least)
    if (frame["kind"] == "reception").any():
        lead, received = "registers.cases-lead", metrics.receptions(frame, by=(), min_count=least)
    else:
        lead, received = "registers.cases-no-visit", metrics.case_counts(frame, (), min_count=least)
    blocks: list[Block] = [
        Paragraph(ctx.prose(lead, **_counted(ctx, received)), "lead"),
        Paragraph(ctx.prose("registers.cases-privacy"), "note"),
        _shares(
            ctx,
            "cases",
            "registers.cases-in-time",
            worded(in_time, ctx, "kind"),
            "kind",
            "cases_in_time(load_cases(path), 'kind', as_of=...)",
        ),
        _shares(
            ctx,
            "cases",
            "registers.cases-shares",
            shares,
            "",
            "case_shares(load_cases(path))",
        ),
        *_cases_of_units(ctx),
        _screened(ctx, "cases"),
    ]
    return Section("cases", ctx.prose("registers.cases-title"), tuple(blocks))


def cases_in_time(ctx: Context, *by: str) -> pd.DataFrame:
    """Return the shares of cases handled in time."""
    spec = ctx.spec
    return metrics.cases_in_time(
        ctx.cases,
        by,
        as_of=spec.as_of,
        clock=spec.clock,
        confidence=spec.confidence,
        min_count=spec.privacy_threshold,
    )


def _cases_of_units(ctx: Context) -> list[Block]:
    if not ctx.many:
        return []
    call = "cases_in_time(load_cases(path), 'unit', as_of=...)"
    return compared(ctx, "cases", "cases-units", ctx.prose("units.cases"), cases_in_time(ctx, "unit"), call)


def survey(ctx: Context) -> Section:
    """Return the section on the survey answers."""
    frame, graded = ctx.responses
    shares = answer_shares(ctx)
    top = shares[shares["indicator"] == "answers_top_share"].reset_index(drop=True)
    drawn = top.assign(item=top["item"].map(ctx.asked(_LABEL)))
    blocks: list[Block] = [
        Paragraph(ctx.prose("registers.survey-lead", answers=len(frame), items=len(graded)), "lead"),
        ctx.figure(
            "registers.survey-top",
            "intervals",
            drawn,
            call="answer_shares(load_responses(path, items), items)",
            of="responses",
            inputs=(ctx.own("items"),),
            unit="item",
            sort="given",
        ),
        Paragraph(ctx.prose("registers.survey-note"), "caution"),
        _shares(
            ctx,
            "responses",
            "registers.survey-shares",
            shares.assign(item=shares["item"].map(ctx.asked())),
            "item",
            "answer_shares(load_responses(path, items), items)",
        ),
        *_yes_or_no(ctx),
        _screened(ctx, "responses"),
    ]
    return Section("survey", ctx.prose("registers.survey-title"), tuple(blocks))


def _yes_or_no(ctx: Context) -> list[Block]:
    shares = yes_shares(ctx)
    if shares.empty:
        return []
    asked = shares.assign(item=shares["item"].map(ctx.asked()))
    call = "answer_shares(load_responses(path, items), yes_or_no_items, top=1)"
    return [
        _shares(ctx, "responses", "registers.survey-yes", asked, "item", call),
        Paragraph(ctx.prose("registers.survey-yes-note"), "note"),
    ]


def answer_shares(ctx: Context) -> pd.DataFrame:
    """Return the shares of the highest answers, item by item."""
    frame, graded = ctx.responses
    return metrics.answer_shares(
        frame,
        graded,
        reverse=_reversed(ctx),
        basis="unknown",
        confidence=ctx.spec.confidence,
        min_count=ctx.spec.privacy_threshold,
    )


def _reversed(ctx: Context) -> list[str]:
    frame, graded = ctx.responses
    return [item for item in frame.attrs["load"]["reversed"] if item in graded]


def told_apart(ctx: Context, ordered: Sequence[str]) -> Literal["all", "ends", "none"]:
    """Tell whether the first and the last of `ordered` items differ from all others, from each other, or not even so.

    The same people answered all of them, so they are compared person by person.
    """
    frame, graded = ctx.responses
    shown = {item: graded[item] for item in ordered}
    # Bonferroni over all pairs: which items are at the ends is itself found in the answers
    level = (1 - ctx.spec.confidence) / max(1, len(ordered) * (len(ordered) - 1) // 2)
    reverse = [item for item in _reversed(ctx) if item in shown]
    first, last = (
        discordant(frame, shown, end, reverse=reverse).set_index("against") for end in (ordered[0], ordered[-1])
    )
    if not first.loc[ordered[-1], "p_value"] <= level:
        return "none"
    return "all" if max(first["p_value"].max(), last["p_value"].max()) <= level else "ends"


def yes_shares(ctx: Context) -> pd.DataFrame:
    """Return the shares of “yes” of the items answered by yes or no; no row when there is none."""
    frame, _ = ctx.responses
    items = {item: scale for item, scale in frame.attrs["load"]["items"].items() if scale == "co_khong"}
    if not items:
        return pd.DataFrame(columns=["item", "indicator"])
    shares = metrics.answer_shares(
        frame, items, top=1, basis="unknown", confidence=ctx.spec.confidence, min_count=ctx.spec.privacy_threshold
    )
    return shares.replace({"indicator": {"answers_top_share": "answers_yes_share"}})


def models(ctx: Context) -> Section:
    """Return the section on the register of models."""
    frame = ctx.models
    contents = [f"states_{c}" for c in MODEL_CONTENTS if f"states_{c}" in frame.columns]
    counted = pd.DataFrame(
        {
            "content": [ctx.label("column", c) for c in contents],
            "stated": [float(frame[c].fillna(False).sum()) for c in contents],
            "models": float(len(frame)),
        }
    )
    stated = metrics.coverage(
        counted,
        numerator="stated",
        denominator="models",
        by="content",
        indicator="models_stating_share",
        confidence=ctx.spec.confidence,
    )
    blocks: list[Block] = [
        Paragraph(ctx.prose("registers.models-lead", models=len(frame)), "lead"),
        ctx.sheet(
            "registers.models-contents",
            ctx.with_remarks(stated),
            ctx.estimate_columns([ctx.column("content", label=ctx.prose("registers.content"))], decimals=1),
            call="coverage(counts of load_models(path), by='content')",
            of="models",
        ),
        Paragraph(ctx.prose("registers.models-note"), "caution"),
        _screened(ctx, "models"),
    ]
    return Section("models", ctx.prose("registers.models-title"), tuple(blocks))


def targets(ctx: Context) -> Section:
    """Return the section on plan targets."""
    frame = ctx.targets
    lower = ctx.spec.lower_is_better
    met = metrics.attainment_shares(frame, lower_is_better=lower, confidence=ctx.spec.confidence)
    each = worded(metrics.attainment(frame, lower_is_better=lower), ctx, "target_outcome")
    # 113 % of such a target is not met: its name says why
    names = [ctx.prose("registers.targets-lower", target=t) if t in lower else t for t in each["target_name"]]
    columns = [
        *ctx.unit_columns(),
        ctx.column("target_name"),
        ctx.column("denominator", "number", 1, ctx.label("column", "planned")),
        ctx.column("numerator", "number", 1, ctx.label("column", "result")),
        ctx.column("value", "percent", 1),
        ctx.column("target_outcome"),
    ]
    blocks: list[Block] = [
        Paragraph(" ".join(wording.describe(met.iloc[:1], ctx.lang)), "lead"),
        ctx.sheet(
            "registers.targets-each",
            each.assign(target_name=names),
            columns,
            call=f"attainment(load_targets(path), lower_is_better={list(lower)!r})",
            of="targets",
        ),
        _screened(ctx, "targets"),
    ]
    return Section("targets", ctx.prose("registers.targets-title"), tuple(blocks))


def rubric_totals(ctx: Context) -> str:
    """Return the sentence on self score, appraised score and the gap between them."""
    whole = metrics.appraisal(ctx.rubric, by=())
    maximum = format_number(float(whole["denominator"].max()), 0, ctx.lang)
    gap = whole.loc[whole["indicator"] == "appraisal_gap", "value"].iloc[0]
    below = "below" if gap < 0 else "above"
    shown = _counted(ctx, whole.assign(value=whole["value"].abs()))
    return ctx.prose(f"registers.rubric-{below}", **shown, maximum=maximum)


def rubric(ctx: Context) -> Section:
    """Return the section on the self-assessment."""
    frame = ctx.rubric
    totals = metrics.appraisal(frame)
    zero = metrics.zero_denominators(frame, confidence=ctx.spec.confidence)
    columns: Sequence = [
        *ctx.unit_columns(),
        ctx.indicator_column(),
        ctx.column("value", "number", 1),
        ctx.column("denominator", "number", 0, ctx.prose("index766.maximum")),
        ctx.column("n", "count"),
    ]
    blocks: list[Block] = [
        Paragraph(rubric_totals(ctx), "lead"),
        ctx.sheet(
            "registers.rubric-totals",
            ctx.with_remarks(totals),
            columns,
            call="appraisal(load_rubric(path))",
            of="rubric",
            notes=[ctx.prose("registers.rubric-weights")],
        ),
        Paragraph(" ".join(wording.describe(zero, ctx.lang)), "note"),
        _screened(ctx, "rubric"),
    ]
    return Section("rubric", ctx.prose("registers.rubric-title"), tuple(blocks))
