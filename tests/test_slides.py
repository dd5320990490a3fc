"""The slides of a report: page one and the pictures, each under the question it answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pptx import Presentation

from dvresearch.evaluation import slides
from dvresearch.evaluation.content import Paragraph, Report
from dvresearch.evaluation.items import items


@pytest.fixture(scope="module")
def path(national: Report, blank_pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("slides") / "tom-tat.pptx"
    slides.write(national, blank_pictures, made)
    return made


def texts(path: Path) -> list[str]:
    shown = Presentation(str(path))
    return [p.text for slide in shown.slides for s in slide.shapes if s.has_text_frame for p in s.text_frame.paragraphs]


def test_every_slide_has_a_title_and_every_picture_its_words(path: Path, national: Report):
    shown = Presentation(str(path))
    titles = [slide.shapes.title.text_frame.text for slide in shown.slides]
    assert titles[0] == national.title and all(titles) and len(set(titles)) == len(titles)
    drawn = [s for slide in shown.slides for s in slide.shapes if s.shape_type == 13]
    main = [i.block for blocks in items(national) for i in blocks if i.main and i.kind == "figure"]
    assert [s._element.nvPicPr.cNvPr.get("descr") for s in drawn] == [f.alt for f in main]  # type: ignore[union-attr]
    for shape in (s for slide in shown.slides for s in slide.shapes):
        assert shape.left >= 0 and shape.left + shape.width <= shown.slide_width
        assert shape.top >= 0 and shape.top + shape.height <= shown.slide_height


def test_what_page_one_says_stands_on_the_slides(path: Path, national: Report):
    told = texts(path)
    for sentence in [*(p.text for p in national.summary), *national.brief.unknown, *national.brief.asks]:
        assert f"– {sentence}" in told
    first = next(b.text for b in national.sections[0].blocks if isinstance(b, Paragraph))
    assert national.sections[0].title in told and first in told and national.brief.reading in told


def test_same_content_same_bytes(path: Path, national: Report, blank_pictures: dict[str, bytes], tmp_path: Path):
    slides.write(national, blank_pictures, tmp_path / "again.pptx")
    assert (tmp_path / "again.pptx").read_bytes() == path.read_bytes()


def test_text_is_text_whatever_it_holds(tmp_path: Path):
    text = 'a < b & "c" \x0b\x00 {{x}}'
    slides.write(Report("thu", "vi", text, text, (Paragraph(text),), ()), {}, tmp_path / "a.pptx")
    assert texts(tmp_path / "a.pptx")[:2] == [text.replace("\x0b\x00", "")] * 2
