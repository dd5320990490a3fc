"""Every sentence of a report in both languages: the entries of ``prose.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from dvresearch.evaluation.shown import Lang

__all__ = ["has_prose", "prose", "words"]


@cache
def _prose() -> dict[str, dict[str, dict[str, str]]]:
    with Path(__file__).with_name("prose.toml").open("rb") as file:
        return tomllib.load(file)


def prose(key: str, lang: Lang, **values: object) -> str:
    """Return a sentence.

    Parameters
    ----------
    key : str
        ``section.sentence``.
    lang : {"vi", "en"}
        The language.
    **values
        What stands where the sentence has braces, already written as a reader reads it.
    """
    section, name = key.split(".", 1)
    return _prose()[section][name][lang].format(**values)


def has_prose(key: str) -> bool:
    """Whether there is a sentence of that name."""
    section, name = key.split(".", 1)
    return name in _prose().get(section, {})


@cache
def words(section: str, lang: Lang) -> dict[str, str]:
    """Return all words of a section in one language, as they stand."""
    return {name: said[lang] for name, said in _prose()[section].items()}
