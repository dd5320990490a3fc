"""Sentences of reports are data: each is there in both languages, with the same blanks, and used."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

import dvresearch
from dvresearch.evaluation.compose import SECTIONS
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
    *("titles.", "unknown.", "limits.", "words.", "summary.", "local.counts-"),
    *("brief.read-", "brief.survey-", "brief.apart-"),
    *("comparison.comparison", "plan.key-", "units.units", "units.cases-units", "petitions.alike", "petitions.unlike"),
    *("index766.q766_", "index766.imputed_", "index766.group_", "index766.feedback_", "rubric.below", "rubric.above"),
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
    # what page one says is named without its section
    said = SAID | {f"brief.{word}" for word in SAID}
    unused = [key for key in keys if key not in said and not key.startswith(PUT_TOGETHER)]
    assert unused == []


def test_every_section_has_its_question() -> None:
    codes = {code for sections in SECTIONS.values() for code in sections}
    scopes = tuple(f"{scope}-" for scope in SECTIONS)
    titled = {next((k.removeprefix(s) for s in scopes if k.startswith(s)), k) for k in PROSE["titles"]}
    assert titled == codes | {"older", "exhibits"}


def test_words_of_the_renderers_are_taken_together() -> None:
    assert all(words(section, lang).keys() == PROSE[section].keys() for section in TAKEN for lang in ("vi", "en"))
