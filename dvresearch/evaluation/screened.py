"""The result of checking one file, as text, page, workbook or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dvresearch.errors import ParameterError, Text, known_message
from dvresearch.evaluation import annex, html, wordstyles
from dvresearch.evaluation.content import Checks, Report, Section, Traced
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.evaluation.shown import Lang
from dvresearch.evaluation.spec import Spec
from dvresearch.loaders.declaration import RECORDS
from dvresearch.metrics.findings import finding, table
from dvresearch.screening import screen
from dvresearch.text.letters import LOOKS
from dvresearch.wording import describe_findings, summarise_findings

if TYPE_CHECKING:
    import pandas as pd

#: A cell in `where`, and the rows that are listed of many.
_CELL, _ROWS = re.compile(r"(.*, dòng/row )(\d+)(, cột/column \w+)", re.DOTALL), 10

__all__ = ["as_json", "as_text", "check_inputs", "is_question", "must_mend", "together", "write"]


def as_text(findings: pd.DataFrame, lang: Lang = "vi", words: Literal["pass", "match"] = "pass") -> list[str]:
    """Return the account of what was read, the count of verdicts, the questions, what failed, and what else is open."""
    account = findings.loc[findings["check"] == "account", f"guidance_{lang}"].tolist()
    asked, failed, open_ones = is_question(findings), findings["verdict"] == "fail", findings["verdict"] != "pass"
    ordered = [findings[asked & open_ones], findings[~asked & failed], findings[~asked & open_ones & ~failed]]
    told = [line for part in ordered if len(part) for line in describe_findings(_grouped(part), lang, words=words)]
    return [*account, summarise_findings(findings, lang, words=words), *told]


def _grouped(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings with the cells of one column that are to be mended alike as one, its rows listed."""
    groups: dict[object, list[dict[str, str]]] = {}
    for n, row in enumerate(findings.to_dict("records")):
        place = _CELL.fullmatch(row["where"])
        advice = row["guidance_vi"].partition("\n")[0]
        key = (row["check"], row["verdict"], advice, place[1], place[3]) if place else n
        groups.setdefault(key, []).append(row)
    return table([_as_one(rows) if len(rows) > 1 else rows[0] for rows in groups.values()])  # type: ignore[misc]


def _as_one(rows: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """Return the finding that stands for cells of one column: the first rows, looks and lines, each once."""

    def first(texts: Iterable[str], most: int) -> list[str]:
        return list(dict.fromkeys(filter(None, texts)))[:most]

    before, _, behind = _CELL.fullmatch(rows[0]["where"]).groups()  # type: ignore[union-attr]
    numbers = [_CELL.fullmatch(row["where"])[2] for row in rows]  # type: ignore[index]
    more = f" (+{len(rows) - _ROWS})" if len(rows) > _ROWS else ""
    said = {"where": before + ", ".join(numbers[:_ROWS]) + more + behind}
    look, *others = first((row["computed"] for row in rows), 3) or [""]
    said["computed"] = "; ".join([look, *(other.removeprefix(LOOKS) for other in others)])
    for column in ("guidance_vi", "guidance_en"):
        lines = [row[column].split("\n") for row in rows]
        said[column] = "\n".join([lines[0][0], *first((line for part in lines for line in part[1:]), _ROWS + 1)])
    return {**rows[0], **said}


def is_question(findings: pd.DataFrame) -> pd.Series:
    """Tell which findings ask something that the declaration of the file answers."""
    return findings["check"].str.replace("_", "-").map(known_message) & (findings["severity"] == "major")


def must_mend(findings: pd.DataFrame) -> bool:
    """Tell whether something has to be mended or answered before an evaluation takes the file."""
    return bool(((findings["verdict"] == "fail") | (is_question(findings) & (findings["verdict"] != "pass"))).any())


def check_inputs(spec: Spec) -> dict[str, pd.DataFrame]:
    """Check every file of the office that an evaluation uses, with its settings.

    Returns
    -------
    dict of str to DataFrame
        Key of the input -> its findings; ``""`` for the questions that the evaluation asks itself.
    """
    from dvresearch.evaluation.context import Context

    ctx, found = Context(spec), {}
    if "template" in spec.inputs:
        wordstyles.opened(spec.language, spec.inputs["template"])
    forms = {"form": "II.06a", **PETITION_FORMS, "figures": "figures"}
    for key, path in spec.inputs.items():
        if key in forms:
            found[key] = screen(path, forms[key])
        elif key in RECORDS:
            found[key] = ctx.screened(key)
    asked = [q for q in ctx.open_questions() if q.get("code") == "due-contains-pause"]
    if asked:
        rows = [
            finding(
                "due_contains_pause",
                "review",
                q["where"],
                severity="major",
                guidance=Text(*("\n    ".join([q[lang], *q["answers"]]) for lang in ("vi", "en"))),
            )
            for q in asked
        ]
        found[""] = table(rows)
    return found


def together(checked: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the findings about the tables of one file as one table."""
    return table([row for found in checked for row in found.to_dict("records")])


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
    block = Checks("findings", title, Traced(findings, f"screen({name!r})", (name,), (name,)), "pass")
    report = Report(source.stem, lang, title, "", (), (Section("check", title, (block,), whole=True),), {name: name})
    target = out or Path(f"{source.stem}-check.{kind}")
    if target.resolve() == source.resolve():
        raise ParameterError("output-is-input", got=str(target))
    if kind == "html":
        target.write_text(html.render(report, {}), encoding="utf-8", newline="\n")
    else:
        annex.write(report, target)
    return target
