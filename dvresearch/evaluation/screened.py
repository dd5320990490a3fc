"""The result of checking one file, as text, page, workbook or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dvresearch.evaluation import annex, html
from dvresearch.evaluation.content import Checks, Report, Section
from dvresearch.evaluation.shown import Lang
from dvresearch.wording import describe_findings, summarise_findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_json", "as_text", "write"]


def as_text(findings: pd.DataFrame, lang: Lang = "vi", words: Literal["pass", "match"] = "pass") -> list[str]:
    """Return a line with the count of verdicts, then a paragraph for each finding that did not pass."""
    open_ones = findings[findings["verdict"] != "pass"]
    told = describe_findings(open_ones, lang, words=words) if len(open_ones) else []
    return [summarise_findings(findings, lang, words=words), *told]


def as_json(findings: pd.DataFrame) -> str:
    """Return the findings as a JSON list of objects."""
    return json.dumps(findings.to_dict("records"), ensure_ascii=False, indent=1)


def write(
    findings: pd.DataFrame, source: Path, kind: Literal["html", "xlsx"], out: Path | None = None, lang: Lang = "vi"
) -> Path:
    """Write the findings of `source` as a page or a workbook.

    Parameters
    ----------
    findings : DataFrame
        See ``tables.FINDINGS``.
    source : Path
        The file that was checked.
    kind : {"html", "xlsx"}
        What to write.
    out : Path, optional
        The file to write; ``<name>-check.<kind>`` in the current folder when not given.
    lang : {"vi", "en"}, default "vi"
        Language.

    Returns
    -------
    Path
        The file written.
    """
    title = {"vi": f"Kiểm tra tệp {source.name}", "en": f"Check of {source.name}"}[lang]
    name = source.name
    block = Checks("findings", title, findings, (name,), f"screen({name!r})", (name,), "pass")
    report = Report(source.stem, lang, title, "", (), (Section("check", title, (block,)),), {name: name})
    target = out or Path(f"{source.stem}-check.{kind}")
    if kind == "html":
        target.write_text(html.render(report, {}), encoding="utf-8", newline="\n")
    else:
        annex.write(report, target)
    return target
