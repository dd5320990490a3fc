"""The PDF: its bytes, its pages, its text, its fonts, and what a screen reader finds in it."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from fontTools.ttLib import TTFont

from dvresearch.evaluation import pdf
from dvresearch.evaluation.content import Column, Figure, Paragraph, Report, Section, Sheet, Traced
from dvresearch.evaluation.items import items


@pytest.fixture(scope="module")
def path(national: Report, blank_pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pdf") / "report.pdf"
    pdf.write(national, blank_pictures, file)
    return file


def unpacked(path: Path) -> bytes:
    """Return the objects of a PDF, those in compressed streams included."""
    data = path.read_bytes()
    parts = [data]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.S):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(parts)


def page_one(report: Report) -> list[str]:
    brief = report.brief
    return [*(p.text for p in report.summary), *brief.unknown, *brief.asks, brief.reading, *brief.notes]


def squeezed(text: str) -> str:
    return "".join(text.split())


def report(blocks: tuple, title: str = "Thử", summary: tuple[Paragraph, ...] = ()) -> Report:
    return Report("thu", "vi", title, "", summary, (Section("one", "Một", blocks, whole=True),), {"s": "Nguồn thử."})


def sheet(rows: list[str]) -> Sheet:
    frame = pd.DataFrame({"unit": rows, "value": [0.8664] * len(rows)})
    columns = (Column("unit", "Đơn vị đầu bảng"), Column("value", "Giá trị", "percent", 2))
    return Sheet("t", "Bảng thử", Traced(frame, "call()", ("s",), ("f.csv",)), columns)


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_same_content_same_bytes_and_no_date(
    national: Report, path: Path, tmp_path: Path, blank_pictures: dict, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = tmp_path / "thư mục khác"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("TZ", "America/Lima")
    pdf.write(national, blank_pictures, Path("again.pdf"))
    assert Path("again.pdf").read_bytes() == path.read_bytes()
    assert [p.name for p in elsewhere.iterdir()] == ["again.pdf"]
    content = unpacked(path)
    assert not re.search(rb"CreationDate|ModDate|xmp:CreateDate|xmp:ModifyDate", content)
    assert str(path.parent).encode() not in content


def test_only_the_shipped_fonts_are_used_and_all_are_in_the_file(path: Path, fonts_in: Callable[[Path], set[str]]):
    assert fonts_in(path) <= {p.stem.removesuffix("-Regular") for p in pdf.FONTS.glob("*.ttf")}


def test_the_shipped_fonts_have_every_letter_of_the_report_and_their_licence(national: Report):
    told = [national.title, national.subtitle, *national.citations.values(), *page_one(national)]
    for blocks in items(national):
        for item in blocks:
            block = item.block
            told += [block.text] if isinstance(block, Paragraph) else [block.title, item.line]
            told += [cell for row in item.rows for cell in row]
            told += [text for row in (*item.open, *item.settled) for text in row.values()]
    letters = {ord(c) for c in "".join(told)} | {ord(c) for c in "ẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặƠơƯưỠỡỢợỮữỰựỲỳỴỵỶỷỸỹĐđ"}
    files = sorted(pdf.FONTS.glob("*.ttf"))
    assert len(files) == 4
    for file in files:
        missing = letters - set(TTFont(file).getBestCmap())
        assert not {chr(c) for c in missing}, file.name
    licence = (pdf.FONTS / "LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence and "Reserved Font Name Liberation" in licence


# --- pages and text ---------------------------------------------------------------------------------------------------


def test_page_1_is_the_summary_and_the_contents_follow(path: Path, read_pdf: Callable, national: Report):
    pages = read_pdf(path)
    assert 10 <= len(pages) <= 20
    first, second = (page.squeezed() for page in pages[:2])
    for text in (national.title, *page_one(national)):
        assert squeezed(text) in first
    for section in national.sections:
        assert squeezed(section.title) not in first and squeezed(section.title) in second


def test_text_can_be_taken_out_with_every_vietnamese_letter(path: Path, read_pdf: Callable, national: Report):
    printed = "".join(page.squeezed() for page in read_pdf(path))
    shown = [item for blocks in items(national) for item in blocks if item.main]
    for item in shown:
        assert squeezed(item.block.text if isinstance(item.block, Paragraph) else item.block.title) in printed
    words = Counter(re.findall(r"\w+", " ".join(w.text for page in read_pdf(path) for w in page.words)))
    expected = Counter(
        word
        for item in shown
        for row in item.rows
        for cell in row
        if cell not in national.citations.values()
        for word in re.findall(r"\w+", cell)
    )
    assert sum(expected.values()) > 200
    assert not expected - words


def test_what_is_not_printed_is_named_with_its_place(path: Path, read_pdf: Callable, national: Report):
    printed = "".join(page.squeezed() for page in read_pdf(path))
    rest = [item for blocks in items(national) for item in blocks if not item.main]
    named = " ".join(re.findall(r"Xemthêm:(.*?\))\.", printed))
    assert len(rest) > 10 and "(tệptables.xlsx)" in named and "(thưmụcfigures)" in named
    for item in rest:
        word = {"table": "Bảng", "figure": "Hình", "checks": "Kiểmtra"}[item.kind]
        assert re.search(rf"{word}{item.number}\b|{word}{item.number}\(", named), (item.kind, item.number)


def test_no_page_is_half_empty(path: Path, read_pdf: Callable):
    """Pictures move to the head or foot of a page, so that text fills the others; the last page ends where it ends."""
    for page in read_pdf(path)[1:-1]:
        assert max(w.bottom for w in page.words) > 0.6 * page.height, page.squeezed()[:60]


def test_nothing_is_printed_in_the_margins_but_the_page_number(path: Path, read_pdf: Callable):
    for number, page in enumerate(read_pdf(path), start=1):
        above = [w for w in page.words if w.bottom < 19]
        assert [w.text for w in above] == ([] if number == 1 else [str(number)])
        for w in set(page.words) - set(above):
            assert w.left >= 29.5 and w.right <= page.width - 14.5 and w.bottom <= page.height - 19, (number, w)


def test_a_long_table_goes_on_under_its_head_and_loses_no_row(read_pdf: Callable, tmp_path: Path):
    rows = [f"Xã{n:03d}" for n in range(150)]
    pdf.write(report((sheet(rows),)), {}, tmp_path / "long.pdf")
    pages = [page for page in read_pdf(tmp_path / "long.pdf") if any(w.text in rows for w in page.words)]
    assert len(pages) >= 3
    assert [w.text for page in pages for w in page.words if w.text in rows] == rows
    for page in pages:
        assert page.squeezed().count("Đơnvịđầubảng") == 1
    assert "".join(page.squeezed() for page in pages).count("86,64%") == 150


def test_a_table_of_many_columns_stays_between_the_margins(read_pdf: Callable, tmp_path: Path):
    keys = [f"c{n}" for n in range(14)]
    frame = pd.DataFrame({key: [14666757.0, 12707675.0] for key in keys})
    wide = Sheet(
        "w",
        "Rộng",
        Traced(frame, "call()", ("s",), ("f",)),
        tuple(Column(k, f"Tiếp nhận {k}", "count") for k in keys),
    )
    pdf.write(report((wide,)), {}, tmp_path / "wide.pdf")
    (page,) = [p for p in read_pdf(tmp_path / "wide.pdf") if any(w.text == "14.666.757" for w in p.words)]
    numbers = [w for w in page.words if w.text in ("14.666.757", "12.707.675")]
    assert len(numbers) == 28, "a number was broken or cut"
    assert max(w.right for w in numbers) <= page.width - 14.5
    for row in (numbers[:14], numbers[14:]):
        assert all(one.right < other.left for one, other in pairwise(row))


@pytest.mark.parametrize(
    "text",
    [
        '#panic("x") *đậm* _nghiêng_ $x^2$ <nhãn> @ref [ngoặc] \\ // /* */ `mã` = 1 - 2 + 3',
        "#sys.version #include #import {a} ~ -- --- ... ' \"",
    ],
)
def test_text_is_text_whatever_it_holds(text: str, read_pdf: Callable, tmp_path: Path):
    blocks = (Paragraph(text), Paragraph(text, "note"), Paragraph(text, "caution"), sheet([text]))
    pdf.write(report(blocks, text, (Paragraph(text),)), {}, tmp_path / "a.pdf")
    printed = "".join(page.squeezed() for page in read_pdf(tmp_path / "a.pdf"))
    assert printed.count(squeezed(text)) >= 5


def test_an_empty_report_is_a_page(read_pdf: Callable, tmp_path: Path):
    pdf.write(Report("a", "en", "Empty", "", (), ()), {}, tmp_path / "e.pdf")
    assert "Empty" in read_pdf(tmp_path / "e.pdf")[0].squeezed()


# --- for who cannot see it --------------------------------------------------------------------------------------------


def test_it_keeps_to_the_standard_for_accessible_documents(
    national: Report, blank_pictures: dict[str, bytes], tmp_path: Path
):
    """Typst refuses to make a PDF/UA-1 of a document without a title, a language, or a text for a picture."""
    assert len(pdf._compiled(national, blank_pictures, tmp_path, "ua-1")) > 100_000


def test_alternative_texts_headings_and_bookmarks_are_in_the_file(path: Path, national: Report):
    content = unpacked(path)
    figures = [i.block for blocks in items(national) for i in blocks if i.main and isinstance(i.block, Figure)]
    assert len(figures) > 3
    for figure in figures:
        alt = b"\xfe\xff" + figure.alt.encode("utf-16-be")
        assert alt in content or alt.hex().upper().encode() in content.upper() or figure.alt.encode() in content
    assert content.count(b"/TH") > 20 and b"/StructTreeRoot" in content
    assert b"/Lang(vi)" in content.replace(b" ", b"")
    titles = len(re.findall(rb"/Title", content))
    assert b"/Outlines" in content and titles > len(national.sections)
