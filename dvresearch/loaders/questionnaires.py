"""Questionnaires as data: items with their wording, factor, scale and codes, read from TOML files.

Three come with the package, in ``dvresearch/questionnaires``. Nobody needs Python to change a wording.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from dvresearch.errors import DataError, ParameterError, Text, check_choice
from dvresearch.tables import NO_ANSWER, RESPONSES, SCALES, SENSITIVE

__all__ = ["SHIPPED", "Numbers", "Question", "Questionnaire", "questionnaire"]

Numbers = Literal["words", "ascending", "descending"]

_NUMBERS = ("words", "ascending", "descending")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_FOLDER = Path(__file__).parent.parent / "questionnaires"
#: Name -> file of the questionnaires that come with the package.
SHIPPED = {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}

_TEXTS = ("title", "lead", "question", "comment", "note")
_KEYS = {"items", "scale", "numbers", "name", "missing", "factors", *_TEXTS}
_ITEM_KEYS = {"header", "scale", "numbers", "codes", "factor", "vi", "en", "reversed"}
_NOTHING = Text("", "")


@dataclass(frozen=True)
class Question:
    """One item.

    Parameters
    ----------
    code : str
        Name of its column.
    scale : str
        A key of ``tables.SCALES``.
    header : str
        Its header in the file; when empty, its code or its wording, with its number in front or without.
    codes : dict of str to str
        What answers are written as besides their words -> answer.
    wording : Text
        What is asked; empty where only the file matters.
    factor : str
        Code of the factor it belongs to, or empty.
    reversed : bool
        Whether the highest answer is the worst.
    """

    code: str
    scale: str
    header: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    wording: Text = _NOTHING
    factor: str = ""
    reversed: bool = False


@dataclass(frozen=True)
class Questionnaire:
    """The items of a survey, in order, and the words around them.

    Parameters
    ----------
    questions : tuple of Question
        The items.
    factor_names : dict of str to Text
        Factor -> its name.
    title, lead, question, comment, note : Text
        Title; what respondents are told first; the question the items complete; the request for a comment; a remark
        at the end. Empty where there is none.
    """

    questions: tuple[Question, ...]
    factor_names: dict[str, Text] = field(default_factory=dict)
    title: Text = _NOTHING
    lead: Text = _NOTHING
    question: Text = _NOTHING
    comment: Text = _NOTHING
    note: Text = _NOTHING

    @property
    def headers(self) -> dict[str, str]:
        """Item -> its header in the file, for the items that name one."""
        return {q.code: q.header for q in self.questions if q.header}

    @property
    def titles(self) -> dict[str, tuple[str, ...]]:
        """Item -> other headers it is known by: its wording in both languages, numbered or not."""
        return {
            q.code: tuple(f"{number}{words}" for words in (q.wording.vi, q.wording.en) for number in ("", f"{n}. "))
            for n, q in enumerate(self.questions, start=1)
            if q.wording.vi
        }

    @property
    def scales(self) -> dict[str, str]:
        """Item -> its scale: the `scale` of the metrics."""
        return {q.code: q.scale for q in self.questions}

    @property
    def codes(self) -> dict[str, dict[str, str]]:
        """Item -> what its answers are written as besides their words."""
        return {q.code: q.codes for q in self.questions if q.codes}

    @property
    def reversed(self) -> list[str]:
        """The items whose highest answer is the worst: the `reverse` of the metrics."""
        return [q.code for q in self.questions if q.reversed]

    def numbered(self, way: str) -> Questionnaire:
        """Return the questionnaire with numbers for the answers of the items that have no codes of their own.

        Parameters
        ----------
        way : {"ascending", "descending"}
            Whether 1 is the lowest answer of a scale or the highest.
        """
        step = 1 if way == "ascending" else -1

        def coded(question: Question) -> Question:
            if not set(question.codes.values()) <= set(NO_ANSWER):
                return question
            words = enumerate(SCALES[question.scale][::step], start=1)
            return replace(question, codes={str(i): word for i, word in words} | question.codes)

        return replace(self, questions=tuple(map(coded, self.questions)))

    def factors(self, lang: Literal["vi", "en"] = "vi") -> dict[str, list[str]]:
        """Return the name of each factor -> its items: the `factors` of the metrics."""
        return {
            getattr(name, lang): [q.code for q in self.questions if q.factor == code]
            for code, name in self.factor_names.items()
        }

    def wording(self, lang: Literal["vi", "en"] = "vi") -> dict[str, str]:
        """Return item -> what is asked."""
        return {q.code: getattr(q.wording, lang) for q in self.questions}


def questionnaire(
    items: Mapping[str, str] | str | Path, *, scale: str = "hai_long_5", numbers: Numbers = "words"
) -> Questionnaire:
    """Read the items of a survey.

    Parameters
    ----------
    items : mapping, str or Path
        Item -> header in the file, or the name of a questionnaire of the package (``five-factors``: the five factors
        of SIPAS in words of our own, no official SIPAS form; ``one-stop``: a slip of twelve items;
        ``village-meeting``), or a TOML file. In the file stand a table ``[items]``, of ``q1 = "header"`` or
        ``q1 = {vi = "…", en = "…", factor = "…", scale = "…", numbers = "…", reversed = true, header = "…",
        codes = {0 = "no"}}``, and, if need be, ``scale`` and ``numbers`` for all items, ``missing = {9 = "refused"}``
        (codes of no answer), ``[factors]`` with their names, and the words around the items: ``title``, ``lead``,
        ``question``, ``comment``, ``note``, each ``{vi = "…", en = "…"}``.
    scale, numbers
        As for :func:`load_responses`; what the file says goes before them.

    Returns
    -------
    Questionnaire
        ``scales``, ``factors()`` and ``reversed`` are what :func:`dvresearch.satisfaction` takes as `scale`, `factors`
        and `reverse`.

    Raises
    ------
    DataError
        When a TOML file cannot be used.
    ParameterError
        For an unknown questionnaire, scale, factor or word, or an item whose name cannot be a column.
    """
    stated: dict[str, Any] = {"items": dict(items)} if isinstance(items, Mapping) else _read_toml(_file(items))
    factors = {code: _text(words) for code, words in stated.get("factors", {}).items()}
    missing = {str(c): _one_of("missing", word, NO_ANSWER) for c, word in stated.get("missing", {}).items()}
    questions = tuple(
        _question(
            code,
            {"scale": stated.get("scale", scale), "numbers": stated.get("numbers", numbers)}
            | ({"header": entry} if isinstance(entry, str) else dict(entry)),
            missing,
            factors,
        )
        for code, entry in stated["items"].items()
    )
    if not questions:
        raise ParameterError("items-not-named")
    return Questionnaire(questions, factors, **{k: _text(stated[k]) for k in _TEXTS if k in stated})


def _question(code: str, rule: Mapping[str, Any], missing: Mapping[str, str], factors: Mapping[str, Text]) -> Question:
    if not _CODE.fullmatch(code) or code in (*RESPONSES.names, *(c.name for c in SENSITIVE)):
        raise ParameterError("item-cannot-name-a-column", got=code)
    scale = _one_of("scale", rule["scale"], tuple(SCALES))
    way = _one_of("numbers", rule["numbers"], _NUMBERS)
    words = {"words": (), "ascending": SCALES[scale], "descending": SCALES[scale][::-1]}[way]
    own = {str(c): _one_of("codes", word, (*SCALES[scale], *NO_ANSWER)) for c, word in rule.get("codes", {}).items()}
    return Question(
        code,
        scale,
        header=rule.get("header", ""),
        codes={**{str(i): word for i, word in enumerate(words, start=1)}, **missing, **own},
        wording=_text(rule),
        factor=_one_of("factor", rule["factor"], tuple(factors)) if "factor" in rule else "",
        reversed=bool(rule.get("reversed", False)),
    )


def _text(words: Mapping[str, Any]) -> Text:
    return Text(str(words.get("vi", "")), str(words.get("en", words.get("vi", ""))))


def _file(items: str | Path) -> Path:
    """Return the file of a questionnaire; a bare word that names no file is one of the package."""
    path = Path(items)
    if path.suffix or path.exists() or len(path.parts) != 1:
        return path
    check_choice("items", path.name, (*SHIPPED, "*.toml"))
    return SHIPPED[path.name]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = [e for e in stated["items"].values() if not isinstance(e, str)]
        extra = (stated.keys() - _KEYS) | {key for e in entries for key in e.keys() - _ITEM_KEYS}
        texts = [stated[k] for k in _TEXTS if k in stated] + list(stated.get("factors", {}).values())
        extra |= {key for words in texts for key in words.keys() - {"vi", "en"}}
        if extra:
            raise KeyError(", ".join(sorted(extra)))
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        found = str(fault) if isinstance(fault, KeyError) else type(fault).__name__
        raise DataError("questionnaire-cannot-be-used", where=path.name, got=found) from None
    return stated


def _one_of(name: str, word: object, words: Sequence[str]) -> str:
    check_choice(name, word, words)
    return str(word)
