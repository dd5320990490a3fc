"""The official forms of citizen reception and petitions, as the office reported them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dvresearch import loaders, metrics
from dvresearch.errors import DataError
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.screening import screen
from dvresearch.text import format_number

#: What is counted of receptions, and the column of form 01/TCD with its total.
_RECEIVED = {"visits": "1", "visitors": "2", "matters": "3"}

__all__ = ["compose"]


def _beside_register(ctx: Context, path: Path) -> list[Block]:
    """Say whether form 01/TCD and the office's own register of receptions count alike."""
    if "cases" not in ctx.spec.inputs:
        return []
    try:
        found = metrics.receptions(ctx.cases, by=(), min_count=ctx.spec.privacy_threshold)
    except DataError:
        return []  # the section on the register says so
    form = loaders.load_form(path, "01/TCD")[list(_RECEIVED.values())].sum(min_count=1)
    register = found.set_index("indicator").loc[list(_RECEIVED), "value"]
    sides = {}
    for side, numbers in (("form", form), ("register", register)):
        told = ["…" if pd.isna(n) else format_number(n, 0, ctx.lang) for n in numbers]
        sides[side] = ctx.prose("petitions.received", **dict(zip(_RECEIVED, told, strict=True)))
    both = form.notna().to_numpy() & register.notna().to_numpy()
    if not both.any():
        return []
    alike = "alike" if (form.to_numpy() == register.to_numpy())[both].all() else "unlike"
    return [Paragraph(ctx.prose(f"petitions.{alike}", **sides), "note" if alike == "alike" else "caution")]


def compose(ctx: Context) -> Section:
    """Return the section; it is left out when the specification names none of these forms."""
    paths = {key: ctx.spec.inputs[key] for key in PETITION_FORMS if key in ctx.spec.inputs}
    codes = ", ".join(PETITION_FORMS[key] for key in paths)
    blocks: list[Block] = [Paragraph(ctx.prose("petitions.lead", forms=codes), "lead")]
    if path := paths.get("form_01_kqgq"):
        lines = loaders.load_form(path, "01/KQGQ")
        shares = metrics.petition_results(lines, confidence=ctx.spec.confidence)
        head = [ctx.column("unit"), ctx.indicator_column()]
        blocks.append(
            ctx.sheet(
                "petitions.petitions-resolved",
                ctx.with_remarks(shares),
                ctx.estimate_columns(head, decimals=1),
                call="petition_results(load_form(path, '01/KQGQ'))",
                of=("form_01_kqgq",),
            )
        )
    if path := paths.get("form_01_tcd"):
        blocks += _beside_register(ctx, path)
    for key, path in paths.items():
        code = PETITION_FORMS[key]
        blocks.append(
            ctx.checks(
                f"petitions.{key.replace('_', '-')}-sums",
                screen(path, code),
                call=f"screen(path, {code!r})",
                of=key,
                words="pass",
                title=ctx.prose("petitions.sums", form=code),
            )
        )
    return Section("petitions", ctx.prose("petitions.title"), tuple(blocks))
