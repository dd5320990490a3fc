"""One office's other tables: cases, survey answers, models, plan targets and the self-assessment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import pandas as pd

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section, Traced
from dvresearch.evaluation.context import Context, in_words
from dvresearch.evaluation.lists import once
from dvresearch.evaluation.sections.dossiers import compared
from dvresearch.metrics.answers import discordant
from dvresearch.metrics.estimates import NOT_STATED
from dvresearch.privacy import suppress
from dvresearch.tables import MODEL_CONTENTS, SCALES, STAGES
from dvresearch.text import format_number

__all__ = [
    "answer_shares",
    "cases",
    "cases_answer",
    "cases_in_time",
    "cases_late",
    "models",
    "rubric",
    "rubric_totals",
    "survey",
    "survey_answer",
    "targets",
    "told_apart",
    "topic_shares",
    "yes_shares",
]

#: Letters of an item beside a picture: two lines.
_LABEL = 76


def _counted(ctx: Context, table: pd.DataFrame) -> dict[str, str]:
    """Return the values of one unit by their indicator, as a reader sees them; a hidden one says so."""
    hidden = ctx.label("flag", "suppressed")
    numbers = zip(table["indicator"], table["value"], strict=True)
    return {
        i: hidden if pd.isna(v) else format_number(v, 0 if float(v).is_integer() else 1, ctx.lang) for i, v in numbers
    }


# --- reception, petitions, feedback -----------------------------------------------------------------------------------


def cases(ctx: Context) -> Section:
    """Return the section on reception, petitions and feedback."""
    frame, least = ctx.cases, ctx.spec.privacy_threshold
    if (frame["kind"] == "reception").any():
        lead, received = "cases.lead", metrics.receptions(frame, by=(), min_count=least)
    else:
        lead, received = "cases.no-visit", metrics.case_counts(frame, (), min_count=least)
    blocks: list[Block] = [
        *(Paragraph(text, "lead") for text in cases_answer(ctx)),
        Paragraph(ctx.prose(lead, **_counted(ctx, received))),
        ctx.estimates("cases.cases-in-time", cases_in_time(ctx, "kind")),
        Paragraph(ctx.prose("cases.privacy"), "note"),
        ctx.estimates("cases.cases-shares", ctx.file("cases").then(metrics.case_shares, **ctx.safe)),
        *(compared(ctx, "cases-units", cases_in_time(ctx, "unit")) if ctx.many else ()),
        ctx.screening("cases"),
    ]
    return Section("cases", ctx.title("cases"), tuple(blocks))


@once
def cases_answer(ctx: Context) -> list[str]:
    """Return the sentence on all cases; none where the register does not tell, or the numbers are hidden."""
    if not {"due", "resolved"} <= set(ctx.cases):
        return []
    row = cases_in_time(ctx).frame.iloc[0]
    if pd.isna(row["value"]):
        return []
    late = format_number(cases_late(ctx), 0, ctx.lang)
    return [ctx.prose("brief.cases", day=ctx.day, late=late, **ctx.share(row))]


def cases_late(ctx: Context) -> int:
    """Return how many cases were handled late; 0 where that is hidden or not known."""
    row = cases_in_time(ctx).frame.iloc[0]
    return int(row["denominator"] - row["numerator"]) if pd.notna(row["value"]) else 0


@once
def cases_in_time(ctx: Context, *by: str) -> Traced:
    """Return the shares of cases handled in time."""
    return ctx.file("cases").then(metrics.cases_in_time, by=by, as_of=ctx.spec.as_of, clock=ctx.spec.clock, **ctx.safe)


# --- the survey -------------------------------------------------------------------------------------------------------


def survey(ctx: Context) -> Section:
    """Return the section on the survey answers."""
    frame, graded = ctx.responses
    shares = answer_shares(ctx)
    top = shares.of(shares.frame[shares.frame["indicator"] == "answers_top_share"].reset_index(drop=True))
    blocks: list[Block] = [
        *(Paragraph(text, "lead") for text in survey_answer(ctx)),
        Paragraph(ctx.prose("survey.lead", answers=len(frame), items=len(graded))),
        ctx.figure("survey.survey-top", "intervals", _asked(ctx, top, _LABEL), unit="item", sort="given"),
        Paragraph(ctx.prose("survey.note"), "caution"),
        *_by_attribute(ctx),
        ctx.estimates("survey.survey-shares", _asked(ctx, shares)),
        *_yes_or_no(ctx),
        ctx.screening("responses"),
    ]
    return Section("survey", ctx.title("survey"), tuple(blocks))


@once
def survey_answer(ctx: Context) -> list[str]:
    """Return the sentence on the items with the highest and the lowest share, as far as they can be told apart."""
    shares = answer_shares(ctx).frame
    top = shares[(shares["indicator"] == "answers_top_share") & shares["value"].notna()].sort_values("value")
    if top.empty:
        return []
    low, high = top.iloc[0], top.iloc[-1]
    apart = told_apart(ctx, list(top["item"])) if len(top) > 1 else "one"
    items = {f"{end}_item": ctx.asked()[row["item"]] for end, row in (("high", high), ("low", low))}
    values = {"answers": len(ctx.responses[0]), "items": len(top), "levels": _levels(ctx), **items}
    return [ctx.prose(f"brief.survey-{apart}", **values, **ctx.share(high, "high_"), **ctx.share(low, "low_"))]


def _levels(ctx: Context) -> str:
    """Return the two highest answers by their names, where all items share them."""
    scales = set(ctx.responses[1].values())
    if len(scales) > 1 or _reversed(ctx):
        return ctx.prose("brief.levels")
    (scale,) = scales
    one, other = (ctx.label("value", f"{scale}.{word}") for word in SCALES[scale][-2:])
    return ctx.prose("brief.two-levels", one=one, other=other)


def _answers(ctx: Context, *by: str) -> Traced:
    """Return the survey answers; their questionnaire stands in a file of its own. Small groups are taken together."""
    frame = ctx.responses[0]
    for column in by:
        small = frame[column].map(frame[column].value_counts()) < ctx.spec.privacy_threshold
        frame = frame.assign(**{column: frame[column].astype(object).mask(small, ctx.prose("survey.small-groups"))})
    made = ctx.file("responses", frame)
    return Traced(made.frame, made.call, made.sources, (*made.inputs, ctx.own("items")))


def _asked(ctx: Context, shares: Traced, longest: int = 1000) -> Traced:
    """Return shares with what each item asks."""
    return shares.of(shares.frame.assign(item=shares.frame["item"].map(ctx.asked(longest))))


def _yes_or_no(ctx: Context) -> list[Block]:
    shares = yes_shares(ctx)
    if shares is None:
        return []
    return [
        ctx.estimates("survey.survey-yes", _asked(ctx, shares)),
        Paragraph(ctx.prose("survey.yes-note"), "note"),
    ]


@once
def answer_shares(ctx: Context, *by: str) -> Traced:
    """Return the shares of the highest answers, item by item."""
    options = {"by": by, "reverse": _reversed(ctx), "basis": "unknown"}
    return _answers(ctx, *by).then(metrics.answer_shares, items=ctx.responses[1], **options, **ctx.safe)


def _by_attribute(ctx: Context) -> Iterator[Block]:
    """Yield the shares of the highest answers in groups of respondents, and the topics of their comments."""
    for attribute in ("field", "age_group", "gender"):
        if attribute in ctx.responses[0]:
            shares = answer_shares(ctx, attribute)
            top = shares.of(shares.frame[shares.frame["indicator"] == "answers_top_share"])
            group = ctx.label("column", attribute).lower()
            yield ctx.estimates("survey.survey-groups", _asked(ctx, top), code=f"survey-by-{attribute}", group=group)
    if "topic" in ctx.responses[0]:
        yield ctx.estimates("survey.survey-topics", topic_shares(ctx))
        yield Paragraph(ctx.prose("survey.topics-note"), "note")


def topic_shares(ctx: Context) -> Traced:
    """Return how many of the comments to which the office gave a topic have each; small topics are taken together."""
    answers = _answers(ctx, "topic")
    given = answers.frame[answers.frame["topic"].notna()]
    counted = given.groupby("topic").size().rename("x").reset_index().assign(n=float(len(given)))
    options = {"by": "topic", "indicator": "comment_share", "basis": "volunteers", **ctx.sure}
    shares = answers.of(counted, "counts of {}").then(metrics.proportion, numerator="x", denominator="n", **options)
    hidden = suppress(shares.frame, count="numerator", totals=[["indicator"]], min_count=ctx.spec.privacy_threshold)
    return shares.of(hidden)


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


def yes_shares(ctx: Context) -> Traced | None:
    """Return the shares of “yes” of the items answered by yes or no; None when there is none."""
    scales = ctx.responses[0].attrs["load"]["items"]
    items = {item: scale for item, scale in scales.items() if scale == "co_khong"}
    if not items:
        return None
    shares = _answers(ctx).then(metrics.answer_shares, items=items, top=1, basis="unknown", **ctx.safe)
    return shares.of(shares.frame.replace({"indicator": {"answers_top_share": "answers_yes_share"}}))


# --- models, targets, self-assessment ---------------------------------------------------------------------------------


def models(ctx: Context) -> Section:
    """Return the section on the register of models."""
    frame, made = ctx.models, ctx.file("models")
    contents = [f"states_{c}" for c in MODEL_CONTENTS if f"states_{c}" in frame.columns]
    counted = pd.DataFrame(
        {
            "content": [ctx.label("column", c) for c in contents],
            "stated": [float(frame[c].fillna(False).sum()) for c in contents],
            "models": float(len(frame)),
        }
    )
    stated = made.of(counted, "counts of {}").then(
        metrics.coverage,
        numerator="stated",
        denominator="models",
        by="content",
        indicator="models_stating_share",
        **ctx.sure,
    )
    blocks: list[Block] = [
        Paragraph(ctx.prose("register.lead", models=len(frame)), "lead"),
        *_by_field_and_level(ctx, made),
        Paragraph(ctx.prose("register.note"), "caution"),
        ctx.estimates("register.models-contents", stated),
        ctx.screening("models"),
    ]
    return Section("models", ctx.title("models"), tuple(blocks))


def _by_field_and_level(ctx: Context, made: Traced) -> Iterator[Block]:
    """Yield how many models each field has, by the level they reached."""
    by = [c for c in ("field", "stage") if c in made.frame and made.frame[c].notna().any()]
    if not by:
        return
    frame = made.frame[by].fillna(NOT_STATED)
    order = [stage for stage in (*STAGES, NOT_STATED) if "stage" in by and (frame["stage"] == stage).any()]
    levels = dict(zip(order, in_words(pd.Series(order, name="stage", dtype=object), ctx), strict=True))
    table = pd.DataFrame({ctx.prose("words.all"): frame.groupby(by[0]).size()})
    for stage, name in levels.items():
        table[name] = frame[frame["stage"] == stage].groupby(by[0]).size()
    table = table.fillna(0)
    table.loc[ctx.prose("words.all")] = table.sum()
    shown = table.rename_axis(by[0]).reset_index()
    shown[by[0]] = in_words(shown[by[0]], ctx)
    columns = [ctx.column(by[0]), *(ctx.column(name, "count", label=name) for name in table)]
    yield ctx.sheet("register.models-fields", made.of(shown, f"{{}}.groupby({by!r}).size()"), columns)


def targets(ctx: Context) -> Section:
    """Return the section on plan targets."""
    made, lower = ctx.file("targets"), ctx.spec.lower_is_better
    met = made.then(metrics.attainment_shares, lower_is_better=lower, **ctx.sure)
    each = made.then(metrics.attainment, lower_is_better=lower)
    frame = each.frame.assign(
        # 113% of such a target is not met: its name says why
        target_name=[ctx.prose("plan-targets.lower", target=t) if t in lower else t for t in each.frame["target_name"]],
        target_outcome=in_words(each.frame["target_outcome"], ctx),
    )
    columns = [
        *ctx.unit_columns(),
        ctx.column("target_name"),
        ctx.column("denominator", "number", 1, ctx.label("column", "planned")),
        ctx.column("numerator", "number", 1, ctx.label("column", "result")),
        ctx.column("value", "percent", 1),
        ctx.column("target_outcome"),
    ]
    blocks: list[Block] = [
        Paragraph(" ".join(wording.describe(met.frame.iloc[:1], ctx.lang)), "lead"),
        ctx.sheet("plan-targets.targets-each", each.of(frame), columns),
        ctx.screening("targets"),
    ]
    return Section("targets", ctx.title("targets"), tuple(blocks))


def rubric_totals(ctx: Context) -> str:
    """Return the sentence on self score, appraised score and the gap between them."""
    whole = metrics.appraisal(ctx.rubric, by=())
    maximum = format_number(float(whole["denominator"].max()), 0, ctx.lang)
    gap = whole.loc[whole["indicator"] == "appraisal_gap", "value"].iloc[0]
    below = "below" if gap < 0 else "above"
    shown = _counted(ctx, whole.assign(value=whole["value"].abs()))
    return ctx.prose(f"rubric.{below}", **shown, maximum=maximum)


def rubric(ctx: Context) -> Section:
    """Return the section on the self-assessment."""
    totals = ctx.file("rubric").then(metrics.appraisal)
    zero = metrics.zero_denominators(ctx.rubric, **ctx.sure)
    columns = [
        *ctx.unit_columns(),
        ctx.indicator_column(),
        ctx.column("value", "number", 1),
        ctx.column("denominator", "number", 0, ctx.prose("index766.maximum")),
        ctx.column("n", "count"),
    ]
    shown = totals.of(ctx.with_remarks(totals.frame))
    blocks: list[Block] = [
        Paragraph(rubric_totals(ctx), "lead"),
        ctx.sheet("rubric.rubric-totals", shown, columns, notes=[ctx.prose("rubric.weights")]),
        Paragraph(" ".join(wording.describe(zero, ctx.lang)), "note"),
        ctx.screening("rubric"),
    ]
    return Section("rubric", ctx.title("rubric"), tuple(blocks))
