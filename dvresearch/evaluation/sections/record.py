"""What the report says of itself: limits, the office's published figures, plan, revisions, origin of exhibits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from dvresearch import codebook, loaders, metrics
from dvresearch.evaluation.content import Block, Checks, Column, Exhibit, Figure, Paragraph, Section, Sheet, Traced
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.plan import departures, outline, read_plan
from dvresearch.evaluation.prose import has_prose, words
from dvresearch.evaluation.revisions import COLUMNS, read_revisions
from dvresearch.text import format_date, format_number
from dvresearch.wording import localised

__all__ = ["exhibits", "limits", "own", "planned", "revised", "unknown"]

_UNKNOWN = ("satisfaction", "models", "provinces", "mergers")
_LIMITS = ("timeliness", "supplement", "impact")


def unknown(ctx: Context) -> Section:
    """Return what the published figures do not allow to say."""
    told = (ctx.prose(f"unknown.{key}", year=ctx.spec.as_of[:4]) for key in _UNKNOWN)
    return Section("unknown", ctx.title("unknown"), tuple(map(Paragraph, told)))


def limits(ctx: Context) -> Section:
    """Return what the files of one office do not allow to say."""
    told = (ctx.prose(f"limits.{key}") for key in (*_LIMITS, *(() if ctx.many else ("others",))))
    return Section("limits", ctx.title("limits"), tuple(map(Paragraph, told)))


def own(ctx: Context) -> Section:
    """Return the office's own published figures: shown, recomputed, with intervals where there are counts."""
    rows = loaders.load_figures(ctx.spec.inputs["figures"])
    made = ctx.published(rows, f"load_figures({ctx.own('figures')!r})", inputs=(ctx.own("figures"),))
    is_share = rows["indicator"].map(lambda code: codebook.quantity(code) == "share").astype(bool)
    counted = rows[rows["denominator"].notna() & is_share]
    blocks: list[Block] = [
        Paragraph(ctx.prose("own.lead", figures=len(rows), units=rows["unit"].nunique()), "lead"),
        ctx.checks("own.own-shares", made.then(metrics.check_shares)),
        ctx.checks("own.own-parts", made.then(metrics.check_parts)),
        ctx.as_published("own.own-figures", made),
    ]
    if len(counted):
        shares = pd.concat(
            metrics.proportion(
                group,
                numerator="numerator",
                denominator="denominator",
                by=["unit", "period"],
                indicator=str(code),
                basis="unknown",
                **ctx.sure,
            )
            for code, group in counted.groupby("indicator", sort=False)
        ).reset_index(drop=True)
        how = "proportion({}, numerator='numerator', denominator='denominator', by=['unit', 'period'], ...)"
        blocks.append(ctx.estimates("own.own-rates", made.of(shares, how), decimals=2))
    return Section("own", ctx.title("own"), tuple(blocks))


# --- the plan ---------------------------------------------------------------------------------------------------------


def planned(ctx: Context) -> Section:
    """Return the plan written beforehand, and what departed from it."""
    plan = read_plan(ctx.spec.inputs["plan"])
    made, end = date.fromisoformat(plan["made"]), date.fromisoformat(ctx.spec.as_of)
    days = {"made": format_date(made, ctx.lang), "end": format_date(end, ctx.lang)}
    left = departures(plan, outline(ctx.spec, ctx.sections), ctx.spec.departures)
    questions = pd.DataFrame(
        [
            {
                "question": section["question"],
                "indicators": _names(ctx, "indicator", section["indicators"]),
                "definitions": _names(ctx, "definition", section["definitions"]),
                "analysis": section["analysis"],
            }
            for section in plan.get("section", {}).values()
        ],
        columns=["question", "indicators", "definitions", "analysis"],
    )
    before = made <= end
    blocks: list[Block] = [
        Paragraph(ctx.prose("plan.before" if before else "plan.after", **days), "lead" if before else "caution")
    ]
    if len(left):
        unstated = int((left["reason"] == "").sum())
        text = ctx.prose("plan.departed", count=len(left), unstated=unstated)
        told = left.assign(
            planned=[_in_words(ctx, *pair) for pair in zip(left["key"], left["planned"], strict=True)],
            done=[_in_words(ctx, *pair) for pair in zip(left["key"], left["done"], strict=True)],
            key=[_key(ctx, key) for key in left["key"]],
            reason=left["reason"].replace("", ctx.prose("plan.no-reason")),
        )
        call = "departures(read_plan(path), outline(spec, sections), spec.departures)"
        blocks += [Paragraph(text, "caution" if unstated else "text")]
        blocks += [_table(ctx, "plan.plan-departures", ctx.file("plan", told, call))]
    else:
        blocks.append(Paragraph(ctx.prose("plan.kept")))
    blocks.append(_table(ctx, "plan.plan-questions", ctx.file("plan", questions, "read_plan(path)")))
    return Section("plan", ctx.title("plan"), tuple(blocks))


def _key(ctx: Context, key: str) -> str:
    """Return a key of the plan in words, and as [departures] has to name it."""
    table, _, name = key.partition(".")
    if table == "section":
        return f"{ctx.prose('plan.section')} ({key})"
    return f"{ctx.prose(f'plan.key-{name}')} ({key})" if has_prose(f"plan.key-{name}") else key


def _in_words(ctx: Context, key: str, content: str) -> str:
    """Return a value of the plan in words where it has any."""
    table, _, name = key.partition(".")
    if table == "section":
        return ", ".join(
            next((ctx.label(kind, code) for kind in ("indicator", "definition") if codebook.find(kind, code)), code)
            for code in content.split(", ")
        )
    if table == "counting" and codebook.find("value", f"{name}.{content}"):
        return ctx.label("value", f"{name}.{content}")
    return localised(content, ctx.lang)


def _names(ctx: Context, kind: str, codes: Iterable[str]) -> str:
    """Return codes in words; one that the codebook no longer has stays as the plan wrote it."""
    return ", ".join(ctx.label(kind, code) if codebook.find(kind, code) else code for code in codes)


# --- revisions, and where exhibits are from ---------------------------------------------------------------------------


def revised(ctx: Context) -> Section:
    """Return the list of figures that were published and are now different."""
    rows = read_revisions(ctx.spec.inputs["revisions"])
    shown = rows.assign(
        date=[format_date(date.fromisoformat(day), ctx.lang) for day in rows["date"]],
        reason=rows["reason"].replace("", ctx.prose("plan.no-reason")),
    )
    count = format_number(len(rows), 0, ctx.lang)
    blocks: list[Block] = [Paragraph(ctx.prose("revisions.lead", count=count), "lead")]
    if len(rows):
        made = ctx.file("revisions", shown[list(COLUMNS)], "read_revisions(path)")
        blocks.append(_table(ctx, "revisions.revisions", made))
    return Section("revisions", ctx.title("revisions"), tuple(blocks))


def exhibits(ctx: Context, sections: Iterable[Section]) -> Section:
    """Return the list of tables, figures and checks, each with the call that made it and its inputs."""
    said, count, rows = words("printed", ctx.lang), {Sheet: 0, Figure: 0, Checks: 0}, []
    names = {Sheet: said["table"], Figure: said["figure"], Checks: said["checks"]}
    for block in (b for s in sections for b in s.blocks if isinstance(b, Exhibit)):
        kind = type(block)
        count[kind] += 1
        name = f"{names[kind]} {count[kind]}"
        rows.append({"exhibit": name, "title": block.title, "call": block.call, "inputs": ", ".join(block.inputs)})
    inputs = tuple(dict.fromkeys(name for row in rows for name in row["inputs"].split(", ") if name))
    frame = pd.DataFrame(rows, columns=["exhibit", "title", "call", "inputs"])
    table = _table(ctx, "exhibits.exhibits", Traced(frame, "Report.exhibits()", ("manifest.json",), inputs))
    return Section("exhibits", ctx.title("exhibits"), (Paragraph(ctx.prose("exhibits.lead"), "note"), table))


def _table(ctx: Context, key: str, made: Traced) -> Sheet:
    """Return a table of words."""
    return ctx.sheet(key, made, [Column(name, ctx.prose(f"words.{name}")) for name in made.frame.columns])
