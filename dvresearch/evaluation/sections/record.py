"""What the report says of itself: the plan and departures from it, revised figures, and where exhibits are from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pandas as pd

from dvresearch import codebook
from dvresearch.evaluation.content import Block, Checks, Column, Figure, Paragraph, Section, Sheet
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.plan import departures, outline, read_plan
from dvresearch.evaluation.prose import has_prose, words
from dvresearch.evaluation.revisions import COLUMNS, read_revisions
from dvresearch.text import format_date, format_number
from dvresearch.wording import localised

__all__ = ["exhibits", "planned", "revised"]


def planned(ctx: Context) -> Section:
    """Return the plan written beforehand, and what departed from it."""
    path = ctx.spec.inputs["plan"]
    plan = read_plan(path)
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
    blocks: list[Block] = [
        Paragraph(
            ctx.prose("plan.before" if made <= end else "plan.after", **days), "lead" if made <= end else "caution"
        ),
        _table(ctx, "plan-questions", questions, path.name, "read_plan(path)"),
    ]
    if len(left):
        unstated = int((left["reason"] == "").sum())
        blocks += [
            Paragraph(
                ctx.prose("plan.departed", count=len(left), unstated=unstated), "text" if not unstated else "caution"
            ),
            _table(
                ctx,
                "plan-departures",
                left.assign(
                    planned=[_in_words(ctx, *pair) for pair in zip(left["key"], left["planned"], strict=True)],
                    done=[_in_words(ctx, *pair) for pair in zip(left["key"], left["done"], strict=True)],
                    key=[_key(ctx, key) for key in left["key"]],
                    reason=left["reason"].replace("", ctx.prose("plan.no-reason")),
                ),
                path.name,
                "departures(read_plan(path), outline(spec, sections), spec.departures)",
            ),
        ]
    else:
        blocks.append(Paragraph(ctx.prose("plan.kept")))
    return Section("plan", ctx.prose("plan.title"), tuple(blocks))


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


def revised(ctx: Context) -> Section:
    """Return the list of figures that were published and are now different."""
    path = ctx.spec.inputs["revisions"]
    rows = read_revisions(path)
    days = [format_date(date.fromisoformat(day), ctx.lang) for day in rows["date"]]
    reasons = rows["reason"].replace("", ctx.prose("plan.no-reason"))
    shown = rows.assign(date=days, reason=reasons)
    count = format_number(len(rows), 0, ctx.lang)
    blocks: list[Block] = [Paragraph(ctx.prose("revisions.lead", count=count), "lead")]
    if len(rows):
        blocks.append(_table(ctx, "revisions", shown[list(COLUMNS)], path.name, "read_revisions(path)"))
    return Section("revisions", ctx.prose("revisions.title"), tuple(blocks))


def exhibits(ctx: Context, sections: Iterable[Section]) -> Section:
    """Return the list of tables, figures and checks, each with the call that made it and its inputs."""
    said, count, rows = words("printed", ctx.lang), {Sheet: 0, Figure: 0, Checks: 0}, []
    names = {Sheet: said["table"], Figure: said["figure"], Checks: said["checks"]}
    for block in (b for s in sections for b in s.blocks if not isinstance(b, Paragraph)):
        kind = type(block)
        count[kind] += 1
        name = f"{names[kind]} {count[kind]}"
        rows.append({"exhibit": name, "title": block.title, "call": block.call, "inputs": ", ".join(block.inputs)})
    inputs = tuple(dict.fromkeys(name for row in rows for name in row["inputs"].split(", ") if name))
    columns = ["exhibit", "title", "call", "inputs"]
    table = _table(ctx, "exhibits", pd.DataFrame(rows, columns=columns), "manifest.json", "Report.exhibits()", inputs)
    return Section("exhibits", ctx.prose("exhibits.title"), (replace(table, notes=(ctx.prose("exhibits.lead"),)),))


def _table(ctx: Context, code: str, frame: pd.DataFrame, source: str, call: str, inputs: tuple[str, ...] = ()) -> Sheet:
    """Return a table of words from one file; the list of exhibits, which rests on all of them, is folded."""
    columns = [Column(name, ctx.prose(f"words.{name}")) for name in frame.columns]
    key = f"{code.partition('-')[0]}.{code}"
    files = inputs or (source,)
    return ctx.sheet(key, frame, columns, call=call, sources=[source], inputs=files, folded=bool(inputs))
