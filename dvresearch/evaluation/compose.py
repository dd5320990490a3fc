"""Which sections a report of each scope has, what its summary says, what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from dvresearch import shipped, wording
from dvresearch.errors import ParameterError, Text
from dvresearch.evaluation.content import Checks, Paragraph, Report, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.sections import (
    articles,
    closing,
    dossiers,
    feedback,
    index766,
    own,
    registers,
    resolution,
    satisfaction,
)
from dvresearch.evaluation.spec import Spec
from dvresearch.text import format_date

__all__ = ["SECTIONS", "compose"]

Sections = dict[str, Callable[[Context], Section]]

#: Sections of each scope by their code, in the order of the report.
SECTIONS: dict[str, Sections] = {
    "nation": {
        "resolution": resolution.compose,
        "feedback": feedback.compose,
        "satisfaction": satisfaction.compose,
        "index766": index766.compose,
        "grassroots": articles.grassroots,
        "services": articles.services,
        "models": articles.models,
        "targets": articles.targets,
        "unknown": closing.unknown,
        "own": own.compose,
        "annex": closing.annex,
    },
    "commune": {
        "quality": dossiers.quality,
        "dossiers": dossiers.compose,
        "form": dossiers.form,
        "cases": registers.cases,
        "survey": registers.survey,
        "models": registers.models,
        "targets": registers.targets,
        "rubric": registers.rubric,
        "limits": closing.limits,
    },
}


#: Sections that are left out when the specification names no such file.
NEEDS = {
    "own": "figures",
    "form": "form",
    "cases": "cases",
    "survey": "responses",
    "models": "models",
    "targets": "targets",
    "rubric": "rubric",
}


def compose(spec: Spec) -> tuple[Report, list[Path]]:
    """Return the report of a specification, and the files it rests on.

    Raises
    ------
    ParameterError
        When the specification names a section that does not exist.
    """
    known = SECTIONS[spec.scope]
    unknown = [code for code in spec.sections if code not in known]
    if unknown:
        raise ParameterError(
            Text(f"Không có phần {', '.join(unknown)}.", f"There is no section {', '.join(unknown)}."),
            expected=Text("các phần: " + ", ".join(known), "the sections: " + ", ".join(known)),
            hint=Text(
                "Sửa mục sections, hoặc bỏ mục này để lấy mọi phần.", "Correct sections, or leave it out for all."
            ),
        )
    ctx = Context(spec)
    wanted = [code for code in (spec.sections or known) if _has_files(code, spec)]
    sections = tuple(_without_empty(known[code](ctx)) for code in wanted)
    summary = _summary(ctx, wanted)
    citations = {s: ctx.citation(s) for s in ctx.used}
    names = {name for section in sections for b in section.blocks for name in getattr(b, "inputs", ())}
    subtitle = ctx.prose(f"summary.{spec.scope}", day=format_date(date.fromisoformat(spec.as_of), ctx.lang))
    report = Report(spec.name, ctx.lang, spec.title, subtitle, summary, sections, citations)
    return report, [
        *spec.inputs.values(),
        *(shipped.folder() / n for n in sorted(names) if (shipped.folder() / n).exists()),
    ]


def _has_files(code: str, spec: Spec) -> bool:
    """Whether the specification names the files a section is about; the national sections need none."""
    return code not in NEEDS or NEEDS[code] in spec.inputs or (spec.scope == "nation" and code != "own")


def _without_empty(section: Section) -> Section:
    """Return the section without checks that found nothing to check."""
    kept = tuple(b for b in section.blocks if not (isinstance(b, Checks) and b.frame.empty))
    return Section(section.code, section.title, kept)


def _summary(ctx: Context, wanted: Sequence[str]) -> tuple[Paragraph, ...]:
    """Return the few sentences a reader takes away from the sections in the report."""
    lines: list[str] = []
    if "resolution" in wanted:
        funnel = resolution.province_funnel(ctx)
        pooled, _ = resolution.pooled_and_equal(ctx, funnel)
        lines += [wording.describe(pooled, ctx.lang)[0], wording.describe_funnel(funnel, ctx.lang)[0]]
        if (resolution.monthly_check(ctx)["verdict"] == "fail").any():
            lines.append(ctx.prose("summary.months"))
    if "dossiers" in wanted:
        lines += dossiers.summary(ctx)
    if "feedback" in wanted:
        lines.append(wording.describe(feedback.pooled_feedback(ctx), ctx.lang)[0])
    if "index766" in wanted:
        lines.append(ctx.prose("summary.imputed"))
    if "unknown" in wanted:
        lines.append(ctx.prose("summary.impact"))
    return tuple(Paragraph(line) for line in lines)
