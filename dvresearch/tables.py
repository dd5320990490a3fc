"""The table contracts: what a row is, which columns it has, what they hold.

A contract is data, a file of ``contracts/`` for each table. Loaders match headers against it, :func:`check`
validates a frame with it, ``data/raw/datapackage.json`` and the forms to fill in are written from it, so a column is
described once. Labels and aliases of the columns are in the codebook (``codebook.py``); a contract holds names, kinds
and rules only. A column is a line ``name = "kind"``, or a table with the parameters of :class:`Column`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch import codebook
from dvresearch.errors import DataError, Text, refuse_rows
from dvresearch.text.dates import FIRST_YEAR

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "BASES", "CASES", "CASE_KINDS", "DOSSIERS", "ESTIMATES", "FIGURES", "FINDINGS", "FLAGS", "FUNNEL", "INDEX766",
    "LEVELS", "MODELS", "MODEL_CONTENTS", "MODEL_FIELDS", "NO_ANSWER", "OUTCOMES", "Q766_GROUPS", "RESPONSES", "ROLES",
    "RUBRIC", "SCALES", "SENSITIVE", "STAGES", "STATES", "STOP_REASONS", "SURVEYED", "TABLES", "TALLY", "TARGETS",
    "UNFINISHED", "UNITS", "UNIT_KEY", "VERDICTS", "ZERO_RULES", "Column", "Table", "check", "empty", "responses_table",
]  # fmt: skip

Kind = Literal["text", "code", "count", "number", "share", "date", "time", "flags", "yesno", "stated"]


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Parameters
    ----------
    name : str
        Column name; also its code in the codebook.
    kind : str
        ``text`` free words, ``code`` a fixed vocabulary or identifier, ``count`` a whole
        number >= 0 (fractional only in published averages), ``number`` any real,
        ``share`` a proportion 0-1, ``date`` a day, ``time`` an instant,
        ``flags`` words of `FLAGS` joined by ``;``, ``yesno`` true or false, ``stated`` whether
        something is written there (what is written is not kept).
    required : bool
        Whether a table without the column is refused.
    words : tuple of str
        The allowed words of a ``code`` column, empty when open.
    personal : bool
        Whether the column would hold personal data. Such columns are recognised
        in files in order to be dropped; no frame of this package contains one.
    vocabulary : str
        Where the codebook lists `words`, as ``vocabulary.word``; under the name of the column when empty.
    codes : tuple of (str, str)
        Further written forms of `words` (the numbers a questionnaire gives its answers) and the word each stands for.
    titles : tuple of str
        Headers it is known by beside those of the codebook: the wording of an item.
    """

    name: str
    kind: Kind
    required: bool = False
    words: tuple[str, ...] = ()
    personal: bool = False
    vocabulary: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    titles: tuple[str, ...] = ()

    def entry(self, word: str) -> str:
        """Return the code under which the codebook describes one of `words`, kind ``value``."""
        return f"{self.vocabulary or self.name}.{word}"


@dataclass(frozen=True)
class Table:
    """A contract: what one row is, its key and its columns, in order."""

    name: str
    row: Text
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]

    def column(self, name: str) -> Column:
        """Return the column called `name` (KeyError when there is none)."""
        return {c.name: c for c in self.columns}[name]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).with_name("contracts") / f"{name}.toml").read_text(encoding="utf-8"))


#: Vocabularies by name; what each is for stands in ``contracts/words.toml``.
_WORDS = _read("words")
BASES = tuple[str, ...](_WORDS["bases"])
FLAGS = tuple[str, ...](_WORDS["flags"])
VERDICTS = tuple[str, ...](_WORDS["verdicts"])
LEVELS = tuple[str, ...](_WORDS["levels"])
ROLES = tuple[str, ...](_WORDS["roles"])
Q766_GROUPS = tuple[str, ...](_WORDS["q766_groups"])
UNFINISHED = tuple[str, ...](_WORDS["unfinished"])
CASE_KINDS = tuple[str, ...](_WORDS["case_kinds"])
MODEL_FIELDS = tuple[str, ...](_WORDS["model_fields"])
STAGES = tuple[str, ...](_WORDS["stages"])
STOP_REASONS = tuple[str, ...](_WORDS["stop_reasons"])
ZERO_RULES = tuple[str, ...](_WORDS["zero_rules"])
NO_ANSWER = tuple[str, ...](_WORDS["no_answer"])
SCALES: dict[str, tuple[str, ...]] = {scale: tuple(answers) for scale, answers in _WORDS["scales"].items()}


def _columns(contract: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a contract, behind those of the one that it follows."""
    first = _columns(_read(contract["follows"])) if "follows" in contract else ()
    return (*first, *(_column(name, rule) for name, rule in contract["columns"].items()))


def _column(name: str, rule: str | dict[str, Any]) -> Column:
    if isinstance(rule, str):
        return Column(name, rule)  # type: ignore[arg-type]
    words = rule.get("words", ())
    return Column(name, **rule | {"words": tuple(_WORDS[words] if isinstance(words, str) else words)})


def _table(name: str) -> Table:
    contract = _read(name)
    return Table(name, Text(**contract["row"]), tuple(contract["key"]), _columns(contract))


UNITS = _table("units")
FIGURES = _table("figures")
TALLY = _table("tally")
INDEX766 = _table("index766")
DOSSIERS = _table("dossiers")
CASES = _table("cases")
RESPONSES = _table("responses")
MODELS = _table("models")
TARGETS = _table("targets")
RUBRIC = _table("rubric")
ESTIMATES = _table("estimates")
FUNNEL = _table("funnel")
SURVEYED = _table("surveyed")
FINDINGS = _table("findings")
TABLES = {t.name: t for t in (
    UNITS, FIGURES, TALLY, INDEX766, DOSSIERS, CASES, RESPONSES, MODELS, TARGETS, RUBRIC, ESTIMATES, FUNNEL, SURVEYED,
    FINDINGS,
)}  # fmt: skip

#: The key of an administrative unit: codes repeat across versions and levels.
UNIT_KEY = UNITS.key
#: Every word by which a dossier or a case can end, or be open.
OUTCOMES = tuple(dict.fromkeys((*DOSSIERS.column("outcome").words, *CASES.column("outcome").words)))
#: States whose clock runs on in one office and stands still in another: answer -> the outcome they then are.
STATES = {"financial_duty": {"runs": "open", "paused": "paused"}, "halted": {"ends": "stopped", "paused": "paused"}}
#: The contents of a registration form: whether each is stated is kept, its text is not.
MODEL_CONTENTS = tuple(c.name.removeprefix("states_") for c in MODELS.columns if c.kind == "stated")
#: Attributes of a respondent that are loaded only when they are named, and what they can be.
SENSITIVE = _columns(_read("sensitive"))


def responses_table(
    items: Mapping[str, str],
    sensitive: Sequence[str] = (),
    codes: Mapping[str, Mapping[str, str]] | None = None,
    titles: Mapping[str, tuple[str, ...]] | None = None,
) -> Table:
    """Return the contract of a survey: the columns of `RESPONSES`, its items and the sensitive attributes asked for.

    Parameters
    ----------
    items : mapping of str to str
        Item -> name of its scale, a key of `SCALES`.
    sensitive : sequence of str
        Names out of `SENSITIVE`.
    codes : mapping, optional
        Item -> what its answers are written as (``"5"``) -> answer.
    titles : mapping, optional
        Item -> headers it is known by beside its name.
    """
    asked = tuple(
        Column(
            i,
            "code",
            words=(*SCALES[s], *NO_ANSWER),
            vocabulary=s,
            codes=tuple((codes or {}).get(i, {}).items()),
            titles=(titles or {}).get(i, ()),
        )
        for i, s in items.items()
    )
    known = tuple(c for c in SENSITIVE if c.name in sensitive)
    return Table("responses", RESPONSES.row, RESPONSES.key, (*RESPONSES.columns, *known, *asked))


def empty(table: Table) -> pd.DataFrame:
    """Return a frame with the columns of a contract and no row.

    Parameters
    ----------
    table : Table
        The contract.
    """
    import pandas as pd

    return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES.get(c.kind, "str")) for c in table.columns})


_DTYPES = {
    "count": "float64", "number": "float64", "share": "float64", "date": "datetime64[s]", "time": "datetime64[s]",
    "yesno": "boolean", "stated": "boolean",
}  # fmt: skip


def check(frame: pd.DataFrame, table: Table, *, source: str | None = None, first_row: int = 1) -> pd.DataFrame:
    """Refuse a frame that breaks its contract; return it unchanged when it does not.

    Parameters
    ----------
    frame : DataFrame
        Rows as `table` describes them; further columns are left alone.
    table : Table
        The contract.
    source : str, optional
        File (and sheet) the rows came from, for the message.
    first_row : int, default 1
        What the source calls the first row of `frame`: 2 for a file with one header line.

    Raises
    ------
    DataError
        At the first column that is missing, holds text where a number belongs, a negative
        count, a share outside 0-1, an unknown code or a date before 1900. The message names
        the first such row and how many more there are.
    """
    where = source or table.name
    if not hasattr(frame, "columns"):
        raise DataError("not-a-table", where=where, got=type(frame).__name__)
    required = [c.name for c in table.columns if c.required]
    if missing := [name for name in required if name not in frame.columns]:
        others = [str(c) for c in frame.columns if c not in table.names]
        renamed = "; ".join(f"{there!r} → {name!r}" for there, name in _renamed(missing, others).items())
        raise DataError(
            "contract-column-renamed" if renamed else "contract-column-missing",
            where=where,
            got=", ".join(map(str, frame.columns)),
            missing=", ".join(missing),
            needed=", ".join(required),
            renamed=renamed,
        )
    if not len(frame):
        raise DataError("no-data-row", where=where)
    for column in table.columns:
        if column.name in frame.columns:
            _check_column(frame[column.name], column, where, first_row)
    return frame


def _renamed(missing: list[str], others: list[str]) -> dict[str, str]:
    """Return which columns that are not in the contract may be a missing one, by another name or a slip."""
    import difflib

    renamed: dict[str, str] = {}
    for name in missing:
        same = [o for o in others if codebook.find("column", o) == name]
        for other in (same or difflib.get_close_matches(name, others, 1, 0.6))[:1]:
            renamed.setdefault(other, name)
    return renamed


def _shown(value: Any) -> str:
    """Return a cell as a file writes it: text in quotation marks, a number, a day."""
    return repr(value) if isinstance(value, str) else str(value).removesuffix(" 00:00:00")


def _check_column(values: pd.Series, column: Column, where: str, first_row: int) -> None:
    import numpy as np
    import pandas as pd

    # Every measure begins here: plain arrays, for a chain of comparisons between series takes ten times as long.
    def refuse(bad: NDArray[np.bool_], code: str, **blanks: str) -> None:
        refuse_rows(
            first_row + bad.nonzero()[0],  # type: ignore[arg-type]
            code,
            where=where,
            column=column.name,
            got=lambda row: "(dữ liệu cá nhân / personal)" if column.personal else _shown(values.iloc[row - first_row]),  # type: ignore[operator]
            **blanks,
        )

    if column.kind in ("count", "number", "share"):
        read = values
        if not pd.api.types.is_numeric_dtype(values):
            read = pd.to_numeric(values, errors="coerce")
            refuse((read.isna() & values.notna()).to_numpy(), "text-in-number-column")
        numbers = read.to_numpy(np.float64, na_value=np.nan)
        refuse(np.isinf(numbers), "number-is-infinite")
        if column.kind == "count":
            refuse(numbers < 0, "count-is-negative")
        if column.kind == "share":
            refuse((numbers < 0) | (numbers > 1), "share-outside-0-1")
    elif column.kind in ("date", "time"):
        days = pd.to_datetime(values, errors="coerce")
        refuse((days.isna() & values.notna()).to_numpy(), "date-not-read")
        refuse((days < pd.Timestamp(FIRST_YEAR, 1, 1, tz=days.dt.tz)).to_numpy(), "year-before-1900")
    elif column.words:
        unknown = ~(values.isin([*column.words, ""]) | values.isna()).to_numpy()
        refuse(unknown, "word-not-in-vocabulary", words=", ".join(column.words))
