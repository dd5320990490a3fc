"""The national evaluation: which sections, the summary, the sources."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from dvresearch import loaders, shipped, wording
from dvresearch.errors import ParameterError, Text
from dvresearch.evaluation.content import Paragraph, Report, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.sections import articles, closing, feedback, index766, resolution, satisfaction
from dvresearch.evaluation.spec import Spec
from dvresearch.text import format_date

__all__ = ["SECTIONS", "compose"]

#: Sections by their code, in the order of the report.
SECTIONS: dict[str, Callable[[Context], Section]] = {
    "resolution": resolution.compose,
    "feedback": feedback.compose,
    "satisfaction": satisfaction.compose,
    "index766": index766.compose,
    "grassroots": articles.grassroots,
    "services": articles.services,
    "models": articles.models,
    "targets": articles.targets,
    "unknown": closing.unknown,
    "annex": closing.annex,
}


def compose(spec: Spec) -> tuple[Report, list[Path]]:
    """Return the report of the published figures, and the files it rests on.

    Raises
    ------
    ParameterError
        When the specification names a section that does not exist.
    """
    unknown = [s for s in spec.sections if s not in SECTIONS]
    if unknown:
        raise ParameterError(
            Text(f"Không có phần {', '.join(unknown)}.", f"There is no section {', '.join(unknown)}."),
            expected=Text("các phần: " + ", ".join(SECTIONS), "the sections: " + ", ".join(SECTIONS)),
            hint=Text(
                "Sửa mục sections, hoặc bỏ mục này để lấy mọi phần.", "Correct sections, or leave it out for all."
            ),
        )
    ctx = Context(spec)
    sections = tuple(SECTIONS[code](ctx) for code in (spec.sections or SECTIONS))
    summary = _summary(ctx)
    sources = tuple(loaders.cite(s, ctx.lang) for s in ctx.used)
    names = {name for section in sections for b in section.blocks for name in getattr(b, "inputs", ())}
    subtitle = ctx.prose("summary.subtitle", day=format_date(date.fromisoformat(spec.as_of), ctx.lang))
    report = Report(spec.name, ctx.lang, spec.title, subtitle, summary, sections, sources)
    return report, [shipped.folder() / name for name in sorted(names)]


def _summary(ctx: Context) -> tuple[Paragraph, ...]:
    """Return the few sentences a reader takes away."""
    funnel = resolution.province_funnel(ctx)
    pooled, _ = resolution.pooled_and_equal(ctx, funnel)
    return (
        Paragraph(wording.describe(pooled, ctx.lang)[0]),
        Paragraph(wording.describe_funnel(funnel, ctx.lang)[0]),
        Paragraph(ctx.prose("summary.months")),
        Paragraph(wording.describe(feedback.pooled_feedback(ctx), ctx.lang)[0]),
        Paragraph(ctx.prose("summary.imputed")),
        Paragraph(ctx.prose("summary.impact")),
    )
