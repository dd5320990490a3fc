"""Sentences of reports are data: each is there in both languages, with the same blanks, and used."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

import dvresearch
from dvresearch.evaluation.prose import words

ROOM = Path(dvresearch.__file__).parent / "evaluation"
PROSE = tomllib.loads((ROOM / "prose.toml").read_text(encoding="utf-8"))
SAID = {
    node.value
    for path in sorted(ROOM.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}
#: Sections whose words a renderer takes all together.
TAKEN = ("printed", "word-file", "workbook", "page", "slip", "paper")
#: Keys put together from a beginning that stands in the code and what the data say.
PUT_TOGETHER = (
    *("unknown.", "limits.", "words.", "summary.", "leader.survey-", "registers.rubric-", "resolution.counts-"),
    *("comparison.comparison", "plan.key-", "plan.plan-", "revisions.revisions", "exhibits.exhibits"),
    *(
        "petitions.alike",
        "petitions.unlike",
        "index766.q766_",
        "index766.imputed_",
        "index766.group_",
        "index766.feedback_",
    ),
)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("section", PROSE)
def test_both_languages_say_the_same(section: str) -> None:
    for name, said in PROSE[section].items():
        assert set(said) == {"vi", "en"} and all(said.values()), name
        assert blanks(said["vi"]) == blanks(said["en"]), name


def test_every_sentence_is_used() -> None:
    keys = [f"{section}.{name}" for section, entries in PROSE.items() if section not in TAKEN for name in entries]
    titled = {f"{section}.title" for section in PROSE}  # the title of a section, and of those that share one
    unused = [
        key
        for key in keys
        if key not in SAID | titled and not key.startswith(PUT_TOGETHER) and not key.endswith("-title")
    ]
    assert unused == []


def test_words_of_the_renderers_are_taken_together() -> None:
    assert all(words(section, lang).keys() == PROSE[section].keys() for section in TAKEN for lang in ("vi", "en"))
