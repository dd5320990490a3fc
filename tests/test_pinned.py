"""What the statistics give today, pinned: `python -m tests.test_pinned` writes the pins anew, `changes.md` says why.

Values are held to eight digits (`tests/pinned.py` says of what): the last ones may differ from one processor to the
next, or when the same sum is added up in another order. A pin says that a value has not moved, not that it is right.
"""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.pinned import FACTOR, example_cases, inside, lines, outside, truth_cases
from tests.test_pins import PINS, assert_as_pinned, write_pins

MAKER = "tests.test_pinned"
OUTSIDE, TRUTH, EXAMPLES = "statistics-outside.csv", "statistics-truth.csv", "statistics-examples.csv"
HEAD = ["case", "table", "row", "column", "value"]


def held(pins: str, rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the lines of `rows`, as pinned where the value is the same number up to rounding."""
    pinned: dict[tuple[str, ...], str] = {}
    if (PINS / pins).exists():
        with (PINS / pins).open(encoding="utf-8", newline="") as file:
            pinned = {tuple(key): value for *key, value in csv.reader(file)}
    yield HEAD
    for *key, value in rows:
        before = pinned.get(tuple(key), value)
        yield [*key, before if same(before, value, 1e-6 if key[-1] == FACTOR else 1e-8) else value]


def same(before: str, value: str, tolerance: float) -> bool:
    try:
        return math.isclose(float(before), float(value), rel_tol=tolerance, abs_tol=1e-12)
    except ValueError:
        return before == value


def test_outside_cases_give_the_pinned_values(validation: Callable[[str], Path]) -> None:
    assert_as_pinned(OUTSIDE, held(OUTSIDE, outside(validation)), MAKER)


def test_provinces_of_known_truth_give_the_pinned_values() -> None:
    assert_as_pinned(TRUTH, held(TRUTH, inside(truth_cases())), MAKER)


def test_examples_give_the_pinned_values() -> None:
    assert_as_pinned(EXAMPLES, held(EXAMPLES, inside(example_cases())), MAKER)


def test_a_moved_value_is_named_and_rounding_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_pins.PINS", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "PINS", tmp_path)
    rows = [["a", "t", "x", "value", "0.1234567891"], ["a", "t", "y", "reason", "no_n"]]
    write_pins("p.csv", held("p.csv", rows))
    rows[0][-1] = "0.1234567895"
    assert_as_pinned("p.csv", held("p.csv", rows), MAKER)
    rows[0][-1], rows[1][-1] = "0.12345679", "few"
    with pytest.raises(pytest.fail.Exception) as told:
        assert_as_pinned("p.csv", held("p.csv", rows), MAKER)
    assert "+a,t,y,reason,few\n" in str(told.value) and "python -m tests.test_pinned" in str(told.value)
    rows[0][-1] = "0.1234568"
    with pytest.raises(pytest.fail.Exception, match=r"\+a,t,x,value,0\.1234568\n"):
        assert_as_pinned("p.csv", held("p.csv", rows), MAKER)


def test_every_filled_cell_is_a_line() -> None:
    import pandas as pd

    columns = {"unit": ["A", "B"], "indicator": "i", "value": [1 / 3, None], "flags": "few", "guidance_vi": "câu"}
    assert [*lines("case", "table", pd.DataFrame(columns))] == [
        ["case", "table", "", "(rows)", "2"],
        ["case", "table", "(all)", "indicator", "i"],
        ["case", "table", "A", "value", "0.3333333333"],
        ["case", "table", "(all)", "flags", "few"],
    ]


def renew() -> None:
    """Write the pins anew; those of the outside cases only where DVRESEARCH_VALIDATION says where they are."""
    made = {TRUTH: inside(truth_cases()), EXAMPLES: inside(example_cases())}
    if root := os.environ.get("DVRESEARCH_VALIDATION"):
        made[OUTSIDE] = outside(lambda name: Path(root) / name)
    else:
        print(f"DVRESEARCH_VALIDATION is not set: {OUTSIDE} stays as it is", file=sys.stderr)
    for pins, rows in made.items():
        write_pins(pins, [*held(pins, rows)])


if __name__ == "__main__":
    renew()
