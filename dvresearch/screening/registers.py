"""What the smaller tables say about themselves: cases, survey answers, models, targets, self-assessments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import pandas as pd

from dvresearch.errors import DataError
from dvresearch.loaders.reading import Reading
from dvresearch.metrics.findings import Finding
from dvresearch.screening.records import FEW, MISSING_SHARE, Rule, absent, broken, noted, repeated, share
from dvresearch.tables import MODEL_CONTENTS, SCALES, STAGES
from dvresearch.text import period, plain

__all__ = ["CHECKS", "GIVEN"]

#: Answers on one scale from which equal ones make a straight line, and the share of such respondents to ask about.
LINE, LINE_SHARE = 5, 0.3
#: Items from which two equal sheets of answers are more likely one sheet typed twice.
MANY_ITEMS = 8
#: Times the plan by which a result is more likely in another unit.
FAR = 10
#: Contents of a registration without which a model cannot be evaluated later.
NEEDED = ("baseline", "target", "output")

_CASES = (
    Rule("group_of_few", "group_visit", "group_visit AND people < 5", "review", ("group_visit", "people")),
    Rule("visits_above_people", "people", "visits > people", "review", ("visits", "people")),
)
_MODELS = (
    Rule("duplicate_code", "model", repeated("model")),
    # names are compared without case and diacritics, and never shown
    Rule("duplicate_model", "states_name", repeated("coalesce(unit, '')", "nullif(name, '')"), "review"),
)
_STOPS = (
    Rule("stop_before_start", "stop", "stop < start"),
    Rule("stop_without_reason", "stop", "stop IS NOT NULL AND stop_reason IS NULL", "review"),
    Rule("reason_without_stop", "stop_reason", "stop IS NULL AND stop_reason IS NOT NULL", "review", ("stop",)),
    Rule("evaluation_before_start", "evaluation", "evaluation < start"),
)
_TARGETS = (
    Rule("duplicate_target", "indicator", repeated("unit", "period", "indicator")),
    Rule("no_plan", "planned", "planned IS NULL", "review"),
    Rule("no_result", "result", "result IS NULL", "review"),
    Rule("plan_is_zero", "planned", "planned = 0", "review"),
    Rule(
        "result_far_from_plan",
        "result",
        f"planned > 0 AND result > 0 AND (result > {FAR} * planned OR planned > {FAR} * result)",
        "review",
    ),
    Rule("period_not_read", "period", "no_period", "review"),
)
_SCORE = "coalesce(appraised_score, self_score)"
#: Scores that keep to the rule for a criterion of which nothing came up.
_KEPT = f"zero_rule = 'excluded' OR {_SCORE} IS NOT DISTINCT FROM if(zero_rule = 'full', maximum, 0)"
_RUBRIC = (
    Rule("duplicate_criterion", "criterion", repeated("unit", "criterion")),
    Rule("maximum_not_positive", "maximum", "maximum <= 0"),
    *(
        rule
        for name in ("self_score", "appraised_score")
        for rule in (
            Rule("score_above_maximum", name, f"{name} > maximum + 1e-9"),
            Rule("score_negative", name, f"{name} < 0"),
            Rule("score_missing", name, f"{name} IS NULL", "review"),
        )
    ),
    Rule("maxima_differ", "unit", "other_maxima", "review"),
    Rule("zero_without_rule", "denominator", "denominator = 0 AND zero_rule IS NULL", "review"),
    Rule(
        "zero_rule_broken",
        "denominator",
        f"denominator = 0 AND zero_rule IS NOT NULL AND {_SCORE} IS NOT NULL AND NOT ({_KEPT})",
    ),
    Rule("numerator_above", "numerator", "numerator > denominator", "review", ("numerator", "denominator")),
    Rule("score_without_evidence", "evidence", f"NOT evidence AND {_SCORE} > 0", "review"),
    Rule("weight_origin_missing", "weight_origin", "weight_origin IS NULL", "review", ()),
)


def _cases(reading: Reading) -> Iterator[Finding]:
    yield from broken(reading, _CASES)
    for name in reading.frame.columns.intersection(["group_visit", "repeated"]):
        said = reading.frame[name]
        if said.notna().any():
            ticks = said.dropna().all() and said.isna().any()
            yield noted("only_ticks", "review" if ticks else "pass", reading.where(name))


def _responses(reading: Reading) -> Iterator[Finding]:
    frame = reading.frame
    items = {c.name: c.vocabulary for c in reading.table.columns if c.vocabulary in SCALES and c.name in frame}
    others = frame.columns.drop("respondent", errors="ignore")
    alike = frame[[*items]].notna().all(axis=1) & frame.duplicated(others, keep=False)
    rules = [Rule("duplicate_code", "respondent", repeated("respondent"))]
    if len(items) >= MANY_ITEMS:
        rules.append(Rule("duplicate_row", "", "alike", "review", ()))
    yield from broken(reading, rules, alike=alike.to_numpy())
    for scale in dict.fromkeys(items.values()):
        asked = [i for i, s in items.items() if s == scale]
        answers = frame[asked].where(frame[asked].isin(SCALES[scale]))
        if len(asked) >= LINE:
            lines = answers[answers.notna().sum(axis=1) >= LINE].nunique(axis=1).eq(1)
            yield share("straight_lining", lines.mean(), LINE_SHARE, reading.where())
        if scale == "hai_long_5" and len(frame) >= FEW:
            for item in asked:
                most = answers[item].value_counts(normalize=True).max()
                yield share("one_answer", most, 0.95, reading.where(item))
    for item in items:
        yield share("missing", frame[item].isna().mean(), MISSING_SHARE, reading.where(item))
    if "weight" in frame and frame["weight"].notna().any():
        yield from broken(reading, [Rule("weight_not_positive", "weight", "weight IS NULL OR weight <= 0")])


def _models(reading: Reading) -> Iterator[Finding]:
    frame = reading.frame
    names = reading.cells("states_name").map(plain).to_numpy()
    yield from broken(reading, [*_MODELS, *_stages(reading), *_STOPS], name=names)
    stated = {c: frame.get(f"states_{c}", pd.Series(False, index=frame.index)) for c in MODEL_CONTENTS}
    dated = {c: frame[c].notna() if c in frame else False for c in ("start", "evaluation")}
    stated["time"] = stated["time"] | dated["start"]
    for content, said in stated.items():
        limit = 1e-12 if content in (*NEEDED, "time") else MISSING_SHARE
        severity = "major" if content in NEEDED else "minor"
        yield share(f"lacks_{content}", 1 - said.mean(), limit, reading.where(f"states_{content}"), severity=severity)
    ready = dated["start"] & dated["evaluation"] & pd.DataFrame({c: stated[c] for c in NEEDED}).all(axis=1)
    verdict = "pass" if ready.all() else "review"
    yield noted("can_be_evaluated", verdict, reading.where(), computed=f"{int(ready.sum())}/{len(frame)}")


def _stages(reading: Reading) -> Iterator[Rule]:
    """Return what may be wrong with stages: out of order, without a date, or reached after the model was stopped."""
    dated = [s for s in STAGES if f"{s}_on" in reading.frame]
    if dated:
        last, pairs = f"{dated[-1]}_on", [*combinations(dated, 2)]
        yield Rule("stage_before_earlier", last, _any(f"{b}_on < {a}_on" for a, b in pairs))
        yield Rule("stage_skipped", last, _any(f"{a}_on IS NULL AND {b}_on IS NOT NULL" for a, b in pairs), "review")
        yield Rule("stage_after_stop", "stop", _any(f"{s}_on > stop" for s in dated), "review")
    if "stage" in reading.block.columns:
        if dated:
            none = _any(f"stage = '{s}' AND {s}_on IS NULL" for s in dated)
            yield Rule("stage_without_date", "stage", none, "review")
            further = (f"stage = '{a}' AND {b}_on IS NOT NULL" for a, b in combinations(STAGES, 2) if b in dated)
            yield Rule("stage_below_dates", "stage", _any(further))
        yield Rule("stage_missing", "stage", "stage IS NULL", "review")


def _any(conditions: Iterator[str]) -> str:
    return " OR ".join(f"({condition})" for condition in conditions) or "false"


def _targets(reading: Reading) -> Iterator[Finding]:
    def unknown(text: object) -> bool:
        try:
            return period(str(text)) is None
        except DataError:
            return True

    no_period = reading.frame["period"].map(unknown).to_numpy(bool)
    yield from broken(reading, _TARGETS, no_period=no_period)


def _rubric(reading: Reading) -> Iterator[Finding]:
    units = reading.frame["unit"]
    totals = reading.frame.groupby("unit", sort=False)["maximum"].sum()
    others = (units.map(totals) != totals.mode().min()) & ~units.duplicated()
    yield from broken(reading, _RUBRIC, other_maxima=others.to_numpy())
    yield from absent(("self_score", "appraised_score", "denominator"), reading.frame, reading.where())


#: Table -> its checks, beside those of dossiers.
CHECKS: Mapping[str, Callable[[Reading], Iterator[Finding]]] = {
    "cases": _cases,
    "responses": _responses,
    "models": _models,
    "targets": _targets,
    "rubric": _rubric,
}
#: Columns besides the unit that a file may lack and the user can state.
GIVEN = {"cases": ("kind",), "targets": ("period",), "rubric": ("zero_rule",)}
