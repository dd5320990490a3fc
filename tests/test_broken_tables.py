"""Broken files of the smaller tables and the petition forms; `tests/spoilt/tables.py` says what each gets."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dvresearch import loaders
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders.form_layouts import FORMS
from dvresearch.screening import screen
from tests.spoilt import tables as make

REFUSED, FOUND, SUMS = make.refused(), make.found(), make.sums()
EVERY = [*REFUSED, *FOUND, *SUMS]
LOAD: dict[str, Callable[..., pd.DataFrame]] = {
    "cases": loaders.load_cases,
    "models": loaders.load_models,
    "targets": loaders.load_targets,
    "rubric": loaders.load_rubric,
}


def of(cases: list[Any]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[c.file for c in cases])


def load(path: Path, table: str, **options: Any) -> pd.DataFrame:
    if table == "responses":
        return loaders.load_responses(path, make.ITEMS, **options)
    return LOAD[table](path, **options) if table in LOAD else loaders.load_form(path, table, **options)


def checked(path: Path, table: str) -> pd.DataFrame:
    return screen(path, table, items=make.ITEMS if table == "responses" else None)


@pytest.fixture(scope="module")
def screened(spoilt: Callable[[str], Path]) -> Callable[[Any], pd.DataFrame]:
    """Return `screened(case)`: the findings of a file; each is screened once for all tests."""
    found = cache(lambda file, table: checked(spoilt("tables") / file, table))
    return lambda case: found(case.file, case.table)


@pytest.fixture(scope="module")
def loaded(spoilt: Callable[[str], Path]) -> Callable[[Any], pd.DataFrame | DataError | ParameterError]:
    """Return `loaded(case)`: what a file is loaded as, or the error that refuses it."""

    @cache
    def end(file: str) -> pd.DataFrame | DataError | ParameterError:
        case = next(c for c in EVERY if c.file == file)
        try:
            return load(spoilt("tables") / file, case.table, **case.options)
        except (DataError, ParameterError) as error:
            return error

    return lambda case: end(case.file)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[pd.DataFrame, pd.DataFrame]]:
    """Return `good(table)`: the good file of a table as it is loaded, and its findings."""
    path = tmp_path_factory.mktemp("tot") / "tot.csv"

    @cache
    def read(table: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        path.write_bytes(make.text(make.GOOD[table]) if table in make.GOOD else make.form(table))
        return load(path, table), checked(path, table)

    return read


@pytest.mark.parametrize("table", [*make.GOOD, *make.SUMS])
def test_the_good_file_loads_and_nothing_fails(table: str, good: Callable[[str], Any]) -> None:
    frame, findings = good(table)
    assert len(frame) == (len(make.GOOD[table]) - 1 if table in make.GOOD else 1)
    assert not (findings["verdict"] == "fail").any()


@of(REFUSED)
def test_file_is_refused_with_its_message(case: Any, loaded: Callable[[Any], Any]) -> None:
    error = loaded(case)
    assert isinstance(error, DataError | ParameterError)
    assert error.exit_status == 2
    lines = error.lines("vi"), error.lines("en")
    assert all(len(part) > 1 for part in lines), "a message says more than what is wrong"
    said = "\n".join(lines[0])
    assert all(word in said for word in case.says), said


def hits(findings: pd.DataFrame, case: Any) -> pd.DataFrame:
    same = findings[(findings["check"] == case.check) & (findings["verdict"] == case.verdict)]
    said = [f"{r.where} | {r.computed} | {r.stated}" for r in same.itertuples()]
    return same[[all(word in line for word in case.says) for line in said]]


@of([*FOUND, *SUMS])
def test_file_gets_its_finding(case: Any, screened: Callable[[Any], pd.DataFrame]) -> None:
    findings = screened(case)
    found = hits(findings, case)
    assert len(found) == 1, findings[["check", "verdict", "where", "computed"]].to_string()
    assert (found[["guidance_vi", "guidance_en"]] != "").all(axis=None)


@of(FOUND)
def test_a_good_file_does_not_get_that_finding(case: Any, good: Callable[[str], Any]) -> None:
    _, findings = good(case.table)
    assert not ((findings["check"] == case.check) & (findings["verdict"] == case.verdict)).any()


@of([c for c in REFUSED if not c.options and c.table in (*make.GOOD, *make.SUMS)])
def test_screening_tells_of_it_and_never_raises(case: Any, screened: Callable[[Any], pd.DataFrame]) -> None:
    assert "fail" in set(screened(case)["verdict"])


def test_every_sum_of_every_form_is_one_of_the_notes_and_has_a_file() -> None:
    known = {
        code: [f"{total}={'+'.join(map(str, parts))}" for total, parts in form.sums]
        for (code, version), form in FORMS.items()
        if version == "TT02/2021"
    }
    assert known == make.SUMS
    assert [c.check for c in SUMS] == [check for (code, _), f in FORMS.items() if code in known for check in f.checks()]


@of(SUMS)
def test_a_broken_sum_breaks_the_others_only_where_it_is_a_part_of_them(
    case: Any, screened: Callable[[Any], pd.DataFrame]
) -> None:
    findings = screened(case)
    failed = set(findings.loc[findings["verdict"] == "fail", "check"])
    written = dict(zip((c.check for c in SUMS if c.table == case.table), make.SUMS[case.table], strict=True))
    changed = make.parts_of(written[case.check])[1][-1]
    assert failed == {
        check for check, total in written.items() if changed in (n := make.parts_of(total))[1] or changed == n[0]
    }


PERSONS = ("Nguyễn Văn An", "Trần Thị Bình", "Lê Thị Hồng Nhung", "Phạm Văn Dũng", "Vũ Thị Hạnh")


@of(EVERY)
def test_nobody_is_named(case: Any, screened: Callable[[Any], pd.DataFrame], loaded: Callable[[Any], Any]) -> None:
    shown = screened(case).to_csv() if case.table in (*make.GOOD, *make.SUMS) else ""
    end = loaded(case)
    shown += str(end.attrs) + end.to_csv() if isinstance(end, pd.DataFrame) else str(end)
    assert not [name for name in PERSONS if name in shown]
