"""One self-contained page: no outside request, pictures inside, readable on paper."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvresearch.evaluation.content import Checks, Column, Figure, Paragraph, Report, Sheet
from dvresearch.evaluation.shown import Lang, findings_rows, shown
from dvresearch.wording import summarise_findings

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]

_WORDS = {
    "vi": {
        "contents": "Mục lục",
        "summary": "Tóm tắt",
        "source": "Nguồn",
        "sources": "Nguồn số liệu",
        "table": "Bảng",
        "figure": "Hình",
        "checks": "Kiểm tra",
        "notes": "Ghi chú",
        "computed": "Tính lại",
        "stated": "Đã công bố",
        "verdict": "Kết luận",
        "where": "Ở đâu",
        "check": "Kiểm tra",
        "guidance": "Gợi ý",
        "rows": "dòng",
        "settled": "Các phép kiểm tra đạt",
        "skip": "Đến nội dung chính",
        "made": "Tạo bằng dvresearch từ số liệu đã công bố.",
    },
    "en": {
        "contents": "Contents",
        "summary": "Summary",
        "source": "Source",
        "sources": "Sources",
        "table": "Table",
        "figure": "Figure",
        "checks": "Checks",
        "notes": "Notes",
        "computed": "Recomputed",
        "stated": "Published",
        "verdict": "Verdict",
        "where": "Where",
        "check": "Check",
        "guidance": "Guidance",
        "rows": "rows",
        "settled": "Checks passed",
        "skip": "Skip to content",
        "made": "Made with dvresearch from published figures.",
    },
}


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return env.get_template("page.html.j2")


def render(report: Report, pictures: dict[str, bytes]) -> str:
    """Return the page of `report`.

    Parameters
    ----------
    report : Report
        The content.
    pictures : dict of str to bytes
        PNG bytes of every figure by its code.

    Returns
    -------
    str
        HTML 5, the same text for the same content.
    """
    place = {code: i for i, code in enumerate(report.citations, start=1)}
    numbers = {"table": 0, "figure": 0, "checks": 0}
    sections = []
    for section in report.sections:
        blocks: list[dict[str, Any]] = []
        for block in section.blocks:
            if isinstance(block, Paragraph):
                blocks.append({"kind": "text", "role": block.role, "text": block.text})
                continue
            kind = {Sheet: "table", Figure: "figure", Checks: "checks"}[type(block)]
            numbers[kind] += 1
            item: dict[str, Any] = {"kind": kind, "number": numbers[kind], "block": block}
            item["sources"] = [(place[code], report.citations[code]) for code in block.sources]
            if isinstance(block, Sheet):
                item["rows"] = _rows(block, report.lang)
            elif isinstance(block, Figure):
                item["data"] = base64.b64encode(pictures[block.code]).decode("ascii")
            else:
                rows = findings_rows(block.frame, report.lang, block.words)
                item["open"] = [r for r in rows if r["css"] != "pass"]
                item["settled"] = [r for r in rows if r["css"] == "pass"]
                item["line"] = summarise_findings(block.frame, report.lang, words=block.words)
            blocks.append(item)
        sections.append({"code": section.code, "title": section.title, "blocks": blocks})
    return _template().render(report=report, sections=sections, word=_WORDS[report.lang])


def _rows(sheet: Sheet, lang: Lang) -> list[list[dict[str, str]]]:
    columns = [(c, sheet.frame[c.key].tolist()) for c in sheet.columns]
    measures = sheet.frame["measure"].tolist() if "measure" in sheet.frame.columns else [""] * len(sheet.frame)
    return [[_cell(c, values[i], lang, m) for c, values in columns] for i, m in enumerate(measures)]


def _cell(column: Column, value: object, lang: Lang, measure: str) -> dict[str, str]:
    return {"text": shown(value, column, lang, measure), "css": "text" if column.kind == "text" else "num"}
