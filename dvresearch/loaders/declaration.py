"""What a user has to say about a file, said once: in TOML beside it, or in the specification of an evaluation.

``ho-so.xlsx.khai.toml`` stands beside ``ho-so.xlsx`` and holds one ``[[table]]`` for each table the file
gives. ``load_*``, ``check``, ``evaluate`` and the notebooks read the same object; a keyword of ``load_*`` is a
short way to write one.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from dvresearch.errors import Answer, DataError, ParameterError
from dvresearch.loaders.form_layouts import FORM_CODES
from dvresearch.loaders.guard import shown_name
from dvresearch.tables import STATES, TABLES, Table

__all__ = [
    "LEFT_OUT", "RECORDS", "WORDS", "Declaration", "Stated", "all_declared", "beside", "check_kind",
    "declared", "declared_once", "from_mapping", "from_toml", "refuse_otherwise",
]  # fmt: skip

#: Settings with a fixed vocabulary.
WORDS: dict[str, tuple[object, ...]] = {
    "due_contains_pause": (True, False),
    "nothing_finished": (True, False),
    **{state: tuple(answers) for state, answers in STATES.items()},
    "date_order": ("auto", "dmy", "mdy"),
    "decimal": ("comma", "dot"),
    "repeats": ("set_aside", "keep"),
    "numbers": ("ascending", "descending"),
}
#: The kinds of table that are read record by record.
RECORDS = ("dossiers", "cases", "models", "targets", "rubric", "responses")
_DATED = tuple(name for name in RECORDS if any(c.kind in ("date", "time") for c in TABLES[name].columns))
#: Keys that mean something of some kinds of table only.
USED_BY = {
    **dict.fromkeys(("due_contains_pause", "financial_duty", "halted", "nothing_finished"), ("dossiers",)),
    **dict.fromkeys(("date_order", "timezone", "repeats"), _DATED),
    **dict.fromkeys(("direction", "decimal"), ("targets",)),
    "items": ("responses",),
}
#: What stands in a proposed line where only the user knows.
_PLACEHOLDERS = ("…", "...")
#: Columns of a file that are not to be used.
LEFT_OUT = "left_out"
#: What a row can be said to be.
ROWS = ("record", "total", "section", "note", "header_again")


@dataclass(frozen=True)
class Declaration:
    """What is stated about one table of a file; what is not stated is found, or asked.

    Parameters
    ----------
    kind : str
        What the table holds: ``dossiers``, ``cases``, ``responses``, ``models``, ``targets``, ``rubric`` or the code
        of a form; key ``as`` in TOML. Empty: whatever is asked for.
    sheets : tuple of str
        Sheets to read, a table of a Word file by its name (``bảng 2``); empty: all that hold such a table.
    unread : tuple of str
        Sheets that are not to be read.
    header : str
        Rows of the header as the spreadsheet counts them, ``"7"`` or ``"7-8"``.
    columns : mapping of str to str
        Header -> column of the contract, or ``left_out``.
    given : mapping of str to str
        Columns the file lacks -> their content for all rows: ``unit``, ``kind``, ``period``, ``zero_rule``.
    words : mapping of str to mapping
        Column -> word in the file -> word of the contract.
    rows : mapping of str to str
        ``"48: Tổng cộng"`` (row and its first words) -> what it is, a word of `ROWS`.
    direction : mapping of str to str
        Plan target -> ``higher`` or ``lower``: which result is the better one.
    due_contains_pause : bool, optional
        Whether the due date was already moved when a supplement was asked for.
    financial_duty, halted : str
        Whether the clock ``runs`` or is ``paused`` while a financial duty is met; whether a dossier that is
        stopped (“Dừng xử lý”) ``ends`` or is ``paused``.
    nothing_finished : bool, optional
        Whether it is true that no dossier of the file is finished.
    date_order : {"auto", "dmy", "mdy"}
        Whether 02/03/2026 is 2 March.
    decimal : {"comma", "dot"}
        How numbers are written where one column has both ``1.234`` and ``95.5``.
    repeats : {"set_aside", "keep"}
        Whether rows that are the same as one above, to the time of day, are set aside; ``keep`` also of sheets whose
        records stand in others.
    numbers : {"ascending", "descending"}
        Of answers that are numbers: whether 1 is the lowest answer or the highest; what the questionnaire says of an
        item goes before it.
    timezone : str
        Zone of instants; empty: Vietnamese clock time.
    items, corrections : Path, optional
        The questionnaire of a survey; the file of corrections.
    keep : tuple of str
        Headers of further columns to keep.
    """

    kind: str = ""
    sheets: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    header: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    direction: Mapping[str, str] = field(default_factory=dict)
    due_contains_pause: bool | None = None
    financial_duty: str = ""
    halted: str = ""
    date_order: str = "auto"
    decimal: str = ""
    numbers: str = ""
    nothing_finished: bool | None = None
    repeats: str = ""
    timezone: str = ""
    items: Any = None
    corrections: Path | None = None
    keep: tuple[str, ...] = ()

    def mapping(self, table: Table) -> dict[str, str]:
        """Return `columns` as header -> contract name, whichever way round they were written.

        Raises
        ------
        ParameterError
            When neither side holds contract names only.
        """
        names = {*table.names, LEFT_OUT}
        if all(v in names for v in self.columns.values()):
            return dict(self.columns)
        if all(k in table.names for k in self.columns):
            return {header: name for name, header in self.columns.items()}
        unknown = [v for v in self.columns.values() if v not in names]
        alike = sorted({n for v in unknown for n in difflib.get_close_matches(v, table.names, 2, 0.5)})
        said, near = ", ".join(unknown), ", ".join(alike or table.names)
        raise ParameterError("no-such-column", got=repr(dict(self.columns)), table=table.name, columns=said, near=near)

    def _stated(self) -> dict[str, Any]:
        said, blank = ({f.name: getattr(d, f.name) for f in fields(d)} for d in (self, Declaration()))
        return {k: v.name if isinstance(v, Path) else v for k, v in said.items() if v != blank[k]}

    def record(self) -> dict[str, Any]:
        """Return what is stated, as plain values for a manifest; files by their names."""
        return {key: value for key, value in self._stated().items() if key != "items"}

    def answers(self) -> list[Answer]:
        """Return what is stated as the lines of a declaration."""
        said = self._stated()
        found = [Answer("as" if key == "kind" else key, v) for key, v in said.items() if not isinstance(v, Mapping)]
        tables = {key: v for key, v in said.items() if isinstance(v, Mapping)}
        tables |= {f"words.{column}": words for column, words in tables.pop("words", {}).items()}
        return [*found, *(Answer(key, v, entry) for key, said in tables.items() for entry, v in said.items())]


#: What says how a file is to be read: declarations, a file of them, or nothing (the file beside it, if there is one).
Stated = Declaration | Sequence[Declaration] | str | Path | None


def beside(path: str | Path) -> Path:
    """Return the name of the declaration beside a file: ``<file>.khai.toml``."""
    return Path(path).with_name(Path(path).name + ".khai.toml")


def all_declared(path: str | Path, stated: Stated = None) -> list[Declaration]:
    """Return what is declared of all tables of a file; the parameters are those of :func:`declared`."""
    if isinstance(stated, Declaration | Sequence) and not isinstance(stated, str):
        tables = [stated] if isinstance(stated, Declaration) else list(stated)
        for table in tables:
            check_kind(table.kind, where=shown_name(Path(path)))
        return tables
    file = Path(stated) if stated is not None else beside(path)
    return from_toml(file) if stated is not None or file.is_file() else []


def declared(path: str | Path, kind: str, stated: Stated = None, **short: Any) -> list[Declaration]:
    """Return what is declared of the tables of one kind in a file.

    Parameters
    ----------
    path : str or Path
        The data file.
    kind : str
        Which tables.
    stated : Declaration, sequence of Declaration, str or Path, optional
        Declarations, or a TOML file of them; the one beside the data file without it.
    **short
        Single keys of a declaration, with None where nothing is said; they go before what the file says.

    Returns
    -------
    list of Declaration
        At least one; an empty one when nothing is declared.

    Raises
    ------
    DataError
        When a TOML file cannot be read, or says something that cannot be.
    """
    tables = all_declared(path, stated)
    old = Path(path).with_name(Path(path).name + ".columns.toml")
    if old.is_file():
        raise DataError("old-mapping-file", where=shown_name(old), file=shown_name(beside(path)))
    said = {name: value for name, value in short.items() if value not in (None, {}, ())}
    if said.get("date_order") == "auto":
        del said["date_order"]
    given = said.pop("given", {})
    # a sheet that is declared as another kind of table is none of these
    others = dict.fromkeys(sheet for t in tables if t.kind not in ("", kind) for sheet in t.sheets)
    merged = []
    for t in [t for t in tables if t.kind in ("", kind)] or [Declaration(kind)]:
        t = replace(t, kind=kind, **said, given={**t.given, **given})
        _check_words(t, "")
        unread = (*t.unread, *(s for s in others if s not in (*t.sheets, *t.unread)))
        merged.append(replace(t, unread=unread) if t.sheets else t)
    return merged


def refuse_otherwise(path: str | Path, kind: str, given: Mapping[str, str]) -> None:
    """Refuse what a command gives where the declaration beside the file says otherwise of tables of that kind.

    Raises
    ------
    DataError
        For the first such line; an empty `kind` stands for all tables.
    """
    for table in all_declared(path) if given else ():
        for name, value in given.items() if not kind or table.kind in ("", kind) else ():
            if (said := table.given.get(name, value)) != value:
                got = f"{name} = {value!r}"
                raise DataError(
                    "given-declared-otherwise", where=shown_name(beside(path)), got=got, name=name, value=said
                )


def declared_once(path: str | Path, kind: str, stated: Stated = None, **short: Any) -> Declaration:
    """Return what is declared of a file that is read as one table, as :func:`declared` does.

    Raises
    ------
    DataError
        When two of its tables are declared, too: the rows of a long text would count for both.
    """
    said, *others = declared(path, kind, stated, **short)
    if others:
        name = shown_name(Path(path))
        raise DataError("sheet-declared-twice", where=name, got=name, sheet=name)
    return said


def from_toml(file: Path) -> list[Declaration]:
    """Read the declarations of a TOML file, each problem named by its key."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        line = re.search(r"at line (\d+)", str(fault))
        if line and "overwrite" in str(fault):
            raise _said_twice(text.splitlines()[: int(line[1])], file) from None
        where = f"{shown_name(file)}, dòng/line {line[1]}" if line else shown_name(file)
        raise DataError("declaration-not-toml", where=where, got=str(fault)[:200]) from None
    tables = raw.get("table")
    if set(raw) - {"table"} or not isinstance(tables, list):
        raise DataError("declaration-without-table", where=shown_name(file), got=", ".join(map(str, raw)))
    return [from_mapping(table, file) for table in tables]


def _said_twice(lines: Sequence[str], file: Path) -> DataError:
    """Return the error for a key whose last line repeats it, as two questions about sheets do, and join the lists.

    TOML itself would only say that a value cannot be overwritten.
    """
    name = lines[-1].partition("=")[0].strip()
    before = max(n for n, line in enumerate(lines[:-1]) if line.partition("=")[0].strip() == name)
    first, second = (next(iter(tomllib.loads(line).values())) for line in (lines[before], lines[-1]))
    give = [Answer(name, [*dict.fromkeys([*first, *second])])] if isinstance(first, list) else ()
    where, got = f"{shown_name(file)}, dòng/line {before + 1}, {len(lines)}", lines[-1].strip()
    return DataError("declaration-key-twice", where=where, got=got, give=give, key=name)


def from_mapping(raw: Mapping[str, Any], file: Path) -> Declaration:
    """Return the declaration a TOML table holds; paths start from the folder of `file`."""
    blank = {"as" if f.name == "kind" else f.name: getattr(Declaration(), f.name) for f in fields(Declaration)}
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in blank:
            near = ", ".join(difflib.get_close_matches(key, blank, 1) or sorted(blank))
            raise DataError("declaration-key-unknown", where=shown_name(file), got=key, key=key, near=near)
        kind: type = dict if isinstance(blank[key], dict) else list if isinstance(blank[key], tuple) else str
        kind = bool if WORDS.get(key) == (True, False) else kind
        if kind is dict:
            _refuse_misplaced(key, value, file)
        right = isinstance(value, kind)
        if right and kind in (dict, list):
            inner = value.values() if kind is dict else value
            inner = [t for v in inner for t in (v.values() if key == "words" and isinstance(v, dict) else [v])]
            right = all(isinstance(t, str) for t in inner)
        if not right:
            line = _right_line(key, value, kind)
            raise DataError("declaration-value", where=shown_name(file), got=f"{key} = {value!r}", key=key, line=line)
        if key == "corrections" or (key == "items" and (file.parent / value).is_file()):
            value = file.parent / value
        values["kind" if key == "as" else key] = tuple(value) if kind is list else value
    found = Declaration(**values)
    check_kind(found.kind, where=shown_name(file))
    _check_words(found, shown_name(file))
    return found


def check_kind(kind: str, kinds: Sequence[str] = (*RECORDS, *FORM_CODES), *, where: str = "") -> None:
    """Refuse a kind of table that there is not: it would be read by nobody.

    Parameters
    ----------
    kind : str
        What a table is said to hold; empty where nothing is said.
    kinds : sequence of str
        What it may be.
    where : str
        The file that says so.

    Raises
    ------
    ParameterError
        For a kind that is none of them; a `DataError` where a file says so.
    """
    if kind and kind not in kinds:
        fault = DataError if where else ParameterError
        raise fault("table-kind-unknown", where=where or None, got=kind, kind=kind, words=", ".join(kinds))


def _placeholders(found: Declaration) -> list[str]:
    """Return the lines in which a proposed ``…`` still stands for what only the user knows."""

    def said(value: Any) -> bool:
        inside = [*value, *value.values()] if isinstance(value, Mapping) else value
        return value in _PLACEHOLDERS if isinstance(value, str) else any(map(said, inside))

    texts = {f.name: getattr(found, f.name) for f in fields(found)}
    return [name for name, value in texts.items() if isinstance(value, str | tuple | Mapping) and said(value)]


def _right_line(key: str, value: object, kind: type) -> str:
    """Return the line that was probably meant where a value is of the wrong kind."""
    if kind is dict:
        return f'[table.{key}] ⏎ "…" = "…"'
    if kind is bool:
        return f"{key} = {'false' if str(value).lower() in ('false', 'no', 'không', '0') else 'true'}"
    if kind is list:
        return Answer(key, [value if isinstance(value, str) else "…"]).toml()
    return Answer(key, str(value) if isinstance(value, int | str) else "…").toml()


def _refuse_misplaced(key: str, entries: Any, file: Path) -> None:
    """Refuse a setting of a table as a whole that stands in a table within it."""
    if not isinstance(entries, dict):
        return
    settings = {"as" if f.name == "kind" else f.name for f in fields(Declaration) if f.default_factory is not dict}
    columns = {name for table in TABLES.values() for name in table.names} | {LEFT_OUT}
    for entry, value in entries.items():
        if isinstance(value, dict):
            _refuse_misplaced(f"{key}.{entry}", value, file)
        elif entry in settings and not (isinstance(value, str) and value in columns):
            line = Answer(entry, value).toml()
            raise DataError(
                "declaration-key-misplaced", where=shown_name(file), got=line, key=entry, table=f"[table.{key}]"
            )


def _check_words(found: Declaration, where: str) -> None:
    """Refuse a word that no setting knows, and a key that says nothing of this kind of table."""
    if open_lines := _placeholders(found):
        raise DataError("declaration-placeholder", where=where or None, got="…", key=", ".join(open_lines))
    elsewhere = {key for key, kinds in USED_BY.items() if found.kind in RECORDS and found.kind not in kinds}
    if idle := ", ".join(sorted(elsewhere & found._stated().keys())):
        here = ", ".join(f.name for f in fields(found) if f.name not in ("kind", *elsewhere))
        raise DataError("cannot-be-used-here", where=where or None, got=idle, table=found.kind, idle=idle, words=here)
    wrong: dict[str, tuple[object, Sequence[object]]] = {}
    wrong |= {k: (v, words) for k, words in WORDS.items() if (v := getattr(found, k)) not in ("", None, *words)}
    wrong |= {f'rows."{row}"': (what, ROWS) for row, what in found.rows.items() if what not in ROWS}
    better = ("higher", "lower")
    wrong |= {f'direction."{t}"': (way, better) for t, way in found.direction.items() if way not in better}
    if (table := TABLES.get(found.kind)) and found.kind != "responses":
        wrong |= _unknown_words(found, table)
    for key, (value, words) in wrong.items():
        choice = ", ".join(repr(w) if w == "" else str(w).lower() if isinstance(w, bool) else str(w) for w in words)
        raise DataError("declaration-word", where=where or None, got=f"{key} = {value!r}", key=key, words=choice)


def _unknown_words(found: Declaration, table: Table) -> dict[str, tuple[object, Sequence[object]]]:
    """Return what is given or translated into a word that the contract does not have, and the words it has."""
    words = {c.name: c.words for c in table.columns}
    wrong: dict[str, tuple[object, Sequence[object]]] = {}
    for name, given in found.given.items():
        if name not in words:
            wrong[f"given.{name}"] = (name, table.names)
        elif words[name] and given not in words[name]:
            wrong[f"given.{name}"] = (given, words[name])
    for column, said in found.words.items():
        if not words.get(column):
            wrong[f"words.{column}"] = (column, [name for name in words if words[name]])
        else:
            allowed = (*words[column], "")
            wrong |= {f'words.{column}."{w}"': (code, allowed) for w, code in said.items() if code not in allowed}
    return wrong
