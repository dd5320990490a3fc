"""A dated plan: what an evaluation is to ask and how, written before the data come in, and what departed from it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from dvresearch.errors import DataError, ParameterError
from dvresearch.evaluation.spec import Spec
from dvresearch.metrics.estimates import CEILING, FEW

__all__ = ["NOT_THERE", "departures", "outline", "plan_name", "read_plan", "write_plan"]

#: Limits of funnel plots, see ``metrics.funnel``.
FUNNEL_LIMITS = (0.95, 0.998)
#: Stands where one side has nothing.
NOT_THERE = "–"
_HEAD = {
    "vi": "# Kế hoạch đánh giá, ghi ngày {day}. Không sửa tệp này; làm khác kế hoạch thì nêu lý do dưới [departures]\n"
    "# của evaluation.toml. Thêm vào [inputs]: plan = {name}\n",
    "en": "# Plan of an evaluation, written on {day}. Leave this file as it is; give the reason for what is done\n"
    "# otherwise below [departures] in evaluation.toml. Add to [inputs]: plan = {name}\n",
}


@cache
def _texts() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("plan.toml").read_text(encoding="utf-8"))


def outline(spec: Spec, sections: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what an evaluation asks, compares and counts, and the thresholds it goes by.

    Parameters
    ----------
    spec : Spec
        The specification.
    sections : sequence of str
        Codes of its sections; those that only tell of the evaluation itself are left out.
    """
    return {
        "scope": {"scope": spec.scope, "period": spec.period, "start": spec.start.isoformat(), "as_of": spec.as_of},
        "counting": {
            "clock": spec.clock,
            "supplement": spec.supplement,
            "lower_is_better": sorted(spec.lower_is_better),
        },
        "comparisons": {
            "compare_with": spec.compare_with or NOT_THERE,
            "bridge": spec.bridge or NOT_THERE,
            "units": "funnel" if "units" in sections or "resolution" in sections else NOT_THERE,
        },
        "thresholds": {
            "confidence": spec.confidence,
            "privacy_threshold": spec.privacy_threshold,
            "funnel_limits": list(FUNNEL_LIMITS),
            "few": FEW,
            "ceiling": CEILING,
        },
        **{
            f"section.{code}": {
                "question": text["question"][spec.language],
                "analysis": text["analysis"][spec.language],
                "indicators": text["indicators"],
                "definitions": text["definitions"],
            }
            for code in sections
            if (text := _texts().get(f"{spec.scope}-{code}", _texts().get(code)))
        },
    }


def plan_name(made: date) -> str:
    """Return the name of the plan of a day."""
    return f"plan-{made.isoformat()}.toml"


def write_plan(spec: Spec, sections: Sequence[str], folder: str | Path, *, made: date) -> Path:
    """Write the plan of an evaluation.

    Parameters
    ----------
    spec, sections
        As for :func:`outline`.
    folder : str or Path
        Where to.
    made : date
        Day of the plan; it stands in the name of the file and inside.

    Returns
    -------
    Path
        ``plan-YYYY-MM-DD.toml``.

    Raises
    ------
    ParameterError
        When there is a plan of that day: a plan is never overwritten.
    """
    path = Path(folder) / plan_name(made)
    lines = [f"made = {json.dumps(made.isoformat())}", f"evaluation = {json.dumps(spec.name)}"]
    for table, values in outline(spec, sections).items():
        lines += ["", f"[{table}]", *(f"{key} = {json.dumps(v, ensure_ascii=False)}" for key, v in values.items())]
    head = _HEAD[spec.language].format(day=made.isoformat(), name=json.dumps(path.name))
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(head + "\n".join(lines) + "\n")
    except FileExistsError:
        raise ParameterError("plan-there-already", name=path.name) from None
    return path


def read_plan(path: Path) -> dict[str, Any]:
    """Read a plan.

    Raises
    ------
    DataError
        When the file is not a plan.
    """
    try:
        plan = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        date.fromisoformat(plan["made"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise DataError("plan-not-read", where=path.name) from None
    return plan


def departures(plan: Mapping[str, Any], done: Mapping[str, Any], reasons: Mapping[str, str]) -> pd.DataFrame:
    """Return where an evaluation is not what was planned.

    Parameters
    ----------
    plan : mapping
        From :func:`read_plan`.
    done : mapping
        From :func:`outline`.
    reasons : mapping of str to str
        Key -> why, as the specification gives them.

    Returns
    -------
    DataFrame
        ``key`` (``thresholds.confidence``, or ``section.survey`` for a whole section), ``planned``, ``done`` and
        ``reason`` ("" where none is given). The words of questions are not compared.
    """
    before, after = dict(_flat(plan)), dict(_flat(done))
    rows = [
        {
            "key": key,
            "planned": before.get(key, NOT_THERE),
            "done": after.get(key, NOT_THERE),
            "reason": reasons.get(key, ""),
        }
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
    return pd.DataFrame(rows, columns=["key", "planned", "done", "reason"])


def _flat(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for table, values in plan.items():
        if table == "section":
            yield from ((f"section.{code}", _measured(code, section)) for code, section in values.items())
        elif table.startswith("section."):
            yield table, _measured(table.partition(".")[2], values)
        elif isinstance(values, Mapping):
            yield from ((f"{table}.{key}", _text(value)) for key, value in values.items())


def _measured(code: str, section: Mapping[str, Any]) -> str:
    return ", ".join([*section["indicators"], *section["definitions"]]) or code


def _text(value: object) -> str:
    return (", ".join(map(str, value)) or NOT_THERE) if isinstance(value, list) else str(value)
