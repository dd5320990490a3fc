"""Which sections a report of each scope has, what page one says, what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from dvresearch import shipped
from dvresearch.errors import ParameterError
from dvresearch.evaluation import brief
from dvresearch.evaluation.content import Checks, Exhibit, Report, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.evaluation.sections import comparison, dossiers, national, older, record, registers
from dvresearch.evaluation.spec import Spec
from dvresearch.text import format_date

__all__ = ["SECTIONS", "compose", "wanted_sections"]

Sections = dict[str, Callable[[Context], Section]]

#: What the report of one unit says, and of several units taken together.
_OF_UNITS: Sections = {
    "dossiers": dossiers.dossiers,
    "units": dossiers.units,
    "cases": registers.cases,
    "survey": registers.survey,
    "targets": registers.targets,
    "models": registers.models,
    "comparison": comparison.compose,
    "limits": record.limits,
    "form": dossiers.form,
    "petitions": dossiers.petitions,
    "rubric": registers.rubric,
    "own": record.own,
    "quality": dossiers.quality,
}
_LAST: Sections = {"revisions": record.revised, "plan": record.planned}
#: What was published for years before the one evaluated: a part of its own.
_OLDER: Sections = {
    "satisfaction": older.satisfaction,
    "local": older.local,
    "reception": older.reception,
    "grassroots": older.grassroots,
    "services": older.services,
    "models": older.models,
    "targets": older.targets,
    "annex": older.annex,
}

#: Sections of each scope by their code, in the order of the report; the list of exhibits follows them.
SECTIONS: dict[str, Sections] = {
    "nation": {
        "resolution": national.resolution,
        "feedback": national.feedback,
        "index766": national.index766,
        "comparison": comparison.compose,
        "unknown": record.unknown,
        "own": record.own,
        **_LAST,
        **_OLDER,
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
        How each section, and what page one says of it, is made, see ``build``; at once and any error raised
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
    sections = [section for section in made.values() if section]
    if spec.scope == "nation" and (first := next((s for s in sections if s.code in _OLDER), None)):
        sections[sections.index(first)] = replace(first, part=ctx.prose("titles.older", year=spec.as_of[:4]))
    told = [step(f"{s.code}.summary", ctx, lambda code=s.code: brief.tell(ctx, code)) for s in sections]
    summary, beside = brief.assemble(ctx, (one for found in told for one in found or ()), sections)
    if any(isinstance(b, Exhibit) for section in sections for b in section.blocks):
        sections.append(record.exhibits(ctx, sections))
    citations = {s: ctx.citation(s) for s in ctx.used}
    names = {name for section in sections for b in section.blocks for name in getattr(b, "inputs", ())}
    report = Report(spec.name, ctx.lang, spec.title, _subtitle(ctx), summary, tuple(sections), citations, beside)
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
    latest = ctx.index766.frame["period_end"].max().date()
    key = "summary.nation" if latest == end else "summary.nation-later"
    return ctx.prose(key, day=format_date(latest, ctx.lang), **days)


def _without_empty(section: Section) -> Section:
    """Return the section without checks that found nothing to check."""
    kept = tuple(b for b in section.blocks if not (isinstance(b, Checks) and b.frame.empty))
    return replace(section, blocks=kept)
