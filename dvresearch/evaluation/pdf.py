"""The report as a PDF: set by typst from what is laid out for paper, with the fonts that come with the package."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from dvresearch.evaluation.content import Report
from dvresearch.evaluation.paper import BRIEF_MM, MARGINS_MM, PICTURE_MM, TOGETHER, lay_out
from dvresearch.evaluation.prose import words

__all__ = ["FONTS", "write"]

#: Liberation Serif: as wide as Times New Roman letter by letter, free, and with every Vietnamese letter.
FONTS = Path(__file__).with_name("fonts")
_TEMPLATE = Path(__file__).with_name("report.typ")


def write(report: Report, pictures: dict[str, bytes], path: Path) -> None:
    """Write `report` as a PDF; the same content gives the same bytes on every machine.

    Parameters
    ----------
    report : Report
        The content.
    pictures : dict of str to bytes
        PNG bytes of every figure by its code.
    path : Path
        The .pdf file.

    Notes
    -----
    Fonts of the system are never looked at, and the file carries no date. It is tagged: screen readers find
    headings, table heads and the alternative texts of figures.
    """
    # beside the file: the disk with room for it, and nothing left elsewhere by a run that is stopped
    with tempfile.TemporaryDirectory(prefix=".typst-", dir=path.parent) as name:
        path.write_bytes(_compiled(report, pictures, Path(name)))


def _compiled(
    report: Report, pictures: dict[str, bytes], folder: Path, standard: Literal["1.7", "ua-1"] = "1.7"
) -> bytes:
    """Return the PDF, made in an empty `folder`; typst refuses a content that would break the `standard`."""
    import typst

    brief = report.brief
    content = {
        "title": report.title,
        "subtitle": report.subtitle,
        "lang": report.lang,
        "findings": [finding.text for finding in report.summary],
        "unknown": brief.unknown,
        "asks": brief.asks,
        "notes": " ".join(brief.notes),
        "first": [brief.picture.code, brief.picture.title, brief.picture.alt, brief.reading] if brief.picture else [],
        "margins": MARGINS_MM,
        "picture": PICTURE_MM,
        "brief": BRIEF_MM,
        "together": TOGETHER,
        "word": words("printed", report.lang),
        **asdict(lay_out(report)),
    }
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    (folder / "figures").mkdir()
    for code, png in pictures.items():
        (folder / "figures" / f"{code}.png").write_bytes(png)
    (folder / "content.json").write_text(json.dumps(content), encoding="utf-8", newline="\n")
    (folder / "main.typ").write_bytes(_TEMPLATE.read_bytes())
    return typst.compile(folder / "main.typ", root=folder, font_paths=fonts, pdf_standards=standard)
