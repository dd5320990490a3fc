"""Page one: three to six findings, what cannot be said, what to ask or do next, and one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dvresearch import metrics
from dvresearch.evaluation.content import Brief, Figure, Paragraph, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.sections import comparison, dossiers, national, registers
from dvresearch.text import format_date, format_number, format_percent
from dvresearch.wording import describe_funnel, localised
from dvresearch.wording.values import listed, shown_name

__all__ = ["Told", "assemble", "tell"]

#: A leader reads no more than these.
MOST_FINDINGS, MOST_ASKS = 6, 6


Kind = Literal["caution", "finding", "unknown", "ask", "note"]


@dataclass(frozen=True)
class Told:
    """One thing that page one says: a ``finding``, what is ``unknown``, what to ``ask``, a ``note``, a ``caution``."""

    kind: Kind
    text: str


def tell(ctx: Context, code: str) -> list[Told]:
    """Return what a reader takes away from a section that was made.

    Parameters
    ----------
    ctx : Context
        The evaluation.
    code : str
        Code of the section.
    """
    found = (_PUBLISHED if ctx.spec.scope == "nation" else _OF_UNITS).get(code)
    return [*_failed_checks(ctx, code), *found(ctx)] if found else []


def assemble(ctx: Context, told: Iterable[Told], sections: Sequence[Section]) -> tuple[tuple[Paragraph, ...], Brief]:
    """Return the findings of page one, cautions first, and what stands beside them.

    Parameters
    ----------
    ctx : Context
        The evaluation.
    told : iterable of Told
        What the sections tell, in their order.
    sections : sequence of Section
        The sections that were made: one of their pictures stands on page one.
    """
    by: dict[str, list[str]] = {kind: [] for kind in ("caution", "finding", "unknown", "ask", "note")}
    for one in told:
        by[one.kind].append(one.text)
    figures = {b.code: b for section in sections for b in section.blocks if isinstance(b, Figure)}
    code = next((code for code in _PICTURES if code in figures), "")
    return (
        (*(Paragraph(t, "caution") for t in by["caution"]), *map(Paragraph, by["finding"][:MOST_FINDINGS])),
        Brief(
            tuple(by["unknown"]),
            tuple(by["ask"][:MOST_ASKS]),
            figures.get(code),
            ctx.prose(f"brief.read-{code}") if code else "",
            tuple(by["note"]),
        ),
    )


#: The picture of page one: the first of these that the report has.
_PICTURES = ("dossiers-in-time-funnel", "units-funnel", "flows", "survey-top")


def _say(ctx: Context, kind: Kind, key: str, **values: object) -> Told:
    """Return a sentence of ``[brief]``; numbers are written as a reader writes them."""
    shown = {k: format_number(float(v), 0, ctx.lang) if isinstance(v, int | float) else v for k, v in values.items()}
    return Told(kind, ctx.prose(f"brief.{key}", **{"day": ctx.day, **shown}))


def _failed_checks(ctx: Context, code: str) -> Iterator[Told]:
    """Say that the numbers of a section still count the rows that its list was found at fault for."""
    table = _SCREENED.get(code)
    if table is None or ctx.spec.scope == "nation":
        return
    found = ctx.screened(table)
    failed = (found["verdict"] == "fail") & (found["severity"] == "major") & ~found["check"].isin(_SAID)
    if failed.any():
        where = "quality" if code == "dossiers" else code
        key = "failed" if where in ctx.sections else "failed-unseen"
        values = {"file": ctx.own(table), "checks": int(failed.sum()), "section": ctx.title(where)}
        yield _say(ctx, "caution", key, **values)


# --- the published figures --------------------------------------------------------------------------------------------


def _resolution(ctx: Context) -> Iterator[Told]:
    judged = national.province_funnel(ctx).frame
    pooled = national.averages(ctx)[0].iloc[0]
    day = format_date(ctx.index766.frame["period_end"].max().date(), ctx.lang)
    yield _say(ctx, "finding", "resolution", **ctx.share(pooled), units=len(judged), day=day)
    yield _apart(ctx, judged, pooled["value"])
    if len(low := judged[judged["position"] == "below998"]):
        yield _say(ctx, "ask", "ask-below", names=_named(ctx, low))
    check = national.monthly_check(ctx).frame.iloc[0]
    if check["verdict"] == "fail":
        highest, cumulative = (localised(check[side], ctx.lang) for side in ("computed", "stated"))
        yield _say(ctx, "finding", "months", year=ctx.spec.as_of[:4], highest=highest, cumulative=cumulative)
        yield _say(ctx, "ask", "ask-months")
    yield _say(ctx, "unknown", "unknown-provinces")


def _apart(ctx: Context, judged: pd.DataFrame, level: float) -> Told:
    """Name the units that chance does not explain, by direction; those that differ less are counted only."""
    told = {"level": format_percent(float(level), 1, ctx.lang)}
    far = judged[judged["position"].str.contains("998")].sort_values("value")
    if far.empty:
        return _say(ctx, "finding", "together", **told)
    sides = []
    for side in ("below", "above"):
        rows = far[far["position"] == f"{side}998"]
        pairs = zip(rows["unit"], rows["value"], strict=True)
        names = [f"{shown_name(unit, ctx.lang)} ({format_percent(float(value), 1, ctx.lang)})" for unit, value in pairs]
        sides += [ctx.prose(f"brief.apart-{side}", names=listed(names, ctx.lang, 5), **told)] if names else []
    less = {side: int((judged["position"] == f"{side}95").sum()) for side in ("above", "below")}
    return _say(ctx, "finding", "apart", sides="; ".join(sides), **less)


def _named(ctx: Context, rows: pd.DataFrame) -> str:
    return listed([shown_name(unit, ctx.lang) for unit in sorted(rows["unit"])], ctx.lang)


def _feedback(ctx: Context) -> Iterator[Told]:
    day = format_date(ctx.index766.frame["period_end"].max().date(), ctx.lang)
    row = national.feedback_in_time(ctx).frame.iloc[0]
    rest = int(row["denominator"] - row["numerator"])
    yield _say(ctx, "finding", "feedback", **ctx.share(row), day=day, rest=rest)
    if rest:
        yield _say(ctx, "ask", "ask-feedback", rest=rest)


def _index766(ctx: Context) -> Iterator[Told]:
    yield _say(ctx, "finding", "imputed")


def _unknown(ctx: Context) -> Iterator[Told]:
    yield _say(ctx, "unknown", "unknown-satisfaction", year=ctx.spec.as_of[:4])
    yield _say(ctx, "unknown", "unknown-impact")
    yield _say(ctx, "ask", "ask-record")


# --- an office's own files --------------------------------------------------------------------------------------------


def _dossiers(ctx: Context) -> Iterator[Told]:
    counts = ctx.tally()
    ladder = ctx.rates(counts, "all").frame.set_index("definition")
    resolved, due = (ladder.loc[name] for name in ("resolved", "due"))
    late = 0
    if pd.notna(resolved["value"]):
        late = int(resolved["denominator"] - resolved["numerator"])
        who = counts.frame["unit"].iloc[0]
        yield _say(ctx, "finding", "dossiers", who=who, late=late, **ctx.share(resolved))
    overdue, paused = (int(counts.frame[f"pending_{state}"].iloc[-1]) for state in ("overdue", "paused"))
    if overdue or paused:
        yield _say(ctx, "finding", "stocks", overdue=overdue, paused=paused)
    if late or overdue:
        key = "ask-late" if not overdue else "ask-overdue" if not late else "ask-late-overdue"
        yield _say(ctx, "ask", key, late=late, overdue=overdue)
    if paused:
        yield _say(ctx, "ask", "ask-paused", paused=paused)
    yield _say(ctx, "unknown", "unknown-supplement")
    if "responses" not in ctx.spec.inputs:
        yield _say(ctx, "unknown", "unknown-asked")
    if pd.notna(due["value"]):
        returned = int(counts.frame["withdrawn"].sum())
        yield _say(ctx, "note", "note-dossiers", returned=returned, **ctx.share(due, "due_"))


def _units(ctx: Context) -> Iterator[Told]:
    judged = dossiers.unit_funnel(ctx)
    yield Told("finding", " ".join(describe_funnel(judged, ctx.lang)[:-2]))
    if len(low := judged[judged["position"] == "below998"]):
        yield _say(ctx, "ask", "ask-below", names=_named(ctx, low))


def _form(ctx: Context) -> Iterator[Told]:
    found = dossiers.form_beside_list(ctx).frame
    unlike = int((found["verdict"] == "fail").sum())
    if unlike:
        yield _say(ctx, "finding", "form", unlike=unlike, compared=int((found["verdict"] != "unknown").sum()))
        yield _say(ctx, "ask", "ask-form", unlike=unlike)


def _cases(ctx: Context) -> Iterator[Told]:
    if lacking := [ctx.label("column", c) for c in ("due", "resolved") if c not in ctx.cases]:
        yield _say(ctx, "unknown", "cases-lacking", columns=", ".join(lacking))
    for text in registers.cases_answer(ctx):
        yield Told("finding", text)
        if late := registers.cases_late(ctx):
            yield _say(ctx, "ask", "ask-cases", late=late)


def _survey(ctx: Context) -> Iterator[Told]:
    yield from (Told("finding", text) for text in registers.survey_answer(ctx))
    yield _say(ctx, "unknown", "unknown-others")


def _models(ctx: Context) -> Iterator[Told]:
    frame = ctx.models
    baseline = int(frame["states_baseline"].fillna(False).sum()) if "states_baseline" in frame else 0
    yield _say(ctx, "unknown", "models" if baseline else "models-none", models=len(frame), baseline=baseline)
    if baseline < len(frame):
        yield _say(ctx, "ask", "ask-models", lacking=len(frame) - baseline)


def _targets(ctx: Context) -> Iterator[Told]:
    lower = ctx.spec.lower_is_better
    met = metrics.attainment_shares(ctx.targets, lower_is_better=lower).iloc[0]
    if pd.notna(met["value"]):
        yield _say(ctx, "finding", "targets", **ctx.share(met))
        each = metrics.attainment(ctx.targets, lower_is_better=lower)
        left = each.loc[each["target_outcome"] == "not_met", "target_name"].tolist()
        if left:
            yield _say(
                ctx, "ask", "ask-targets", left=len(left), names=", ".join(left[:6]) + ("; …" if left[6:] else "")
            )


def _comparison(ctx: Context) -> Iterator[Told]:
    yield from (Told("finding", text) for text in comparison.first_difference(ctx))


#: Sections whose numbers come from one list, and that list.
_SCREENED = {
    **{"dossiers": "dossiers", "cases": "cases", "survey": "responses"},
    **{"models": "models", "targets": "targets", "rubric": "rubric"},
}
#: Is no fault of a row, and what the sentence on models says anyway.
_SAID = ("can_be_evaluated",)

_PUBLISHED: dict[str, Callable[[Context], Iterable[Told]]] = {
    "resolution": _resolution,
    "feedback": _feedback,
    "index766": _index766,
    "comparison": _comparison,
    "unknown": _unknown,
}
_OF_UNITS: dict[str, Callable[[Context], Iterable[Told]]] = {
    "dossiers": _dossiers,
    "units": _units,
    "comparison": _comparison,
    "cases": _cases,
    "survey": _survey,
    "targets": _targets,
    "form": _form,
    "models": _models,
    "rubric": lambda ctx: (),
}
