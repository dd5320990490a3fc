"""What the five source articles report, system by system: each number with its article."""

from __future__ import annotations

import itertools

import pandas as pd

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import ARTICLES, MODELS, Context

__all__ = ["grassroots", "models", "services", "targets"]


def _rows(ctx: Context, *prefixes: str) -> pd.DataFrame:
    """Return the figures of the articles whose indicator begins with one of `prefixes`."""
    sources = ("yenphong-2024", "songlo-2021", "laichau-2018", "queson-2022", "baclieu-2020")
    rows = ctx.figures[ctx.figures["source"].isin(sources)]
    return rows[rows["indicator"].str.startswith(prefixes)]


def _dated(ctx: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with their periods in words, which tell of one not counted to its end."""
    return rows.assign(period=ctx.with_periods(rows)["period_shown"].where(rows["period"] != "", ""))


def grassroots(ctx: Context) -> Section:
    """Democracy at the grass roots and supervision."""
    rows = _rows(
        ctx, "mttq", "people_inspection", "community_investment", "recommendations", "dialogue", "voter", "dv_"
    )
    blocks: tuple[Block, ...] = (
        ctx.published("grassroots.grassroots", rows, inputs=ARTICLES),
        Paragraph(
            ctx.prose("grassroots.not-told"),
            "note",
        ),
    )
    return Section("grassroots", ctx.prose("grassroots.title"), blocks)


def models(ctx: Context) -> Section:
    """Models: stages, awards and contests."""
    figures = ctx.figures[ctx.figures["indicator"].str.startswith(("models_", "awards_", "contest_"))]
    pairs = _stage_pairs(figures)
    shares = ctx.share(pairs, "models_stage_share", "x", "n", by=["unit", "period", "stage"])
    shown = ctx.with_periods(ctx.with_remarks(shares)).assign(
        stage=[" / ".join(ctx.label("indicator", c) for c in s.split("/")) for s in shares["stage"]]
    )
    head = [ctx.column("unit"), ctx.period_column(), ctx.column("stage")]
    parts = metrics.check_parts(_dated(ctx, figures))
    blocks: tuple[Block, ...] = (
        Paragraph(
            ctx.prose("models.stages-text"),
            "lead",
        ),
        ctx.sheet(
            "models.models-stages",
            shown,
            ctx.estimate_columns(head, decimals=1),
            call="proportion(stage pairs of load_figures(), by=['unit', 'period', 'stage'])",
            sources=figures["source"],
            inputs=(*MODELS, *ARTICLES),
        ),
        ctx.checks(
            "models.models-parts", parts, call="check_parts(load_figures())", sources=figures["source"], inputs=MODELS
        ),
        ctx.published(
            "models.models-published",
            figures,
            inputs=(*MODELS, *ARTICLES),
            notes=[ctx.prose("models.models-published-note")],
            folded=True,
        ),
    )
    return Section("models", ctx.prose("models.title"), blocks)


_STAGES = ("models_registered", "models_effective", "models_recognised", "models_exemplary", "models_replicated")


def _stage_pairs(figures: pd.DataFrame) -> pd.DataFrame:
    """Return each stage beside the nearest earlier one published for the same place and period."""
    whole = figures[(figures["part"] == "") & figures["indicator"].isin(_STAGES) & (figures["role"] != "derived")]
    out = []
    for (unit, period), rows in whole.groupby(["unit", "period"], sort=False):
        counts = rows.drop_duplicates("indicator").set_index("indicator")["value"]
        seen = [s for s in _STAGES if s in counts.index]
        out += [
            {"unit": unit, "period": period, "stage": f"{later}/{earlier}", "x": counts[later], "n": counts[earlier]}
            for earlier, later in itertools.pairwise(seen)
        ]
    return pd.DataFrame(out)


def services(ctx: Context) -> Section:
    """One-stop service, posting of procedures, digital means."""
    rows = _rows(
        ctx,
        "procedures",
        "time_cut",
        "agencies",
        "one_stop",
        "departments",
        "communes_in",
        "digital",
        "electronic",
        "management",
    )
    dated = _dated(ctx, rows)
    cover = _coverage(ctx, dated[rows["indicator"].str.startswith("one_stop") & rows["denominator"].notna()])
    # what flags say of several rows is said once in a paragraph
    once = cover.assign(flags=cover["flags"].where(~cover["flags"].duplicated(keep="last"), ""))
    parts = metrics.check_parts(dated)
    blocks: tuple[Block, ...] = (
        Paragraph(" ".join(wording.describe(once, ctx.lang)), "lead"),
        ctx.checks(
            "services.services-parts",
            parts,
            call="check_parts(load_figures())",
            sources=rows["source"],
            inputs=ARTICLES,
        ),
        ctx.published("services.services", rows, inputs=ARTICLES, notes=[ctx.prose("services.services-note")]),
    )
    title = ctx.prose("services.title")
    return Section("services", title, blocks)


def _coverage(ctx: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row of coverage for each kind of unit."""
    return pd.concat(
        [
            metrics.coverage(
                rows[rows["indicator"] == code],
                numerator="numerator",
                denominator="denominator",
                by=["unit", "period"],
                indicator=f"{code}_share",
                confidence=ctx.spec.confidence,
            )
            for code in dict.fromkeys(rows["indicator"])
        ],
        ignore_index=True,
    )


def targets(ctx: Context) -> Section:
    """Plan targets, houses built, and growth and income as context."""
    rows = _rows(ctx, "plan_targets", "houses")
    context = _rows(ctx, "growth", "income")
    numbers = rows.drop_duplicates("indicator").set_index("indicator")["value"]
    place = {"unit": ["thành phố Bạc Liêu"], "period": ["2019"]}
    reached = numbers["plan_targets_met"] + numbers["plan_targets_exceeded"]
    counted = pd.DataFrame({**place, "x": [reached], "n": [numbers["plan_targets"]]})
    met = ctx.share(counted, "plan_targets_met_share", "x", "n", by=["unit", "period"])
    plan = pd.DataFrame(
        {
            **place,
            "indicator": ["houses_built"],
            "planned": [numbers["houses_planned"]],
            "result": [numbers["houses_built"]],
        }
    )
    houses = metrics.attainment(plan).assign(
        target_name=lambda t: [ctx.label("indicator", c) for c in t["target_name"]]
    )
    blocks: tuple[Block, ...] = (
        Paragraph(" ".join(wording.describe(met, ctx.lang)), "lead"),
        Paragraph(" ".join(wording.describe(houses.drop(columns="target_outcome"), ctx.lang))),
        ctx.published("targets.targets", rows, inputs=ARTICLES),
        ctx.published("targets.context", context, inputs=ARTICLES, notes=[ctx.prose("targets.context-note")]),
    )
    return Section("targets", ctx.prose("targets.title"), blocks)
