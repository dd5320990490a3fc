"""The official forms of citizen reception and petitions, as the office reported them."""

from __future__ import annotations

from dvresearch import loaders, metrics
from dvresearch.evaluation.content import Block, Paragraph, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.screening import screen

__all__ = ["compose"]


def compose(ctx: Context) -> Section:
    """Return the section; it is left out when the specification names none of these forms."""
    paths = {key: ctx.spec.inputs[key] for key in PETITION_FORMS if key in ctx.spec.inputs}
    codes = ", ".join(PETITION_FORMS[key] for key in paths)
    blocks: list[Block] = [Paragraph(ctx.prose("petitions.lead", forms=codes), "lead")]
    if path := paths.get("form_01_kqgq"):
        lines = loaders.load_form(path, "01/KQGQ")
        shares = metrics.petition_results(lines, confidence=ctx.spec.confidence)
        named = ctx.with_remarks(shares).assign(what=[ctx.label("indicator", i) for i in shares["indicator"]])
        head = [ctx.column("unit"), ctx.column("what", label=ctx.label("column", "indicator"))]
        blocks.append(
            ctx.sheet(
                "petitions-resolved",
                ctx.prose("petitions.resolved"),
                named,
                ctx.estimate_columns(head, decimals=1),
                sources=[ctx.own("form_01_kqgq")],
                call="petition_results(load_form(path, '01/KQGQ'))",
                inputs=(path.name,),
            )
        )
    for key, path in paths.items():
        code = PETITION_FORMS[key]
        blocks.append(
            ctx.checks(
                f"{key.replace('_', '-')}-sums",
                ctx.prose("petitions.sums", form=code),
                screen(path, code),
                sources=[ctx.own(key)],
                call=f"screen(path, {code!r})",
                inputs=(path.name,),
                words="pass",
            )
        )
    return Section("petitions", ctx.prose("petitions.title"), tuple(blocks))
