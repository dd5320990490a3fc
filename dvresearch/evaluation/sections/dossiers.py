"""One unit's own dossiers: what was read, how they were resolved, and the form it reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import Context
from dvresearch.text import format_number
from dvresearch.wording.periods import period_words

if TYPE_CHECKING:
    import pandas as pd

#: Of the receipts of the middle month; the quietest month of a year (Tết) has more.
_THIN = 0.2

Definition = Literal["resolved", "due", "all"]

__all__ = ["compose", "form", "quality", "summary"]


def quality(ctx: Context) -> Section:
    """Return what was read and what the checks found."""
    path = ctx.spec.inputs["dossiers"]
    read = ctx.dossiers.attrs["load"]
    personal = ", ".join(read["personal"])
    dropped = ctx.prose("quality.dropped", columns=personal) if personal else ctx.prose("quality.none-dropped")
    rows = format_number(len(ctx.dossiers), 0, ctx.lang)
    blocks = (
        Paragraph(ctx.prose("quality.read", rows=rows, file=path.name, dropped=dropped), "lead"),
        ctx.checks(
            "quality.screening",
            ctx.screened("dossiers"),
            call="screen(path, 'dossiers')",
            of="dossiers",
            words="pass",
        ),
    )
    return Section("quality", ctx.prose("quality.title"), blocks)


def _rates(ctx: Context, counts: pd.DataFrame, definition: Definition, *by: str) -> pd.DataFrame:
    return metrics.resolution_rate(counts, by=["unit", *by], definition=definition, confidence=ctx.spec.confidence)


def summary(ctx: Context) -> list[str]:
    """Return the sentences of the summary."""
    whole = ctx.tally()
    return [
        s
        for rates in (_rates(ctx, whole, "resolved"), _rates(ctx, whole, "due"))
        for s in wording.describe(rates, ctx.lang)
    ]


def compose(ctx: Context) -> Section:
    """Return the section on resolution."""
    whole, months = ctx.tally(), ctx.tally(period="month")
    ladder = _rates(ctx, whole, "all")
    # stocks of several years are not added: where dossiers are is shown for the last
    last = whole.tail(1)
    returned, paused = float(whole["withdrawn"].sum()), float(last["pending_paused"].iloc[0])
    notes = [ctx.prose("dossiers.returned", returned=format_number(returned, 0, ctx.lang))]
    notes += [ctx.prose("dossiers.paused", paused=format_number(paused, 0, ctx.lang))] if paused else []
    asked = {"supplement_days", "supplement_requests"} & set(ctx.dossiers.columns)
    supplement = ctx.label("value", f"supplement.{ctx.spec.supplement}") if asked else ctx.prose("dossiers.no-days")
    by_field = _rates(ctx, ctx.tally("field"), "resolved", "field")
    by_month = _rates(ctx, months, "due", "period")
    call = f"tally(load_dossiers(path), as_of={ctx.spec.as_of!r}, clock={ctx.spec.clock!r}, ...)"
    counted = (
        "received",
        "carried_in",
        "resolved_within",
        "resolved_late",
        "withdrawn",
        "pending_within",
        "pending_overdue",
        "pending_paused",
    )
    blocks: list[Block] = [
        Paragraph(" ".join(wording.describe(ladder.iloc[:1], ctx.lang)), "lead"),
        Paragraph(
            ctx.prose(
                "dossiers.rules",
                clock=ctx.label("value", f"clock.{ctx.spec.clock}"),
                supplement=supplement,
            ),
            "note",
        ),
        *_thin_months(ctx, months),
        ctx.figure(
            "dossiers.ladder",
            "ladder",
            ladder,
            call=f"resolution_rate({call}, definition='all')",
            of="dossiers",
            notes=notes,
        ),
        ctx.figure("dossiers.flows", "flows", last, call=call, of="dossiers"),
        ctx.figure(
            "dossiers.months",
            "trend",
            by_month,
            call="resolution_rate(tally(..., period='month'), definition='due', by=['unit', 'period'])",
            of="dossiers",
        ),
        ctx.figure(
            "dossiers.fields",
            "intervals",
            by_field,
            call="resolution_rate(tally(..., by=['unit', 'field']), definition='resolved')",
            of="dossiers",
            unit="field",
        ),
        Paragraph(ctx.prose("dossiers.census"), "note"),
        ctx.sheet(
            "dossiers.months-table",
            ctx.with_periods(months),
            [ctx.period_column(), *(ctx.column(c, "count") for c in counted)],
            call="tally(load_dossiers(path), period='month', ...)",
            of="dossiers",
        ),
    ]
    return Section("dossiers", ctx.prose("dossiers.title"), tuple(blocks))


def _thin_months(ctx: Context, months: pd.DataFrame) -> list[Block]:
    """Warn of months with so few receipts that the list cannot be complete: their shares are of what was left over."""
    # a list drawn for one year holds of the year before only what was still open: mostly late dossiers
    thin = months[months["received"] < _THIN * months["received"].median()]
    names = ", ".join(period_words(p, ctx.lang) for p in thin["period"])
    return [Paragraph(ctx.prose("dossiers.thin", months=names), "caution")] if len(thin) else []


#: Columns that form and list of dossiers both count.
_COMPARED = ("received", "carried_in", "workload")


def form(ctx: Context) -> Section:
    """Return the section on the reported form; left out when there is none."""
    reported = ctx.form
    totals = reported.groupby(["period_start"], sort=True)[list(_COMPARED)].sum().reset_index()
    compared = metrics.compare_counts(totals, ctx.tally(period="month"), on="period_start", columns=_COMPARED)
    beside, both = "compare_counts(load_form(path), tally(...))", ("form", "dossiers")
    blocks = (
        Paragraph(ctx.prose("form.lead", sheets=len(totals)), "lead"),
        ctx.checks(
            "form.form-identities", metrics.check_tally(reported), call="check_tally(load_form(path))", of="form"
        ),
        ctx.checks("form.form-compared", compared, call=beside, of=both),
    )
    return Section("form", ctx.prose("form.title"), blocks)
