"""The content of one run: every section made, or its failure told on page one."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dvresearch.errors import DvError, ParameterError, Text, declared_lines, message
from dvresearch.evaluation import wordstyles
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Figure, Paragraph, Report
from dvresearch.evaluation.context import Context, Lang
from dvresearch.evaluation.manifest import incomplete
from dvresearch.evaluation.prose import words
from dvresearch.evaluation.spec import Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["Built", "Failure", "build"]

T = TypeVar("T")

#: Sections of fixed sentences, or about the evaluation itself: with these alone there is no report.
_ABOUT_ITSELF = ("limits", "unknown", "plan", "revisions")


@dataclass(frozen=True)
class Failure:
    """A section that could not be made: its code and title, why in short, and for the log in full."""

    code: str
    title: Text
    why: Text
    full: str

    def record(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {"section": self.code, "title": asdict(self.title), "why": asdict(self.why)}


@dataclass(frozen=True)
class Built:
    """A report with its pictures (PNG by code), the files it rests on, what could not be made, and the template."""

    report: Report
    pictures: Mapping[str, bytes]
    inputs: list[Path]
    failures: list[Failure]
    template: Path | None = None


@dataclass
class _Builder:
    begin: Callable[[str], None]
    pictures: dict[str, bytes] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    first: Exception | None = None
    made: int = 0

    def step(self, code: str, ctx: Context, make: Callable[[], T]) -> T | None:
        """Make one part of the report; one that fails is noted and left out, with the sources it used."""
        self.begin(_title(ctx, code, ctx.lang))
        used = dict(ctx.used)
        try:
            content = make()
            pictures = {b.code: _drawn(b) for b in getattr(content, "blocks", ()) if isinstance(b, Figure)}
        except Exception as error:
            ctx.used, self.first = used, self.first or error
            titles = Text(*(_title(ctx, code, lang) for lang in ("vi", "en")))
            self.failures.append(Failure(code, titles, _why(error), _full(error)))
            return None
        self.made += code.partition(".")[0] not in _ABOUT_ITSELF
        self.pictures |= pictures
        return content


def build(spec: Spec, begin: Callable[[str], None]) -> Built:
    """Make the content of a report and draw its pictures.

    Parameters
    ----------
    spec : Spec
        The specification.
    begin : callable
        Is told the title of each part when it begins.

    Raises
    ------
    ParameterError
        When the files leave questions open.
    DataError, ParameterError
        When no section could be made but those that say nothing of the office: the reason of the first.
    """
    builder, ctx, template = _Builder(begin), Context(spec), spec.inputs.get("template")
    if template:
        wordstyles.opened(spec.language, template)
    if asked := [*ctx.open_questions(), *(ctx.before.open_questions() if spec.previous else ())]:
        raise _open(asked)
    report, inputs = compose(spec, builder.step, ctx)
    if builder.first and not builder.made:
        raise builder.first
    failed = [failure.record() for failure in builder.failures]
    told = tuple(Paragraph(line, "caution") for line in incomplete(failed, spec.language))
    whole = replace(report, summary=(*told, *report.summary))
    return Built(whole, builder.pictures, inputs, builder.failures, template)


def _open(asked: Sequence[Mapping[str, Any]]) -> ParameterError:
    """Return the error for questions that have to be answered first; it lists them all with their answers."""

    def listed(lang: Lang) -> str:
        return "".join(
            f"\n  {n}. {q['where']}: {q[lang]}" + "".join(f"\n       {line}" for line in q["answers"])
            for n, q in enumerate(asked, start=1)
        )

    return ParameterError("questions-open", count=len(asked), listed=Text(listed("vi"), listed("en")))


def _drawn(figure: Figure) -> bytes:
    from dvresearch.plots import close, save

    drawing: Drawing = figure.draw()
    try:
        with tempfile.TemporaryDirectory() as name:
            return save(drawing, Path(name) / "figure.png").read_bytes()
    finally:
        close(drawing)


def _title(ctx: Context, code: str, lang: Lang) -> str:
    section, _, of_summary = code.partition(".")
    title = Context(replace(ctx.spec, language=lang)).title(section)
    return f"{words('printed', lang)['summary']}, {title}" if of_summary else title


def _why(error: Exception) -> Text:
    """Say what went wrong. Only messages written for users are repeated: others may quote a cell."""
    if isinstance(error, DvError):
        where, hint = f" ({error.where})" if error.where else "", error.hint
        lines = " ".join(declared_lines(error.give))
        return Text(
            f"{error.title.vi}{where} {hint.vi} {lines}".rstrip(), f"{error.title.en}{where} {hint.en} {lines}".rstrip()
        )
    return message("fault-of-the-program", name=type(error).__name__)


def _full(error: Exception) -> str:
    """Return the whole message, and the innermost lines of code without any value: ``dossiers.py:81 compose < …``."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    place = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    said = "\n".join(error.lines("vi")) if isinstance(error, DvError) else _why(error).vi
    return f"{said}\n  [{place}]"
