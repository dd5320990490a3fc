"""Figures published for earlier years, system by system: each with its period and its source."""

from __future__ import annotations

import itertools

import pandas as pd

from dvresearch import metrics, wording
from dvresearch.evaluation.content import Block, Paragraph, Section, Traced
from dvresearch.evaluation.context import Context
from dvresearch.metrics.identities import term
from dvresearch.text import format_number
from dvresearch.wording import values

__all__ = ["annex", "grassroots", "local", "models", "reception", "satisfaction", "services", "targets"]

#: The source articles of the project.
_ARTICLES = ("yenphong-2024", "songlo-2021", "laichau-2018", "queson-2022", "baclieu-2020")


# --- satisfaction -----------------------------------------------------------------------------------------------------


def satisfaction(ctx: Context) -> Section:
    """Satisfaction: the survey series with its break, and what volunteers and derived numbers cannot tell."""
    series = ctx.national("sipas").then(metrics.breaks)
    figures = ctx.figures
    raters = metrics.published_satisfaction(figures[figures["indicator"] == "raters_satisfied_share"], **ctx.sure)
    blocks: tuple[Block, ...] = (
        Paragraph(ctx.prose("satisfaction.series", **_ends(ctx, series.frame)), "lead"),
        Paragraph(_gaps(ctx, series.frame)),
        ctx.figure("satisfaction.sipas", "trend", series, notes=[ctx.prose("satisfaction.sipas-note")]),
        Paragraph(" ".join(wording.describe(raters, ctx.lang)), "caution"),
        Paragraph(ctx.prose("satisfaction.needed"), "note"),
        ctx.as_published("satisfaction.sipas-published", _beginning(ctx, "sipas")),
        ctx.as_published(
            "satisfaction.par-published",
            _beginning(ctx, "par_index"),
            notes=[ctx.prose("satisfaction.par-published-note")],
        ),
    )
    return Section("satisfaction", ctx.title("satisfaction"), blocks)


def _beginning(ctx: Context, *prefixes: str) -> Traced:
    """Return the figures whose indicator begins with one of `prefixes`."""
    return ctx.published(ctx.figures[ctx.figures["indicator"].str.startswith(prefixes)])


def _gaps(ctx: Context, series: pd.DataFrame) -> str:
    """Say for which years there is no figure, and on how many ballots the others rest."""
    years = sorted(map(int, series["period"]))
    missing = [str(y) for y in range(years[0], years[-1]) if y not in years]
    ballots = ctx.national("sipas_respondents").frame.sort_values("period")
    counted = [
        f"{values.hedged(format_number(row['value'], 0, ctx.lang), row['hedge'], ctx.lang)} ({row['period']})"
        for row in ballots.to_dict("records")
    ]
    told = [ctx.prose("satisfaction.missing", years=", ".join(missing))] if missing else []
    return " ".join([*told, ctx.prose("satisfaction.ballots", counted=", ".join(counted))])


def _ends(ctx: Context, marked: pd.DataFrame) -> dict[str, str]:
    """Return first and last value on either side of the break, as text."""
    out = {}
    segments = list(dict.fromkeys(marked["segment"]))
    for side, segment in (("before", segments[0]), ("after", segments[-1])):
        rows = marked[marked["segment"] == segment]
        for end, row in (("first", rows.iloc[0]), ("last", rows.iloc[-1])):
            number = values.value(row["value"], "share", None, ctx.lang)
            out[f"{side}_{end}"] = values.hedged(number, row["hedge"], ctx.lang)
            out[f"{side}_{end}_year"] = str(row["period"])
    return out


# --- dossiers of localities -------------------------------------------------------------------------------------------

_QUE_SON = {"within": "resolved_within", "late": "resolved_late", "overdue": "pending_overdue", "total": "total"}


def local(ctx: Context) -> Section:
    """Return what localities published of their dossiers, and whether it adds up."""
    tallies = ctx.tallies
    rows = tallies.frame[tallies.frame["unit"] == "huyện Quế Sơn"]
    district = ctx.published(rows, "load_tallies()", inputs=tallies.inputs)
    ladder = district.then(metrics.resolution_rate, by="unit", definition="all", total_is="workload")
    numbers = {k: format_number(float(rows[c].iloc[0]), 0, ctx.lang) for k, c in _QUE_SON.items()}
    derived = format_number(ladder.frame.set_index("definition").loc["workload", "numerator"], 0, ctx.lang)
    identities = tallies.then(metrics.check_tally)
    every = tallies.then(metrics.resolution_rate, by=["unit", "group", "period"], definition="all")
    every = every.of(_with_doubts(ctx, every.frame.dropna(subset="value"), identities.frame))
    bare = _without_counts(ctx)
    of_dossiers = ctx.figures["indicator"].str.startswith("dossiers_")  # other shares are checked in their own section
    printed = ctx.published(ctx.figures[ctx.figures["source"].isin(tallies.sources) & of_dossiers])
    head = [ctx.column("unit"), ctx.column("group"), ctx.period_column(), ctx.column("definition")]
    blocks: tuple[Block, ...] = (
        Paragraph(ctx.prose("local.text", **numbers), "lead"),
        ctx.figure("local.flows", "flows", district),
        ctx.figure(
            "local.ladder", "ladder", ladder, notes=[ctx.prose("local.ladder-note", derived=derived, **numbers)]
        ),
        ctx.estimates(
            "local.local-rates",
            every,
            decimals=2,
            notes=[ctx.prose("local.local-rates-note"), *_not_stated(ctx, every.frame)],
        ),
        ctx.sheet(
            "local.local-uncounted",
            bare,
            [
                ctx.indicator_column(),
                *head,
                *([ctx.column("hedge")] if bare.frame["hedge"].any() else []),
                ctx.column("value", "measure"),
                ctx.remarks_column(),
            ],
            notes=[ctx.prose("local.local-uncounted-note"), *_not_stated(ctx, bare.frame)],
        ),
        ctx.checks("local.local-identities", identities.of(_known(identities.frame))),
        ctx.checks("local.local-shares", printed.then(metrics.check_shares)),
    )
    return Section("local", ctx.title("local"), blocks)


def _known(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["verdict"] != "unknown"]


def _not_stated(ctx: Context, table: pd.DataFrame) -> list[str]:
    """Return the note on periods that sources do not give, where there are any."""
    return [ctx.prose("local.no-period")] if (table["period"] == "").any() else []


def _with_doubts(ctx: Context, rates: pd.DataFrame, identities: pd.DataFrame) -> pd.DataFrame:
    """Say beside every rate whether the counts it rests on add up."""
    doubts = {verdict: set(identities.loc[identities["verdict"] == verdict, "where"]) for verdict in ("fail", "review")}
    title = ctx.prose("local.local-identities")
    words = {verdict: ctx.prose(f"local.counts-{verdict}", check=title) for verdict in doubts}
    names = [", ".join(w for w in row if w) for row in rates[["unit", "period", "group"]].itertuples(index=False)]
    told = ["; ".join(words[v] for v, places in doubts.items() if name in places) for name in names]
    return rates.assign(doubts=told)


def _without_counts(ctx: Context) -> Traced:
    """Return the shares of dossiers that localities publish without numerator and denominator."""
    figures = ctx.figures[ctx.figures["indicator"].isin(["dossiers_in_time_share", "dossiers_overdue_share"])]
    rows = figures[figures["denominator"].isna() & (figures["unit_level"] != "nation")]
    found = ctx.published(rows)
    return found.of(
        ctx.with_periods(found.frame).assign(
            group=[term(g, ctx.lang) for g in rows["part"]],
            what=[ctx.label("indicator", i) for i in rows["indicator"]],
            definition=[ctx.label("definition", d) for d in rows["definition"]],
            measure="share",
            remarks=ctx.prose("local.no-counts"),
        )
    )


# --- reception and petitions ------------------------------------------------------------------------------------------

_RECEPTION = ("visits", "visitors", "matters", "petitions_", "complaint", "denunciation", "head_", "delegation")
#: Shares of the articles, and the counts they are of.
_HANDLED = (
    ("feedback_handled_share", "feedback_handled", "feedback_received"),
    ("petitions_resolved_share", "petitions_resolved", "petitions_in_authority"),
)


def reception(ctx: Context) -> Section:
    """Return what was published of citizen reception, petitions and feedback."""
    rows = ctx.figures[ctx.figures["source"] == "yenphong-2024"].drop_duplicates("indicator").set_index("indicator")
    handled = [
        metrics.proportion(
            rows.loc[[x], ["unit", "period"]].assign(x=rows["value"][x], n=rows["value"][n]),
            numerator="x",
            denominator="n",
            by=["unit", "period"],
            indicator=share,
            basis="census",
            **ctx.sure,
        )
        for share, x, n in _HANDLED
    ]
    told = " ".join(sentence for shares in handled for sentence in wording.describe(shares, ctx.lang))
    sources = [s for s in _beginning(ctx, *_RECEPTION).sources if s not in ("yenphong-2024", "queson-2022")]
    found = ctx.published(ctx.figures[ctx.figures["source"].isin(sources)])
    checked = ctx.published(ctx.figures[ctx.figures["source"].isin([*sources, "yenphong-2024"])])
    blocks: tuple[Block, ...] = (
        Paragraph(told, "lead"),
        ctx.checks("reception.petition-shares", checked.of(_with_counts(ctx, checked.frame), "check_shares({})")),
        ctx.as_published("reception.petitions", found, notes=[ctx.prose("reception.petitions-note")]),
    )
    return Section("reception", ctx.title("reception"), blocks)


def _with_counts(ctx: Context, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the checks of printed shares, each with the counts it was recomputed from."""
    others, found = figures[figures["value"] > 1], []
    for _, row in figures[figures["denominator"] > 0].iterrows():
        counts = "/".join(format_number(row[c], 0, ctx.lang) for c in ("numerator", "denominator"))
        checked = metrics.check_shares(pd.concat([figures.loc[[row.name]], others]))
        found.append(checked.assign(where=[f"{where} ({counts})" for where in checked["where"]]))
    return pd.concat(found, ignore_index=True)


# --- the source articles ----------------------------------------------------------------------------------------------


def _rows(ctx: Context, *prefixes: str) -> Traced:
    """Return the figures of the articles whose indicator begins with one of `prefixes`."""
    rows = ctx.figures[ctx.figures["source"].isin(_ARTICLES)]
    return ctx.published(rows[rows["indicator"].str.startswith(prefixes)])


def _dated(ctx: Context, made: Traced) -> Traced:
    """Return `made` with its periods in words, which tell of one not counted to its end."""
    rows = made.frame
    return made.of(rows.assign(period=ctx.with_periods(rows)["period_shown"].where(rows["period"] != "", "")))


def grassroots(ctx: Context) -> Section:
    """Democracy at the grass roots and supervision."""
    rows = _rows(
        ctx, "mttq", "people_inspection", "community_investment", "recommendations", "dialogue", "voter", "dv_"
    )
    told = Paragraph(ctx.prose("grassroots.not-told"), "lead")
    return Section("grassroots", ctx.title("grassroots"), (told, ctx.as_published("grassroots.grassroots", rows)))


def models(ctx: Context) -> Section:
    """Models: stages, awards and contests."""
    figures = _beginning(ctx, "models_", "awards_", "contest_")
    shares = figures.of(_stage_pairs(figures.frame), "stage pairs of {}").then(
        metrics.proportion,
        numerator="x",
        denominator="n",
        by=["unit", "period", "stage"],
        indicator="models_stage_share",
        basis="census",
        **ctx.sure,
    )
    named = [" / ".join(ctx.label("indicator", c) for c in s.split("/")) for s in shares.frame["stage"]]
    blocks: tuple[Block, ...] = (
        Paragraph(ctx.prose("models.stages-text"), "lead"),
        ctx.estimates("models.models-stages", shares.of(shares.frame.assign(stage=named))),
        ctx.checks("models.models-parts", _dated(ctx, figures).then(metrics.check_parts)),
        ctx.as_published("models.models-published", figures, notes=[ctx.prose("models.models-published-note")]),
    )
    return Section("models", ctx.title("models"), blocks)


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


_SERVICES = (
    *("procedures", "time_cut", "agencies", "one_stop", "departments"),
    *("communes_in", "digital", "electronic", "management"),
)


def services(ctx: Context) -> Section:
    """One-stop service, posting of procedures, digital means."""
    rows = _rows(ctx, *_SERVICES)
    dated = _dated(ctx, rows)
    covered = rows.frame["indicator"].str.startswith("one_stop") & rows.frame["denominator"].notna()
    cover = pd.concat(
        metrics.coverage(
            group,
            numerator="numerator",
            denominator="denominator",
            by=["unit", "period"],
            indicator=f"{code}_share",
            **ctx.sure,
        )
        for code, group in dated.frame[covered].groupby("indicator", sort=False)
    ).reset_index(drop=True)
    # what flags say of several rows is said once in a paragraph
    once = cover.assign(flags=cover["flags"].where(~cover["flags"].duplicated(keep="last"), ""))
    blocks: tuple[Block, ...] = (
        Paragraph(" ".join(wording.describe(once, ctx.lang)), "lead"),
        ctx.checks("services.services-parts", dated.then(metrics.check_parts)),
        ctx.as_published("services.services", rows, notes=[ctx.prose("services.services-note")]),
    )
    return Section("services", ctx.title("services"), blocks)


def targets(ctx: Context) -> Section:
    """Plan targets, houses built, and growth and income as context."""
    rows = _rows(ctx, "plan_targets", "houses")
    numbers = rows.frame.drop_duplicates("indicator").set_index("indicator")["value"]
    place = {"unit": ["thành phố Bạc Liêu"], "period": ["2019"]}
    reached = numbers["plan_targets_met"] + numbers["plan_targets_exceeded"]
    met = metrics.proportion(
        pd.DataFrame({**place, "x": [reached], "n": [numbers["plan_targets"]]}),
        numerator="x",
        denominator="n",
        by=["unit", "period"],
        indicator="plan_targets_met_share",
        basis="census",
        **ctx.sure,
    )
    built = {"indicator": ["houses_built"], "planned": [numbers["houses_planned"]], "result": [numbers["houses_built"]]}
    houses = metrics.attainment(pd.DataFrame({**place, **built}))
    houses["target_name"] = [ctx.label("indicator", c) for c in houses["target_name"]]
    blocks: tuple[Block, ...] = (
        Paragraph(" ".join(wording.describe(met, ctx.lang)), "lead"),
        Paragraph(" ".join(wording.describe(houses.drop(columns="target_outcome"), ctx.lang))),
        ctx.as_published("targets.targets", rows),
        ctx.as_published("targets.context", _rows(ctx, "growth", "income"), notes=[ctx.prose("targets.context-note")]),
    )
    return Section("targets", ctx.title("targets"), blocks)


def annex(ctx: Context) -> Section:
    """Return every figure of the source articles."""
    rows = ctx.published(ctx.figures[ctx.figures["source"].isin(_ARTICLES)])
    table = ctx.as_published("annex.articles", rows, figures=len(rows.frame))
    return Section("annex", ctx.title("annex"), (table,))
