"""Messages are data: each code is used, each used code is there, and both languages say the same."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Container, Iterator
from pathlib import Path

import pytest

import dvresearch
from dvresearch import errors
from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows

PACKAGE = Path(dvresearch.__file__).parent
MESSAGES = tomllib.loads((PACKAGE / "messages.toml").read_text(encoding="utf-8"))
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))]
#: Who takes a code, and as which of its arguments.
TAKERS = {"DataError": 0, "ParameterError": 0, "ReportError": 0, "message": 0, "refuse": 0, "Refused": 0, "ask": 0}
TAKERS |= {"refuse_rows": 1, "refuse_cells": 2}
#: Codes put together from a prefix and the word of a setting or a finding.
PUT_TOGETHER = ("state-", "form-total-")


def literals(tree: ast.AST) -> Iterator[str]:
    return (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def codes_of(call: ast.Call, takers: Container[str]) -> Iterator[str]:
    """Yield the codes that stand in a call of one of `takers`."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in takers and name in TAKERS and len(call.args) > TAKERS[name]:
        code = call.args[TAKERS[name]]
        branches = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
        yield from (b.value for b in branches if isinstance(b, ast.Constant) and isinstance(b.value, str))


def given_codes(*takers: str) -> Iterator[str]:
    """Yield the codes that stand in the calls of `takers`."""
    for call in (n for tree in TREES for n in ast.walk(tree) if isinstance(n, ast.Call)):
        yield from codes_of(call, takers)


def blanks(entry: dict[str, str]) -> dict[str, set[str]]:
    return {part: {name for _, name, _, _ in string.Formatter().parse(text) if name} for part, text in entry.items()}


def test_every_code_is_used() -> None:
    said = {text for tree in TREES for text in literals(tree)}
    assert [c for c in MESSAGES if c not in said and not c.startswith(PUT_TOGETHER)] == []


def test_every_used_code_is_there() -> None:
    codes = {c for c in given_codes(*TAKERS) if re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", c)}
    assert len(codes) > 50
    assert codes - MESSAGES.keys() == set()


def test_blanks_are_filled_where_a_message_is_raised() -> None:
    """A call that names its code names every blank of it, unless it hands on a mapping of them."""
    unfilled = []
    for call in (n for tree in TREES for n in ast.walk(tree) if isinstance(n, ast.Call)):
        given = {keyword.arg for keyword in call.keywords}
        if None in given:
            continue
        for code in codes_of(call, TAKERS):
            wanted = set().union(*blanks(MESSAGES[code]["vi"]).values()) if code in MESSAGES else set()
            unfilled += [(code, name) for name in wanted - given]
    assert unfilled == []


def test_an_error_says_what_to_do() -> None:
    raised = set(given_codes("DataError", "ParameterError", "refuse", "Refused", "refuse_rows", "refuse_cells"))
    assert [code for code in raised & MESSAGES.keys() if "do" not in MESSAGES[code]["vi"]] == []


@pytest.mark.parametrize("code", MESSAGES)
def test_both_languages_say_the_same(code: str) -> None:
    vi, en = MESSAGES[code]["vi"], MESSAGES[code]["en"]
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", code)
    assert list(vi) == list(en) and set(vi) <= {"what", "expected", "do"} and "what" in vi
    assert blanks(vi) == blanks(en)
    assert all(vi.values()) and all(en.values()) and vi["what"] != en["what"]


def test_blanks_are_filled_and_a_function_is_given_what_was_found() -> None:
    with pytest.raises(DataError) as error:
        refuse_rows(
            [3, 7],
            "not-in-codebook",
            where="a.csv",
            column="x",
            got="r{}".format,
            kind="unit",
            near=str.upper,
        )
    assert error.value.code == "not-in-codebook"
    assert (error.value.where, error.value.got) == ("a.csv, dòng/row 3, cột/column x (+1)", "r3")
    assert error.value.lines("en")[-1] == "  What to do: R3"
    refuse_rows([], "not-in-codebook", where="a.csv", got=str)


def test_a_choice_names_its_words() -> None:
    check_choice("to", "34", ("34",))
    with pytest.raises(ParameterError) as error:
        check_choice("to", "63", ("34", "27"))
    assert error.value.code == "no-such-choice"
    assert error.value.lines("en")[0] == "to cannot be this." and "34, 27" in str(error.value)


def test_the_page_lists_every_message_in_both_languages() -> None:
    page = errors.page()
    assert re.findall(r"^\| `(.+?)` \|", page, re.M) == list(MESSAGES)
    assert "Không tìm thấy dòng tiêu đề của bảng." in page
    assert "No header row of such a table was found." in page
