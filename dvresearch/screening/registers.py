"""What the smaller tables say about themselves: cases, survey answers, models, targets, self-assessments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from dvresearch.errors import DataError
from dvresearch.loaders.reading import Reading
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.screening.records import FEW, MISSING_SHARE, noted, screen_records
from dvresearch.tables import MODEL_CONTENTS, SCALES, STAGES, Table
from dvresearch.text import period, plain
from dvresearch.workdays import Calendar

__all__ = ["check_records"]

_SHOWN = 10
#: Answers on one scale from which equal ones make a straight line, and the share of such respondents to ask about.
LINE, LINE_SHARE = 5, 0.3
#: Items from which two equal sheets of answers are more likely one sheet typed twice.
MANY_ITEMS = 8
#: Times the plan by which a result is more likely in another unit.
FAR = 10
#: Contents of a registration without which a model cannot be evaluated later.
NEEDED = ("baseline", "target", "output")


class _Findings:
    """Makes findings about the records of one file."""

    def __init__(self, reading: Reading) -> None:
        self.frame, self.reading = reading.frame, reading

    def rows(self, check: str, wrong: pd.Series, column: str = "", *, verdict: str = "fail") -> Finding:
        """Return the finding of a check that some rows fail."""
        rows = np.flatnonzero(wrong.fillna(False).to_numpy(bool)).tolist()
        where = self.reading.where(column, rows[:_SHOWN], len(rows) - _SHOWN)
        return noted(check, verdict if rows else "pass", where, computed=str(len(rows)))

    def share(self, check: str, share: float, limit: float, column: str = "", *, severity: str = "") -> Finding:
        """Return the finding of a share that deserves a question from `limit` on."""
        verdict = "unknown" if pd.isna(share) else "review" if share >= limit else "pass"
        grade = "" if verdict == "pass" else severity
        return noted(check, verdict, self.reading.where(column), computed=findings.percent(share), severity=grade)

    def has(self, *names: str) -> bool:
        return set(names) <= set(self.frame.columns)

    def twice(self, code: str, *key: str) -> Iterator[Finding]:
        """Look for keys that occur twice."""
        if self.has(*key):
            known = self.frame[list(key)].notna().all(axis=1)
            yield self.rows(code, known & self.frame.duplicated(list(key), keep=False), key[-1])


def _cases(about: _Findings, table: Table) -> Iterator[Finding]:
    frame = about.frame
    if about.has("group_visit", "people"):
        yield about.rows("group_of_few", frame["group_visit"] & (frame["people"] < 5), "group_visit", verdict="review")
    if about.has("visits", "people"):
        yield about.rows("visits_above_people", frame["visits"] > frame["people"], "people", verdict="review")
    for name in ("group_visit", "repeated"):
        if about.has(name) and frame[name].notna().any():
            ticks = not (frame[name] == False).any() and frame[name].isna().any()  # noqa: E712 - missing is neither
            yield noted("only_ticks", "review" if ticks else "pass", about.reading.where(name))


def _responses(about: _Findings, table: Table) -> Iterator[Finding]:
    frame = about.frame
    items = {c.name: c.vocabulary for c in table.columns if c.vocabulary in SCALES and c.name in frame}
    yield from about.twice("duplicate_code", "respondent")
    if len(items) >= MANY_ITEMS:
        others = [c for c in frame.columns if c != "respondent"]
        full = frame[list(items)].notna().all(axis=1)
        yield about.rows("duplicate_row", full & frame.duplicated(others, keep=False), verdict="review")
    for scale in dict.fromkeys(items.values()):
        asked = [i for i, s in items.items() if s == scale]
        answers = frame[asked].where(frame[asked].isin(SCALES[scale]))
        if len(asked) >= LINE:
            ranks = answers.apply(lambda column, scale=scale: column.map({w: i for i, w in enumerate(SCALES[scale])}))
            ranks = ranks[ranks.notna().sum(axis=1) >= LINE]
            lines = (ranks.min(axis=1) == ranks.max(axis=1)).mean()
            yield about.share("straight_lining", lines, LINE_SHARE)
        if scale == "hai_long_5" and len(frame) >= FEW:
            for item in asked:
                yield about.share("one_answer", answers[item].value_counts(normalize=True).max(), 0.95, item)
    for item in items:
        yield about.share("missing", frame[item].isna().mean(), MISSING_SHARE, item)
    if about.has("weight") and frame["weight"].notna().any():
        yield about.rows("weight_not_positive", ~(frame["weight"] > 0), "weight")


def _models(about: _Findings, table: Table) -> Iterator[Finding]:
    frame = about.frame
    yield from about.twice("duplicate_code", "model")
    if about.has("states_name"):
        named = about.reading.cells("states_name").map(plain)
        pair = pd.DataFrame({"unit": frame["unit"], "name": named})
        yield about.rows(
            "duplicate_model", (named != "") & pair.duplicated(keep=False), "states_name", verdict="review"
        )
    yield from _stages(about)
    stop, start = (frame.get(c, pd.Series(pd.NaT, index=frame.index)) for c in ("stop", "start"))
    if about.has("stop"):
        yield about.rows("stop_before_start", stop < start, "stop")
        reason = frame.get("stop_reason", pd.Series(pd.NA, index=frame.index, dtype="str"))
        yield about.rows("stop_without_reason", stop.notna() & reason.isna(), "stop", verdict="review")
        yield about.rows("reason_without_stop", stop.isna() & reason.notna(), "stop_reason", verdict="review")
    if about.has("evaluation"):
        yield about.rows("evaluation_before_start", frame["evaluation"] < start, "evaluation")
    for content in MODEL_CONTENTS:
        severity = "major" if content in NEEDED else "minor"
        name = f"states_{content}"
        if content == "time":
            stated = frame.get(name, pd.Series(False, index=frame.index)) | start.notna()
            lacks = 1.0 - stated.mean() if about.has(name) or about.has("start") else 1.0
        else:
            lacks = 1.0 - frame[name].mean() if about.has(name) else 1.0
        limit = 1e-12 if content in (*NEEDED, "time") else MISSING_SHARE
        yield about.share(f"lacks_{content}", lacks, limit, name, severity=severity)
    evaluation = frame.get("evaluation", pd.Series(pd.NaT, index=frame.index))
    ready = start.notna() & evaluation.notna()
    for content in NEEDED:
        ready &= frame.get(f"states_{content}", pd.Series(False, index=frame.index))
    verdict = "pass" if ready.all() else "review"
    yield noted("can_be_evaluated", verdict, about.reading.where(), computed=f"{int(ready.sum())}/{len(frame)}")


def _stages(about: _Findings) -> Iterator[Finding]:
    """Look for stages out of order, without a date, or reached after the model was stopped."""
    frame = about.frame
    dated = [s for s in STAGES if f"{s}_on" in frame]
    early = pd.Series(False, index=frame.index)
    skipped, after_stop = early.copy(), early.copy()
    latest = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    for i, stage in enumerate(dated):
        day = frame[f"{stage}_on"]
        early |= day < latest
        latest = pd.concat([latest, day], axis=1).max(axis=1)
        skipped |= day.notna() & frame[[f"{s}_on" for s in dated[:i]]].isna().any(axis=1)
        if about.has("stop"):
            after_stop |= day > frame["stop"]
    if dated:
        yield about.rows("stage_before_earlier", early, f"{dated[-1]}_on")
        yield about.rows("stage_skipped", skipped, f"{dated[-1]}_on", verdict="review")
        if about.has("stop"):
            yield about.rows("stage_after_stop", after_stop, "stop", verdict="review")
    if about.has("stage") and "stage" in about.reading.block.columns:
        no_date = pd.Series(False, index=frame.index)
        further = no_date.copy()
        for i, stage in enumerate(STAGES):
            here = frame["stage"] == stage
            if stage in dated:
                no_date |= here & frame[f"{stage}_on"].isna()
            later = [f"{s}_on" for s in STAGES[i + 1 :] if s in dated]
            if later:
                further |= here & frame[later].notna().any(axis=1)
        if dated:
            yield about.rows("stage_without_date", no_date, "stage", verdict="review")
            yield about.rows("stage_below_dates", further, "stage")
        yield about.rows("stage_missing", frame["stage"].isna(), "stage", verdict="review")


def _targets(about: _Findings, table: Table) -> Iterator[Finding]:
    frame = about.frame
    yield from about.twice("duplicate_target", "unit", "period", "indicator")
    planned, result = frame["planned"], frame["result"]
    yield about.rows("no_plan", planned.isna(), "planned", verdict="review")
    yield about.rows("no_result", result.isna(), "result", verdict="review")
    yield about.rows("plan_is_zero", planned == 0, "planned", verdict="review")
    far = (planned > 0) & (result > 0) & ((result > FAR * planned) | (planned > FAR * result))
    yield about.rows("result_far_from_plan", far, "result", verdict="review")

    def unknown(text: object) -> bool:
        try:
            return period(str(text)) is None
        except DataError:
            return True

    yield about.rows("period_not_read", frame["period"].map(unknown).astype(bool), "period", verdict="review")


def _rubric(about: _Findings, table: Table) -> Iterator[Finding]:
    frame = about.frame
    yield from about.twice("duplicate_criterion", "unit", "criterion")
    blank = pd.Series(float("nan"), index=frame.index)
    maximum, base = frame["maximum"], frame.get("denominator", blank)
    yield about.rows("maximum_not_positive", maximum <= 0, "maximum")
    score = frame.get("appraised_score", blank).fillna(frame.get("self_score", blank))
    for name in ("self_score", "appraised_score"):
        if about.has(name):
            yield about.rows("score_above_maximum", frame[name] > maximum + 1e-9, name)
            yield about.rows("score_negative", frame[name] < 0, name)
            yield about.rows("score_missing", frame[name].isna(), name, verdict="review")
        else:
            yield noted("column_absent", "unknown", about.reading.where(), computed=name)
    totals = frame.groupby("unit", sort=False)["maximum"].sum()
    odd = frame["unit"].map(totals) != totals.mode().iloc[0] if len(totals) else pd.Series(False, index=frame.index)
    yield about.rows("maxima_differ", odd & ~frame["unit"].duplicated(), "unit", verdict="review")
    rule = frame.get("zero_rule", pd.Series(pd.NA, index=frame.index, dtype="str"))
    if about.has("denominator"):
        yield about.rows("zero_without_rule", (base == 0) & rule.isna(), "denominator", verdict="review")
        kept = (rule == "full") & (score == maximum) | (rule == "zero") & (score == 0) | (rule == "excluded")
        broken = (base == 0) & rule.notna() & score.notna() & ~kept
        yield about.rows("zero_rule_broken", broken, "denominator")
        if about.has("numerator"):
            yield about.rows("numerator_above", frame["numerator"] > base, "numerator", verdict="review")
    else:
        yield noted("column_absent", "unknown", about.reading.where(), computed="denominator")
    if about.has("evidence"):
        yield about.rows("score_without_evidence", ~frame["evidence"] & (score > 0), "evidence", verdict="review")
    origin = frame.get("weight_origin", pd.Series(pd.NA, index=frame.index, dtype="str"))
    yield about.rows("weight_origin_missing", origin.isna(), "weight_origin", verdict="review")


_CHECKS: Mapping[str, Callable[[_Findings, Table], Iterator[Finding]]] = {
    "cases": _cases,
    "responses": _responses,
    "models": _models,
    "targets": _targets,
    "rubric": _rubric,
}
#: Columns besides the unit that a file may lack and the user can state.
GIVEN = {"cases": ("kind",), "targets": ("period",), "rubric": ("zero_rule",)}


def check_records(reading: Reading, *, as_of: date | str | None, calendar: Calendar | None) -> list[Finding]:
    """Check the records of a table; `as_of` and `calendar` as for :func:`dvresearch.screen`."""
    checks = _CHECKS.get(reading.table.name)
    found = list(checks(_Findings(reading), reading.table)) if checks else []
    if reading.table.name in ("dossiers", "cases"):
        found += screen_records(reading.frame, reading, as_of=as_of, calendar=calendar)
    return found
