"""Which sections a report of each scope has, what its summary says, what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from dvresearch import shipped
from dvresearch.errors import ParameterError
from dvresearch.evaluation.content import Checks, Paragraph, Report, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.evaluation.sections import (
    articles,
    closing,
    comparison,
    dossiers,
    feedback,
    index766,
    own,
    petitions,
    record,
    registers,
    resolution,
    satisfaction,
    units,
)
from dvresearch.evaluation.spec import Spec
from dvresearch.evaluation.summary import summarise
from dvresearch.text import format_date

__all__ = ["SECTIONS", "compose", "wanted_sections"]

Sections = dict[str, Callable[[Context], Section]]

#: What the report of one unit says, and of several units taken together.
_OF_UNITS: Sections = {
    "quality": dossiers.quality,
    "dossiers": dossiers.compose,
    "units": units.compose,
    "form": dossiers.form,
    "petitions": petitions.compose,
    "cases": registers.cases,
    "survey": registers.survey,
    "models": registers.models,
    "targets": registers.targets,
    "rubric": registers.rubric,
    "own": own.compose,
    "comparison": comparison.compose,
    "limits": closing.limits,
}
_LAST: Sections = {"revisions": record.revised, "plan": record.planned}

#: Sections of each scope by their code, in the order of the report; the list of exhibits follows them.
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
        "comparison": comparison.compose,
        "unknown": closing.unknown,
        "own": own.compose,
        **_LAST,
        "annex": closing.annex,
    },
    "province": {**_OF_UNITS, **_LAST},
    "commune": {**{code: make for code, make in _OF_UNITS.items() if code != "units"}, **_LAST},
}

#: Sections that are left out when the specification names none of these files.
NEEDS: dict[str, tuple[str, ...]] = {
    "own": ("figures",),
    "form": ("form",),
    "petitions": tuple(PETITION_FORMS),
    "cases": ("cases",),
    "survey": ("responses",),
    "models": ("models",),
    "targets": ("targets",),
    "rubric": ("rubric",),
    "revisions": ("revisions",),
    "plan": ("plan",),
}
#: These rest on published figures when the whole nation is evaluated.
_PUBLISHED = ("models", "targets")


def wanted_sections(spec: Spec) -> list[str]:
    """Return the codes of the sections that the report of a specification has, in order.

    Raises
    ------
    ParameterError
        When the specification names a section that does not exist.
    """
    known = SECTIONS[spec.scope]
    unknown = [code for code in spec.sections if code not in known]
    if unknown:
        raise ParameterError("section-not-there", names=", ".join(unknown), known=", ".join(known))

    def there(code: str) -> bool:
        if code == "comparison":
            return spec.compare_with is not None
        if code not in NEEDS or (spec.scope == "nation" and code in _PUBLISHED):
            return True
        return any(key in spec.inputs for key in NEEDS[code])

    return [code for code in (spec.sections or known) if there(code)]


#: Makes one part of a report, given its code, the context and how; None when it could not be made.
Step = Callable[..., Any]


def _at_once(_code: str, _ctx: Context, make: Callable[[], Any]) -> Any:
    return make()


def compose(spec: Spec, step: Step = _at_once, ctx: Context | None = None) -> tuple[Report, list[Path]]:
    """Return the report of a specification, and the files it rests on.

    Parameters
    ----------
    spec : Spec
        The specification.
    step : callable
        How each section, and what the summary says of it, is made, see ``build``; at once and any error raised
        when not given.
    ctx : Context, optional
        What was read already.

    Raises
    ------
    ParameterError
        When the specification names a section that does not exist.
    """
    known, ctx = SECTIONS[spec.scope], ctx or Context(spec)
    wanted = ctx.sections = wanted_sections(spec)
    made = {code: step(code, ctx, lambda code=code: _without_empty(known[code](ctx))) for code in wanted}
    sections = tuple(section for section in made.values() if section)
    there = [code for code, section in made.items() if section]
    told = [step(f"{code}.summary", ctx, lambda code=code: summarise(ctx, [code])) for code in there]
    summary = tuple(sentence for sentences in told for sentence in sentences or ())
    if any(not isinstance(b, Paragraph) for section in sections for b in section.blocks):
        sections = (*sections, record.exhibits(ctx, sections))
    citations = {s: ctx.citation(s) for s in ctx.used}
    names = {name for section in sections for b in section.blocks for name in getattr(b, "inputs", ())}
    subtitle = _subtitle(ctx)
    report = Report(spec.name, ctx.lang, spec.title, subtitle, summary, sections, citations)
    return report, [
        *spec.files,
        *(shipped.folder() / n for n in sorted(names) if (shipped.folder() / n).exists()),
    ]


def _subtitle(ctx: Context) -> str:
    """Return the days that the report is about; published figures may end before the period does."""
    end = date.fromisoformat(ctx.spec.as_of)
    days = {"start": format_date(ctx.spec.start, ctx.lang), "end": format_date(end, ctx.lang)}
    if ctx.spec.scope != "nation":
        return ctx.prose(f"summary.{ctx.spec.scope}", **days)
    latest = ctx.index766["period_end"].max().date()
    key = "summary.nation" if latest == end else "summary.nation-later"
    return ctx.prose(key, day=format_date(latest, ctx.lang), **days)


def _without_empty(section: Section) -> Section:
    """Return the section without checks that found nothing to check."""
    kept = tuple(b for b in section.blocks if not (isinstance(b, Checks) and b.frame.empty))
    return Section(section.code, section.title, kept)
