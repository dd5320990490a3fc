"""Findings as sentences: the verdict in the words of its use, computed against stated, what to do."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from dvresearch import codebook
from dvresearch.errors import check_choice
from dvresearch.tables import FINDINGS, VERDICTS, check
from dvresearch.text import format_number, format_percent
from dvresearch.wording.values import Lang, capital, inside, phrase, shown_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Words", "describe_findings", "localised", "summarise_findings", "verdict_words"]

#: Which words verdicts are given in: đạt / không đạt, khớp / không khớp, or đạt / không đạt of a check on an estimate,
#: whose second number is what the first is held against and nothing published.
Words = Literal["pass", "match", "effect"]

_NUMBER = r"-?\d+(?:\.\d+)?"


def verdict_words(verdict: str, lang: Lang, words: Words = "match") -> str:
    """Return a verdict as a reader sees it.

    Parameters
    ----------
    verdict : {"pass", "review", "fail", "unknown"}
        The verdict of a finding.
    lang : {"vi", "en"}
        Language.
    words : {"match", "pass", "effect"}, default "match"
        ``match`` for recomputed figures and identities (khớp / không khớp), ``pass`` for
        requirements (đạt / không đạt), ``effect`` for the checks of an effect (đạt / không đạt). ``review`` and
        ``unknown`` read the same in all.
    """
    check_choice("lang", lang, ("vi", "en"))
    check_choice("words", words, ("match", "pass", "effect"))
    own = words == "match" and verdict in ("pass", "fail")
    return codebook.get("verdict", f"match_{verdict}" if own else verdict).label(lang)


def localised(digits: str, lang: Lang) -> str:
    """Return what a finding holds as the reader writes it: numbers, columns and kinds of personal data in words.

    Parameters
    ----------
    digits : str
        ``computed`` or ``stated`` of a finding: ``12706951``, ``91.97 %``, ``0.658 (p = 0.031)``, ``channel``. Any
        other text stays as it is.
    lang : {"vi", "en"}
        Language: ``12.706.951``, ``91,97%`` in Vietnamese.
    """
    if re.fullmatch(rf"(?:{_NUMBER} \()?p [=<] {_NUMBER}\)?", digits):
        return re.sub(_NUMBER, lambda number: localised(number[0], lang), digits)
    found = re.fullmatch(r"(-?\d+(?:\.(\d+))?)([\u00a0 ]?%)?", digits)
    if not found:
        codes = (("value", f"personal.{digits}"), ("column", digits)) if re.fullmatch("[a-z_]+", digits) else ()
        named = (inside(codebook.label(kind, code, lang)) for kind, code in codes if codebook.find(kind, code) == code)
        return next(named, digits)
    number, decimals = float(found[1]), len(found[2] or "")
    return format_percent(number / 100, decimals, lang) if found[3] else format_number(number, decimals, lang)


def describe_findings(findings: pd.DataFrame, lang: Lang = "vi", *, words: Words = "match") -> list[str]:
    """Return one paragraph per finding.

    Parameters
    ----------
    findings : DataFrame
        The findings contract.
    lang : {"vi", "en"}, default "vi"
        Language.
    words : {"match", "pass", "effect"}, default "match"
        See :func:`verdict_words`.

    Returns
    -------
    list of str
        ``Where – check: verdict (computed …, published …). Guidance.``, in the order of the rows.

    Raises
    ------
    DataError
        When `findings` breaks its contract.
    ParameterError
        For an unknown language, pair of words, or check code.
    """
    check(findings, FINDINGS)
    return [_paragraph(row, lang, words) for row in findings.to_dict("records")]


def _paragraph(row: Mapping[Hashable, Any], lang: Lang, words: Words) -> str:
    name = codebook.get("check", row["check"]).label(lang)
    where = ", ".join(shown_name(part, lang) for part in row["where"].split(", "))
    head = f"{where} – {name}" if where else capital(name)
    own = f"{row['check']}.{row['computed']}"
    if codebook.find("value", own) == own:  # a word of the check, such as impact_feasibility.weak
        told = codebook.get("value", own).label(lang)
    else:
        told = verdict_words(row["verdict"], lang, words) + _numbers(row, lang, words)
    return " ".join(filter(None, (f"{head}: {told}.", row[f"guidance_{lang}"])))


def _numbers(row: Mapping[Hashable, Any], lang: Lang, words: Words) -> str:
    # For a requirement a count, a share or the look of a cell stands alone: the name of the check says which it is.
    both = "finding.against" if words == "effect" else "finding.both"
    alone = "finding.bare" if words == "pass" else "finding.computed"
    key = both if row["computed"] and row["stated"] else alone if row["computed"] else "finding.stated"
    computed, stated = localised(row["computed"], lang), localised(row["stated"], lang)
    return f" ({phrase(key, lang, computed=computed, stated=stated)})" if computed or stated else ""


def summarise_findings(findings: pd.DataFrame, lang: Lang = "vi", *, words: Words = "match") -> str:
    """Return one sentence with the number of findings by verdict: ``12 kiểm tra: 10 khớp, 2 cần xem.``

    Parameters
    ----------
    findings : DataFrame
        The findings contract.
    lang : {"vi", "en"}, default "vi"
        Language.
    words : {"match", "pass", "effect"}, default "match"
        See :func:`verdict_words`.
    """
    check(findings, FINDINGS)
    counts = findings["verdict"].value_counts()
    parts = [f"{counts[v]} {_of_several(verdict_words(v, lang, words), counts[v])}" for v in VERDICTS if v in counts]
    total = len(findings)
    head = phrase("finding.check" if total == 1 else "finding.checks", lang, total)
    return f"{head}: {', '.join(parts)}."


def _of_several(verdict: str, count: int) -> str:
    """Return an English verdict as it is said of several checks: ``2 agree``, ``2 do not agree``."""
    return verdict if count == 1 else {"agrees": "agree", "does not agree": "do not agree"}.get(verdict, verdict)
