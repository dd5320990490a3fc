"""The content of one run: every section made, or kept from an earlier run, or its failure told on page one."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from dvresearch.errors import DvError, Text
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Figure, Paragraph, Report, Section
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.items import WORDS
from dvresearch.evaluation.runlog import Pace
from dvresearch.evaluation.spec import Spec
from dvresearch.evaluation.steps import Files, Steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["Built", "Failure", "Made", "build"]

T = TypeVar("T")


@dataclass(frozen=True)
class Made:
    """What a step made: a section or the sentences of the summary, its pictures, the sources it used."""

    content: Section | tuple[Paragraph, ...]
    pictures: dict[str, bytes]
    used: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A section that could not be made: its code and title, why in short, and for the log in full."""

    code: str
    title: str
    why: Text
    full: str


@dataclass(frozen=True)
class Built:
    """A report with its pictures (PNG by code), the files it rests on, and what could not be made."""

    report: Report
    pictures: Mapping[str, bytes]
    inputs: list[Path]
    failures: list[Failure]


@dataclass
class _Builder:
    steps: Steps
    pace: Pace
    pictures: dict[str, bytes] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    first: Exception | None = None
    made: int = 0

    def step(self, code: str, ctx: Context, make: Callable[[], T]) -> T | None:
        """Make one part of the report; one that fails is noted and left out."""

        def whole() -> Made:
            before, ctx.used = ctx.used, {}
            try:
                content = make()
                pictures = {b.code: _drawn(b) for b in getattr(content, "blocks", ()) if isinstance(b, Figure)}
                return Made(_without_drawing(content), pictures, tuple(ctx.used))  # type: ignore[arg-type]
            finally:
                ctx.used = before

        title = _title(ctx, code)
        self.pace.begin(title)
        try:
            made, kept = self.steps.do(code, whole)
        except Exception as error:
            self.first = self.first or error
            self.failures.append(Failure(code, title, _why(error), _full(error)))
            return None
        ctx.use(made.used)
        self.made += 1
        self.pictures |= made.pictures
        self.pace.end(title, kept=kept)
        return made.content  # type: ignore[return-value]


def build(spec: Spec, steps: Steps, pace: Pace) -> Built:
    """Make the content of a report and draw its pictures.

    Parameters
    ----------
    spec : Spec
        The specification.
    steps : Steps
        What earlier runs left.
    pace : Pace
        Is told when each section begins and ends.

    Raises
    ------
    DataError, ParameterError
        When no section at all could be made: the reason of the first.
    """
    builder = _Builder(steps, pace)
    noted = replace(spec, inputs=Files(spec.inputs), previous=Files(spec.previous))
    report, inputs = compose(noted, builder.step)
    if builder.first and not builder.made:
        raise builder.first
    told = tuple(Paragraph(line, "caution") for line in _page_one(builder.failures, spec))
    return Built(replace(report, summary=(*told, *report.summary)), builder.pictures, inputs, builder.failures)


def drawn() -> NoReturn:
    """Stand in for the drawing of a figure whose picture is made."""
    raise AssertionError("the picture of this figure is drawn already")


def _without_drawing(content: T) -> T:
    if not isinstance(content, Section):
        return content
    blocks = tuple(replace(b, draw=drawn) if isinstance(b, Figure) else b for b in content.blocks)
    return replace(content, blocks=blocks)


def _drawn(figure: Figure) -> bytes:
    from dvresearch.plots import close, save

    drawing: Drawing = figure.draw()
    try:
        with tempfile.TemporaryDirectory() as name:
            return save(drawing, Path(name) / "figure.png").read_bytes()
    finally:
        close(drawing)


def _page_one(failures: list[Failure], spec: Spec) -> list[str]:
    """Return a sentence for each reason, with the sections it hit."""
    by_reason: dict[str, list[str]] = {}
    for failure in failures:
        by_reason.setdefault(getattr(failure.why, spec.language), []).append(f"“{failure.title}”")
    begin = {"vi": "BÁO CÁO CHƯA ĐỦ: không làm được phần", "en": "INCOMPLETE REPORT: could not make"}[spec.language]
    return [f"{begin} {', '.join(titles)}. {reason}" for reason, titles in by_reason.items()]


def _title(ctx: Context, code: str) -> str:
    if code.endswith(".summary"):
        return f"{WORDS[ctx.lang]['summary']}, {_title(ctx, code.removesuffix('.summary'))}"
    for key in (f"{code}.title", f"registers.{code}-title"):
        try:
            return ctx.prose(key)
        except KeyError:
            continue
    return code


def _why(error: Exception) -> Text:
    """Say what went wrong. Only messages written for users are repeated: others may quote a cell."""
    if isinstance(error, DvError):
        where = f" ({error.where})" if error.where else ""
        hint = error.hint or Text("", "")
        return Text(f"{error.title.vi}{where} {hint.vi}".rstrip(), f"{error.title.en}{where} {hint.en}".rstrip())
    name = type(error).__name__
    return Text(
        f"Lỗi của chương trình ({name}); tệp nhật ký ghi chỗ xảy ra lỗi, xin gửi kèm khi báo lỗi.",
        f"A fault of the program ({name}); the log says where: please send it along when you report it.",
    )


def _full(error: Exception) -> str:
    """Return the whole message, and the innermost lines of code without any value: ``dossiers.py:81 compose < …``."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    place = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    said = "\n".join(error.lines("vi")) if isinstance(error, DvError) else _why(error).vi
    return f"{said}\n  [{place}]"
