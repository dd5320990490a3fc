"""Page one and the pictures as slides, to be shown and changed: a question a slide, its answer under it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dvresearch import workbook
from dvresearch.evaluation.content import Figure, Paragraph, Report
from dvresearch.evaluation.items import items
from dvresearch.evaluation.paper import plain
from dvresearch.evaluation.prose import words

__all__ = ["write"]

#: Wide slides, and what stands between their content and their edge, in mm.
WIDTH, HEIGHT, EDGE = 338.7, 190.5, 15.0
#: Where the content begins under a title, and where the line with the source begins.
TOP, FOOT = 38.0, 172.0


def write(report: Report, pictures: dict[str, bytes], path: Path) -> None:
    """Write the slides of `report`; the same content gives the same bytes.

    Parameters
    ----------
    report : Report
        The content.
    pictures : dict of str to bytes
        PNG bytes of every figure by its code.
    path : Path
        The .pptx file.
    """
    from pptx import Presentation
    from pptx.util import Mm

    word, brief, show = words("printed", report.lang), report.brief, Presentation()
    show.slide_width, show.slide_height = Mm(WIDTH), Mm(HEIGHT)
    core = show.core_properties
    core.title, core.author, core.last_modified_by = plain(report.title), "dvresearch", "dvresearch"
    first = _slide(show, report.title)
    _lines(first, [report.subtitle], size=24)
    _lines(_slide(show, word["findings"]), [p.text for p in report.summary], bullet=True)
    for head, sentences in ((word["unknown"], brief.unknown), (word["asks"], brief.asks)):
        if sentences:
            _lines(_slide(show, head), sentences, bullet=True)
    for section, blocks in zip(report.sections, items(report), strict=True):
        figure = next((i.block for i in blocks if i.main and isinstance(i.block, Figure)), None)
        if figure:
            told = [b.text for b in section.blocks if isinstance(b, Paragraph)][:1]
            told += [brief.reading] if figure == brief.picture else []
            source = f"{word['source']}: {report.citations[figure.sources[0]]}"
            _picture(_slide(show, section.title), figure, pictures, told, source)
    buffer = io.BytesIO()
    show.save(buffer)
    path.write_bytes(workbook.fix_zip(buffer.getvalue()))


def _slide(show: Any, title: str) -> Any:
    """Return a slide with its title, which screen readers and the outline know it by."""
    from pptx.util import Mm, Pt

    slide = show.slides.add_slide(show.slide_layouts[5])
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = (Mm(n) for n in (EDGE, 8, WIDTH - 2 * EDGE, 28))
    head.text_frame.text, head.text_frame.word_wrap = plain(title), True
    (paragraph,) = head.text_frame.paragraphs
    paragraph.font.size, paragraph.font.bold = Pt(26), True
    return slide


def _lines(
    slide: Any,
    lines: Sequence[str],
    *,
    size: float = 20,
    bullet: bool = False,
    box: tuple[float, float, float, float] = (EDGE, TOP, WIDTH - 2 * EDGE, FOOT - TOP),
) -> None:
    """Add sentences in a box of left, top, width and height; long ones are set smaller."""
    from pptx.util import Mm, Pt

    frame = slide.shapes.add_textbox(*map(Mm, box)).text_frame
    frame.word_wrap = True
    letters = sum(len(line) for line in lines)
    for n, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        paragraph.text = ("– " if bullet else "") + plain(line)
        paragraph.font.size, paragraph.space_after = Pt(size if letters < 900 else size - 3), Pt(8)


def _picture(slide: Any, figure: Figure, pictures: dict[str, bytes], told: list[str], source: str) -> None:
    """Add a picture as large as it may be, and beside it what it says."""
    from pptx.util import Mm

    wide, high = 0.62 * (WIDTH - 2 * EDGE), FOOT - TOP
    shape = slide.shapes.add_picture(io.BytesIO(pictures[figure.code]), Mm(EDGE), Mm(TOP))
    scale = min(Mm(wide) / shape.width, Mm(high) / shape.height)
    shape.width, shape.height = round(shape.width * scale), round(shape.height * scale)
    shape._element.nvPicPr.cNvPr.set("descr", plain(figure.alt))
    left = EDGE + shape.width / 36_000 + 8
    _lines(slide, told, size=16, box=(left, TOP, WIDTH - EDGE - left, high))
    _lines(slide, [source], size=10, box=(EDGE, FOOT, WIDTH - 2 * EDGE, 12))
