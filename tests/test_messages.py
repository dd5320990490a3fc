"""Messages stand once, in both languages, under codes that are used; `docs/errors.md` lists them."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dvresearch import errors

PACKAGE = Path(errors.__file__).parent
MESSAGES = tomllib.loads((PACKAGE / "messages.toml").read_text(encoding="utf-8"))
TREES = {p: ast.parse(p.read_text(encoding="utf-8")) for p in sorted(PACKAGE.rglob("*.py"))}
#: What takes the code of a message first.
TAKERS = {"DataError", "ParameterError", "QuestionError", "ReportError", "Question", "message", "ask"}


def constants() -> Iterator[str]:
    """Yield every text of the code as a pattern, the blanks of an f-string as anything."""
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.escape(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in node.values]
                yield "".join(parts)


USED = re.compile("|".join(c for c in set(constants()) if re.fullmatch(r"[a-z0-9.+\\-]{4,60}", c)))


def braces(text: str) -> set[str]:
    return {re.split(r"[.\[]", name)[0] for _, name, *_ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", MESSAGES)
def test_message_is_whole_and_used(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", code), "a code reads as a sentence: header-not-found"
    vi, en = MESSAGES[code]["vi"], MESSAGES[code]["en"]
    assert set(MESSAGES[code]) == {"vi", "en"}
    assert {"what"} <= set(vi) == set(en) <= {"what", "expected", "do"}
    for part in vi:
        assert braces(vi[part]) == braces(en[part]), part
        assert vi[part] and en[part]
    assert USED.fullmatch(code), "nothing raises or asks it"


def test_every_code_that_is_raised_or_asked_has_its_message() -> None:
    missing = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
                asks_user = isinstance(node.func, ast.Name) and name == "ask"  # of a command, not of a reading
                if name in TAKERS and not asks_user and isinstance(code, str) and code not in MESSAGES:
                    missing.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {code}")
    assert missing == []


def test_the_page_lists_every_message_in_both_languages() -> None:
    page = errors.page()
    assert re.findall(r"^\| `(.+?)` \|", page, re.M) == list(MESSAGES)
    assert "Không tìm thấy dòng tiêu đề của bảng." in page
    assert "No header row of such a table was found." in page
