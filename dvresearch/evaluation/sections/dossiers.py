"""One office's dossiers, or those of several units: what was read, how they were resolved, and the forms reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dvresearch import loaders, metrics, wording
from dvresearch.errors import DataError
from dvresearch.evaluation.content import Block, Paragraph, Section, Traced
from dvresearch.evaluation.context import Context, with_counts
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.evaluation.lists import once
from dvresearch.metrics.funnel import FEWEST
from dvresearch.screening import screen
from dvresearch.text import format_number
from dvresearch.wording.periods import period_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvresearch.evaluation.content import Column

__all__ = ["compared", "dossiers", "form", "form_beside_list", "petitions", "quality", "unit_funnel", "units"]

#: Of the receipts of the middle month; the quietest month of a year (Tết) has more.
_THIN = 0.2
#: What the table of months counts.
_COUNTED = (
    *("received", "carried_in", "resolved_within", "resolved_late"),
    *("withdrawn", "pending_within", "pending_overdue", "pending_paused"),
)
#: Columns that form and list of dossiers both count.
_COMPARED = ("received", "carried_in", "workload")


def quality(ctx: Context) -> Section:
    """Return what was read and what the checks found."""
    personal = ", ".join(ctx.dossiers.attrs["load"]["personal"])
    dropped = ctx.prose("quality.dropped", columns=personal) if personal else ctx.prose("quality.none-dropped")
    rows = format_number(len(ctx.dossiers), 0, ctx.lang)
    found = ctx.screened("dossiers")
    failed = int(((found["verdict"] == "fail") & (found["severity"] == "major")).sum())
    answer = Paragraph(ctx.prose("quality.answer", failed=failed, checks=len(found)), "lead")
    read = Paragraph(ctx.prose("quality.read", rows=rows, file=ctx.own("dossiers"), dropped=dropped))
    return Section("quality", ctx.title("quality"), (answer, read, ctx.screening("dossiers")))


def dossiers(ctx: Context) -> Section:
    """Return the section on resolution."""
    whole, months = ctx.tally(), ctx.tally(period="month")
    ladder = ctx.rates(whole, "all")
    # stocks of several years are not added: where dossiers are is shown for the last
    last = whole.of(whole.frame.tail(1))
    returned, paused = float(whole.frame["withdrawn"].sum()), float(last.frame["pending_paused"].iloc[0])
    notes = [ctx.prose("dossiers.returned", returned=format_number(returned, 0, ctx.lang))]
    notes += [ctx.prose("dossiers.paused", paused=format_number(paused, 0, ctx.lang))] if paused else []
    asked = {"supplement_days", "supplement_requests"} & set(ctx.dossiers.columns)
    supplement = ctx.label("value", f"supplement.{ctx.spec.supplement}") if asked else ctx.prose("dossiers.no-days")
    clock = ctx.label("value", f"clock.{ctx.spec.clock}")
    fields = ctx.rates(ctx.tally("field"), "resolved", "field")
    blocks: tuple[Block, ...] = (
        Paragraph(" ".join(wording.describe(ladder.frame.iloc[:1], ctx.lang)), "lead"),
        *_thin_months(ctx, months.frame),
        ctx.figure("dossiers.ladder", "ladder", ladder, notes=notes),
        Paragraph(ctx.prose("dossiers.rules", clock=clock, supplement=supplement), "note"),
        Paragraph(ctx.prose("dossiers.census"), "note"),
        ctx.estimates("dossiers.fields-table", fields),
        ctx.estimates("dossiers.paused-fields", _paused(ctx)),
        ctx.figure("dossiers.fields", "intervals", fields, unit="field"),
        ctx.figure("dossiers.flows", "flows", last),
        ctx.figure("dossiers.months", "trend", ctx.rates(months, "due", "period")),
        ctx.sheet(
            "dossiers.months-table",
            months.of(ctx.with_periods(months.frame)),
            [ctx.period_column(), *(ctx.column(c, "count") for c in _COUNTED)],
        ),
    )
    return Section("dossiers", ctx.title("dossiers"), blocks)


def _paused(ctx: Context) -> Traced:
    """Return how many dossiers of each field wait for the citizen at the end of the period."""
    counted = {"numerator": "pending_paused", "denominator": "workload", "by": ["field"], "basis": "census"}
    counts = ctx.tally("field")
    last = counts.of(counts.frame[counts.frame["period_end"] == counts.frame["period_end"].max()])
    return last.then(metrics.proportion, indicator="dossiers_paused_share", **counted, **ctx.sure)


def _thin_months(ctx: Context, months: pd.DataFrame) -> list[Block]:
    """Warn of months with so few receipts that the list cannot be complete: their shares are of what was left over."""
    # a list drawn for one year holds of the year before only what was still open: mostly late dossiers
    thin = months[months["received"] < _THIN * months["received"].median()]
    names = ", ".join(period_words(p, ctx.lang) for p in thin["period"])
    return [Paragraph(ctx.prose("dossiers.thin", months=names), "caution")] if len(thin) else []


# --- several units beside each other ----------------------------------------------------------------------------------


def compared(ctx: Context, code: str, shares: Traced, beside: Sequence[Column] = ()) -> list[Block]:
    """Return the funnel of one share of every unit: picture, sentences, table with the columns `beside` behind it."""
    if shares.frame["denominator"].notna().sum() < FEWEST:
        return [Paragraph(ctx.prose("units.too-few"), "note")]
    judged = shares.then(metrics.funnel)
    return [
        ctx.figure(f"units.{code}", "funnel", judged, code=f"{code}-funnel"),
        Paragraph(" ".join(wording.describe_funnel(judged.frame, ctx.lang))),
        ctx.funnel_table(f"units.{code}", judged, beside=beside, code=f"{code}-table"),
    ]


@once
def unit_funnel(ctx: Context) -> pd.DataFrame:
    """Return the share of those resolved of every unit with its funnel limits."""
    return metrics.funnel(ctx.rates(ctx.tally(each=True), "resolved").frame)


def units(ctx: Context) -> Section:
    """Return the section on the dossiers of every unit."""
    counts = ctx.tally(each=True)
    rates = ctx.rates(counts, "resolved")
    # what a share of those resolved does not show: a stock at the end of the period, a flow through all of it
    beside = counts.frame.groupby("unit", sort=False).agg(
        pending_overdue=("pending_overdue", "last"),
        pending_paused=("pending_paused", "last"),
        withdrawn=("withdrawn", "sum"),
    )
    columns = [ctx.column(name, "count") for name in beside]
    blocks = (
        Paragraph(ctx.prose("units.lead", units=len(rates.frame)), "lead"),
        *compared(ctx, "units", with_counts(rates, beside.reset_index()), columns),
        Paragraph(ctx.prose("units.meaning"), "note"),
    )
    return Section("units", ctx.title("units"), blocks)


# --- official forms ---------------------------------------------------------------------------------------------------


@once
def form_beside_list(ctx: Context) -> Traced:
    """Return whether form II.06a and the list of dossiers count alike in the windows of the form."""
    totals = ctx.form.groupby("period_start", sort=True)[list(_COMPARED)].sum().reset_index()
    ends = ctx.form["period_end"] + pd.Timedelta(days=1)
    windows = sorted({day.date() for day in [*ctx.form["period_start"], *ends] if pd.notna(day)})
    listed = ctx.tally(period=tuple(windows))
    return ctx.file("form", totals).then(metrics.compare_counts, listed, on="period_start", columns=_COMPARED)


def form(ctx: Context) -> Section:
    """Return the section on the reported form: its own sums, and the list of dossiers it should agree with."""
    sides = form_beside_list(ctx)
    counted = sides.frame["verdict"].value_counts()
    agreed = {k: int(counted.get(v, 0)) for k, v in (("alike", "pass"), ("unlike", "fail"), ("unknown", "unknown"))}
    blocks = (
        Paragraph(ctx.prose("form.lead", sheets=ctx.form["period_start"].nunique(), **agreed), "lead"),
        ctx.checks("form.form-compared", sides),
        ctx.checks("form.form-identities", ctx.file("form").then(metrics.check_tally)),
    )
    return Section("form", ctx.title("form"), blocks)


#: What is counted of receptions, and the column of form 01/TCD with its total.
_RECEIVED = {"visits": "1", "visitors": "2", "matters": "3"}


def petitions(ctx: Context) -> Section:
    """Return the section on the official forms of citizen reception and petitions, as the office reported them."""
    paths = {key: ctx.spec.inputs[key] for key in PETITION_FORMS if key in ctx.spec.inputs}
    codes = ", ".join(PETITION_FORMS[key] for key in paths)
    sums = {
        key: ctx.file(key, screen(path, PETITION_FORMS[key]), f"screen({path.name!r}, {PETITION_FORMS[key]!r})")
        for key, path in paths.items()
    }
    verdicts = pd.concat([found.frame["verdict"] for found in sums.values()])
    failed = {"failed": int((verdicts == "fail").sum()), "sums": int(verdicts.isin(["pass", "fail"]).sum())}
    blocks: list[Block] = [Paragraph(ctx.prose("petitions.lead", forms=codes, **failed), "lead")]
    if path := paths.get("form_01_tcd"):
        blocks += _beside_register(ctx, path)
    if path := paths.get("form_01_kqgq"):
        lines = ctx.file("form_01_kqgq", loaders.load_form(path, "01/KQGQ"), f"load_form({path.name!r}, '01/KQGQ')")
        shares = lines.then(metrics.petition_results, **ctx.sure)
        blocks.append(ctx.estimates("petitions.petitions-resolved", shares))
    for key, found in sums.items():
        place = f"{key.replace('_', '-')}-sums"
        blocks.append(ctx.checks("petitions.sums", found, words="pass", code=place, form=PETITION_FORMS[key]))
    return Section("petitions", ctx.title("petitions"), tuple(blocks))


def _beside_register(ctx: Context, path: Path) -> list[Block]:
    """Say whether form 01/TCD and the office's own register of receptions count alike."""
    if "cases" not in ctx.spec.inputs:
        return []
    try:
        found = metrics.receptions(ctx.cases, by=(), min_count=ctx.spec.privacy_threshold)
    except DataError:
        return []  # the section on the register says so
    reported = loaders.load_form(path, "01/TCD")[list(_RECEIVED.values())].sum(min_count=1)
    register = found.set_index("indicator").loc[list(_RECEIVED), "value"]
    sides = {}
    for side, numbers in (("form", reported), ("register", register)):
        told = ["…" if pd.isna(n) else format_number(n, 0, ctx.lang) for n in numbers]
        sides[side] = ctx.prose("petitions.received", **dict(zip(_RECEIVED, told, strict=True)))
    both = reported.notna().to_numpy() & register.notna().to_numpy()
    if not both.any():
        return []
    alike = "alike" if (reported.to_numpy() == register.to_numpy())[both].all() else "unlike"
    return [Paragraph(ctx.prose(f"petitions.{alike}", **sides), "note" if alike == "alike" else "caution")]
