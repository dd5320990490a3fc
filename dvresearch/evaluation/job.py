"""The main job: load, check, estimate, word, render; written beside and moved into place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from dvresearch.errors import ReportError, Text
from dvresearch.evaluation import annex, html, manifest, pdf, slides, spec, word
from dvresearch.evaluation.backtest import NUMBERS, write_numbers
from dvresearch.evaluation.build import Built, build
from dvresearch.evaluation.compose import wanted_sections
from dvresearch.evaluation.desk import Desk, at_desk
from dvresearch.evaluation.runlog import Progress, RunLog

__all__ = ["evaluate"]

#: Files of a report; how each is written.
_RENDERERS: dict[str, Callable[[Built, Path], None]] = {
    "report.html": lambda built, path: _write_page(built, path),
    "tables.xlsx": lambda built, path: annex.write(built.report, path),
    NUMBERS: lambda built, path: write_numbers(built.report, path),
    "report.docx": lambda built, path: word.write(built.report, dict(built.pictures), path, built.template),
    "tom-tat.docx": lambda built, path: word.write_brief(built.report, dict(built.pictures), path, built.template),
    "tom-tat.pptx": lambda built, path: slides.write(built.report, dict(built.pictures), path),
    "report.pdf": lambda built, path: pdf.write(built.report, dict(built.pictures), path),
}


def evaluate(path: str | Path | None = None, out: str | Path = "reports", progress: Progress | None = None) -> Path:
    """Make one evaluation.

    Parameters
    ----------
    path : path, optional
        The specification (TOML); the published figures of 2026 when not given.
    out : path, default "reports"
        Folder in which the report gets a folder of its own name.
    progress : callable, optional
        Called when a step (a section, a file) begins, with its name and the share of the work done, 0-1.

    Returns
    -------
    Path
        The folder of the report: ``report.html``, ``report.docx``, ``report.pdf``, ``tom-tat.docx`` (page one
        alone), ``tom-tat.pptx`` (slides), ``tables.xlsx``, ``numbers.csv``, ``figures/`` and ``manifest.json``.
        Beside it ``<name>.log`` tells what was done.

    Raises
    ------
    ParameterError
        When the specification cannot be used.
    DataError
        When no section that says anything of the office can be made from the inputs: the first reason. There is no
        new report.
    ReportError
        When the report cannot be written, or another run is making it. The previous report is untouched.

    Notes
    -----
    Everything is written into a folder beside the report that takes its place at the end, so that whatever interrupts
    the run leaves the previous report whole. A section that cannot be made is left out: the report says so first, and
    its manifest lists it under ``failed``. A replaced report in which somebody wrote is kept as ``<name>-cu-1``.
    """
    plan = spec.read(path)
    target = Path(out) / plan.name
    log = RunLog(target.with_name(f"{target.name}.log"))
    try:
        with at_desk(target) as desk:
            (desk.folder / "specification").write_text(str(Path(path).resolve()) if path else "", encoding="utf-8")
            log.begin(plan.title)
            if desk.stopped:
                log.say(f"Lần chạy trước (tiến trình {desk.stopped}) bị dừng giữa chừng; phần dở dang đã dọn.")
            try:
                kept = _made(plan, desk, log, progress or (lambda _step, _share: None))
            except BaseException as error:
                log.say(f"DỪNG: {_said(error)} Báo cáo cũ (nếu có) còn nguyên.")
                raise
            log.say(f"XONG: {target.name}" + (f"; bản cũ đã có người sửa được giữ ở {kept.name}" if kept else ""))
    except OSError as error:
        raise ReportError("report-not-written", got=error.strerror or type(error).__name__, target=target) from error
    return target


def _made(plan: spec.Spec, desk: Desk, log: RunLog, progress: Progress) -> Path | None:
    """Make the report and put it in its place; return where the replaced one is kept, if it is."""
    stamps = {path: _stamp(path) for path in plan.files}
    # each section, what the summary says of it, each file
    parts, begun = 2 * len(wanted_sections(plan)) + len(_RENDERERS), count()

    def begin(part: str) -> None:
        progress(part, next(begun) / parts)
        log.say(part)

    built = build(plan, begin)
    for failure in built.failures:
        log.say(f"KHÔNG LÀM ĐƯỢC phần “{failure.title.vi}”: {failure.full}")
    (desk.fresh / "figures").mkdir(parents=True)
    for code, picture in built.pictures.items():
        (desk.fresh / "figures" / f"{code}.png").write_bytes(picture)
    for name, write in _RENDERERS.items():
        begin(name)
        write(built, desk.fresh / name)
    failed = [failure.record() for failure in built.failures]
    manifest.write(manifest.describe(built.report, plan, desk.fresh, built.inputs, built.pictures, failed), desk.fresh)
    if changed := [path for path, stamp in stamps.items() if _stamp(path) != stamp]:
        raise ReportError("input-changed-meanwhile", name=changed[0].name)
    replaced = desk.put_in_place()
    progress("report", 1.0)
    return replaced


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _write_page(built: Built, path: Path) -> None:
    path.write_text(html.render(built.report, dict(built.pictures)), encoding="utf-8", newline="\n")


def _said(error: BaseException) -> str:
    """Say why a run stopped, without repeating anything that may come from a cell."""
    if isinstance(error, KeyboardInterrupt):
        return "người dùng dừng."
    if isinstance(error, OSError):
        return f"không đọc hoặc ghi được ({error.strerror or type(error).__name__})."
    title = getattr(error, "title", None)
    return title.vi if isinstance(title, Text) else f"lỗi của chương trình ({type(error).__name__})."
