"""One self-contained page: no outside request, pictures inside, readable on paper."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dvresearch.evaluation.content import Report
from dvresearch.evaluation.items import items
from dvresearch.evaluation.prose import words

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]


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
    return _template().render(
        report=report,
        sections=[
            {"code": section.code, "title": section.title, "part": section.part, "blocks": blocks}
            for section, blocks in zip(report.sections, items(report), strict=True)
        ],
        pictures={code: base64.b64encode(png).decode("ascii") for code, png in pictures.items()},
        word={**words("printed", report.lang), **words("page", report.lang)},
    )
