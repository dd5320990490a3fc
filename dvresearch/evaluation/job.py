"""The main job: load, check, estimate, word, render; written beside and moved into place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from dvresearch.errors import ReportError, Text
from dvresearch.evaluation import annex, html, manifest, pdf, spec, word
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Figure

__all__ = ["evaluate"]

Progress = Callable[[str, float], None]


def evaluate(path: str | Path | None = None, out: str | Path = "reports", progress: Progress | None = None) -> Path:
    """Make one evaluation.

    Parameters
    ----------
    path : path, optional
        The specification (TOML); the published figures of 2026 when not given.
    out : path, default "reports"
        Folder in which the report gets a folder of its own name.
    progress : callable, optional
        Called with a code of the step and the share of the work done, 0-1.

    Returns
    -------
    Path
        The folder of the report: ``report.html``, ``report.docx``, ``report.pdf``, ``tables.xlsx``, ``figures/``
        and ``manifest.json``.

    Raises
    ------
    ParameterError
        When the specification cannot be used.
    DataError
        When an input cannot be used. Nothing is written.
    ReportError
        When the report cannot be written. The previous report is untouched.

    Notes
    -----
    Everything is written into a folder beside the report and moved into place at the end by
    renaming, so that whatever interrupts the run leaves the previous report whole.
    """
    step = progress or (lambda _code, _share: None)
    step("read", 0.0)
    plan = spec.read(path)
    step("estimate", 0.05)
    report, inputs = compose(plan)
    target = Path(out) / plan.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _recover(target)
        with tempfile.TemporaryDirectory(prefix=f".{plan.name}-", dir=target.parent) as name:
            fresh = Path(name) / plan.name
            (fresh / "figures").mkdir(parents=True)
            figures = [b for b in report.exhibits() if isinstance(b, Figure)]
            pictures = {}
            for i, figure in enumerate(figures):
                step("draw", 0.2 + 0.5 * i / max(1, len(figures)))
                pictures[figure.code] = _draw(figure, fresh / "figures" / f"{figure.code}.png")
            step("write", 0.75)
            (fresh / "report.html").write_text(html.render(report, pictures), encoding="utf-8", newline="\n")
            annex.write(report, fresh / "tables.xlsx")
            word.write(report, pictures, fresh / "report.docx")
            pdf.write(report, pictures, fresh / "report.pdf")
            manifest.write(manifest.describe(report, plan, fresh, inputs), fresh)
            step("move", 0.95)
            _swap(fresh, target)
    except OSError as error:
        raise ReportError(
            Text(f"Không ghi được báo cáo vào {target}.", f"The report could not be written to {target}."),
            got=error.strerror or type(error).__name__,
            expected=Text("một thư mục ghi được và còn chỗ trống", "a folder that can be written to, with space left"),
            hint=Text(
                "Chọn thư mục khác bằng --out THƯ_MỤC; báo cáo cũ (nếu có) còn nguyên.",
                "Choose another folder with --out FOLDER; the previous report, if any, is untouched.",
            ),
        ) from error
    step("done", 1.0)
    return target


def _draw(figure: Figure, path: Path) -> bytes:
    from dvresearch.plots import close, save

    drawing = figure.draw()
    save(drawing, path)
    close(drawing)
    return path.read_bytes()


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _recover(target: Path) -> None:
    """Finish or undo a swap that was interrupted between its two renames."""
    previous = _previous(target)
    if previous.exists():
        if target.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(target)


def _swap(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target`.

    A folder cannot replace a folder that holds files in one call on every system, so the old
    one steps aside first; `_recover` brings it back should the machine stop in between.
    """
    previous = _previous(target)
    if target.exists():
        target.rename(previous)
    try:
        fresh.replace(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)
