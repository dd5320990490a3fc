"""The specification of one evaluation: a small TOML file, checked before anything is read."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from dvresearch.errors import ParameterError, Text
from dvresearch.evaluation.inputs import FILES, INPUTS, REQUIRED
from dvresearch.loaders.declaration import Declaration, beside, from_mapping, from_toml
from dvresearch.privacy import MIN_COUNT
from dvresearch.text.dates import FIRST_YEAR

__all__ = ["DEFAULT", "FILES", "INPUTS", "REQUIRED", "Spec", "read", "wrong_day"]

Clock = Literal["date", "instant"]
Supplement = Literal["subtract", "q766", "ignore"]
Period = Literal["year", "half-year", "quarter", "three-years"]

#: Keys with a fixed vocabulary; the first word is taken when the key is left out.
WORDS: dict[str, tuple[str, ...]] = {
    "language": ("vi", "en"),
    "scope": tuple(INPUTS),
    "period": get_args(Period),
    "clock": get_args(Clock),
    "supplement": get_args(Supplement),
}
#: Months of a period; the three years of an interim review (sơ kết) are counted year by year.
MONTHS = {"quarter": 3, "half-year": 6, "year": 12, "three-years": 12}
#: A count of two people tells each of them who the other is.
LEAST_THRESHOLD = 3
#: The evaluation made when no file is named: the published figures of 2026.
DEFAULT = Path(__file__).with_name("national-2026.toml")


@dataclass(frozen=True)
class Spec:
    """What one evaluation covers.

    Parameters
    ----------
    name : str
        Folder of the report below ``reports/``: lower-case letters, digits and hyphens.
    title_vi, title_en : str
        Title in both languages.
    as_of : str
        Day up to which the figures run, ``YYYY-MM-DD``: the last day of the period.
    language : {"vi", "en"}
        Language of the report.
    scope : {"nation", "province", "commune"}
        ``nation``: the published figures, and the office's own beside them. ``province``: the files of several
        communes together, compared with each other. ``commune``: the files of one unit.
    period : {"year", "half-year", "quarter", "three-years"}
        The calendar period that `as_of` lies in; ``three-years`` is that year and the two before (sơ kết).
    confidence : float
        Confidence of the intervals, 0.5-0.999.
    privacy_threshold : int
        Least number of people a number about people may stand for.
    sections : tuple of str
        Codes of the sections, in order; empty for all.
    clock, supplement : str
        How dossiers are counted, see ``metrics.tally``.
    compare_with : int or None
        Year with whose same period the figures are compared; `previous` names its files.
    bridge : str
        What makes both years comparable although the series breaks between them; without it such a difference is
        refused.
    departures : mapping of str to str
        Key of the plan -> why the evaluation departs from it.
    inputs, previous : mapping of str to Path
        The office's own files by what they hold, see `INPUTS`; those of the year compared with.
    declared, declared_previous : mapping of str to tuple of Declaration
        What the specification itself states about these files; else the declaration beside each file is used.
    """

    name: str
    title_vi: str
    title_en: str
    as_of: str
    language: str = "vi"
    scope: str = "nation"
    period: Period = "year"
    confidence: float = 0.95
    privacy_threshold: int = MIN_COUNT
    sections: tuple[str, ...] = ()
    clock: Clock = "date"
    supplement: Supplement = "subtract"
    compare_with: int | None = None
    bridge: str = ""
    departures: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    previous: Mapping[str, Path] = field(default_factory=dict)
    declared: Mapping[str, tuple[Declaration, ...]] = field(default_factory=dict)
    declared_previous: Mapping[str, tuple[Declaration, ...]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The title in the language of the report."""
        return self.title_vi if self.language == "vi" else self.title_en

    @property
    def start(self) -> date:
        """First day of the period evaluated."""
        end, months = date.fromisoformat(self.as_of), MONTHS[self.period]
        year = end.year - 2 if self.period == "three-years" else end.year
        return date(year, (end.month - 1) // months * months + 1, 1)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file the specification names."""
        return tuple(dict.fromkeys((*self.inputs.values(), *self.previous.values())))

    @property
    def lower_is_better(self) -> tuple[str, ...]:
        """Plan targets that are declared to stay below their plan (poor households, group complaints)."""
        said = self.stated("targets")
        return tuple(t for table in said or () for t, way in table.direction.items() if way == "lower")

    def stated(self, key: str) -> tuple[Declaration, ...] | None:
        """Return what is declared of an input, here or beside its file; None where nothing is."""
        if key in self.declared:
            return self.declared[key]
        file = beside(self.inputs[key]) if key in self.inputs else None
        return tuple(from_toml(file)) if file and file.is_file() else None

    def record(self) -> dict[str, Any]:
        """Return the specification as plain values, files by their names."""

        def plain(value: object) -> object:
            if isinstance(value, Mapping):
                return {key: plain(inner) for key, inner in value.items()}
            if isinstance(value, tuple):
                return [plain(inner) for inner in value]
            if isinstance(value, Declaration):
                return plain(value.record())
            return value.name if isinstance(value, Path) else value

        return {key: plain(value) for key, value in vars(self).items()}

    def earlier(self) -> Spec:
        """Return the same evaluation of the year compared with."""
        assert self.compare_with
        end = date.fromisoformat(self.as_of)
        leap = (end.month, end.day) == (2, 29)
        day = date(self.compare_with, end.month, 28 if leap else end.day)
        then = replace(self, as_of=day.isoformat(), inputs=self.previous, declared=self.declared_previous)
        return replace(then, previous={}, declared_previous={}, compare_with=None)


def read(path: str | Path | None = None, *, files: Literal["present", "later"] = "present") -> Spec:
    """Read and check a specification.

    Parameters
    ----------
    path : path, optional
        A TOML file, or a folder with an ``evaluation.toml``; the published figures of 2026 when not given.
    files : {"present", "later"}, default "present"
        Whether the files named have to be there already.

    Raises
    ------
    ParameterError
        When the file is missing, is not TOML or UTF-8, a key is unknown, missing or out of range, or files
        are still missing. The message names the line.
    """
    file = Path(path) if path else DEFAULT
    file = file / "evaluation.toml" if file.is_dir() else file
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise ParameterError("specification-not-there", file=file) from None
    try:
        text = data.decode("utf-8-sig")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise _unreadable(file, data[: error.start].count(b"\n") + 1, "UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise _unreadable(file, int(line[1]) if line else text.count("\n") + 1, str(error)) from None
    return _Checker(raw, text, file).spec(files)


def wrong_day(day: str) -> str:
    """Return the message for what is wrong with the last day of a period; empty where nothing is."""
    try:
        return "year-before-1900" if date.fromisoformat(day).year < FIRST_YEAR else ""
    except ValueError:
        return "as-of-not-valid"


def _unreadable(file: Path, line: int, got: str) -> ParameterError:
    where = f"{file.name}, dòng/line {line}"
    return ParameterError("specification-not-toml", where=where, got=got, name=file.name)


#: Keys that have moved to the declaration of a file, and the line to write there.
_GONE = {
    "columns": '[inputs.dossiers.columns] "Ngày hẹn trả" = "due"',
    "lower_is_better": '[inputs.targets.direction] "Số hộ nghèo" = "lower"',
}


class _Checker:
    """One specification being checked: its values, and the lines on which they stand."""

    def __init__(self, raw: dict[str, Any], text: str, path: Path) -> None:
        self.raw, self.path = raw, path
        self.lines: dict[tuple[str, str], int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if header := re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line):
                table = header[1]
                self.lines.setdefault(("", table), number)
            elif key := re.match(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([\w-]+))\s*=", line):
                self.lines.setdefault((table, next(k for k in key.groups() if k)), number)

    def where(self, *keys: tuple[str, str]) -> str:
        lines = sorted({self.lines[key] for key in keys if key in self.lines})
        return f"{self.path.name}, dòng/line {', '.join(map(str, lines))}" if lines else self.path.name

    def refuse(self, code: str, *, key: str, got: object = None, table: str = "", **blanks: object) -> ParameterError:
        where = self.where((table, key) if (table, key) in self.lines else ("", table or key))
        said: dict[str, Any] = {"key": key, "table": table, **blanks}
        return ParameterError(code, where=where, got=None if got is None else repr(got), **said)

    def spec(self, files: Literal["present", "later"]) -> Spec:
        """Return the specification, or stop at the first thing that is wrong."""
        for key, line in _GONE.items():
            if key in self.raw:
                raise self.refuse("key-has-moved", key=key, line=line)
        self.known("", self.raw, [f.name for f in fields(Spec) if not f.name.startswith("declared")])
        self.texts()
        for key, allowed in WORDS.items():
            if self.raw.get(key, allowed[0]) not in allowed:
                words = ", ".join(allowed)
                raise self.refuse(
                    "no-such-choice", key=key, got=self.raw[key], name=key, words=words, near=f'{key} = "…"'
                )
        values = {**self.raw, "confidence": self.confidence(), "privacy_threshold": self.threshold()}
        values["sections"] = self.words("sections")
        found = self.raw.get("departures", {})
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise self.refuse("departures-no-table", key="departures")
        self.compared()
        return Spec(**values | self.files(files))

    def known(self, table: str, found: Mapping[str, object], allowed: list[str] | tuple[str, ...]) -> None:
        for key in found:
            if key not in allowed:
                near = ", ".join(difflib.get_close_matches(key, allowed, 1) or sorted(allowed))
                inside = Text(f" trong [{table}]" if table else "", f" in [{table}]" if table else "")
                raise self.refuse("no-such-key", key=key, table=table, inside=inside, near=near)

    def texts(self) -> None:
        if not isinstance(self.raw.get("bridge", ""), str):
            raise self.refuse("bridge-no-text", key="bridge", got=self.raw["bridge"])
        for key in ("name", "title_vi", "title_en", "as_of"):
            if not isinstance(self.raw.get(key), str) or not self.raw[key].strip():
                raise self.refuse("key-is-missing", key=key)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", self.raw["name"]):
            raise self.refuse("report-name-not-valid", key="name", got=self.raw["name"])
        if fault := wrong_day(self.raw["as_of"]):
            raise self.refuse(fault, key="as_of", got=self.raw["as_of"])

    def confidence(self) -> float:
        found = self.raw.get("confidence", 0.95)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0.5 <= found <= 0.999:
            raise self.refuse("confidence-out-of-range", key="confidence", got=found)
        return float(found)

    def threshold(self) -> int:
        found = self.raw.get("privacy_threshold", MIN_COUNT)
        if isinstance(found, bool) or not isinstance(found, int) or found < LEAST_THRESHOLD:
            key, least = "privacy_threshold", LEAST_THRESHOLD
            raise self.refuse("threshold-too-small", key=key, got=found, least=least, usual=MIN_COUNT)
        return found

    def words(self, key: str) -> tuple[str, ...]:
        found = self.raw.get(key, [])
        if not isinstance(found, list) or not all(isinstance(w, str) for w in found):
            raise self.refuse("list-of-words-wanted", key=key, got=found)
        return tuple(found)

    def compared(self) -> None:
        """Check the year compared with, and that it has files of its own."""
        found, end = self.raw.get("compare_with"), date.fromisoformat(self.raw["as_of"]).year
        latest = end - 3 if self.raw.get("period") == "three-years" else end - 1
        if found is not None and (isinstance(found, bool) or not isinstance(found, int) or not 1990 <= found <= latest):
            raise self.refuse("compared-year-too-late", key="compare_with", got=found, latest=latest)
        if found is None and "previous" in self.raw:
            raise self.refuse("compared-year-missing", key="previous", latest=latest)
        if found is not None and self.raw.get("scope", "nation") != "nation" and "previous" not in self.raw:
            raise self.refuse("compared-files-missing", key="compare_with")

    def files(self, wanted: Literal["present", "later"]) -> dict[str, Any]:
        """Return the files named, or say in one message which are still missing."""
        scope = str(self.raw.get("scope", "nation"))
        said = {key: self.named(key) for key in ("inputs", "previous")}
        tables = {key: files for key, (files, _) in said.items()}
        for table, found in tables.items():
            self.known(table, found, INPUTS[scope])
            needed = REQUIRED[scope] if table == "inputs" or found else ()
            for key in (*needed, *(("items",) if "responses" in found else ())):
                if key not in found:
                    raise self.refuse("input-is-missing", key=key, table=table)
        missing = [
            (table, key, name)
            for table, found in tables.items()
            for key, name in found.items()
            if not self.place(key, name).is_file()
        ]
        if missing and wanted == "present":
            raise self.incomplete(missing)
        placed = {t: {key: self.place(key, name) for key, name in named.items()} for t, named in tables.items()}
        for table, (_, stated) in said.items():
            for key in stated:
                if beside(placed[table][key]).is_file():
                    name = beside(placed[table][key]).name
                    raise self.refuse("input-declared-twice", key=key, table=table, name=name)
        return {**placed, "declared": said["inputs"][1], "declared_previous": said["previous"][1]}

    def named(self, table: str) -> tuple[dict[str, str], dict[str, tuple[Declaration, ...]]]:
        """Return the files a table names, and what it declares of them: ``dossiers = {file = "…", unit = …}``."""
        found = self.raw.get(table, {})
        files: dict[str, str] = {}
        stated: dict[str, tuple[Declaration, ...]] = {}
        for key, value in found.items() if isinstance(found, dict) else [("", None)]:
            entry = {"file": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
            name, single = entry.pop("file", None), entry.pop("table", None)
            if not isinstance(name, str):
                raise self.refuse("input-names-no-file", key=key, table=table)
            files[key] = name
            if entry or single:
                said = single if isinstance(single, list) else [entry]
                stated[key] = tuple(from_mapping({"as": key, **one}, self.path) for one in said)
        return files, stated

    def place(self, key: str, name: str) -> Path:
        """Return the file of an input; `items` may also name a questionnaire of the package."""
        from dvresearch.loaders.questionnaires import SHIPPED

        beside = self.path.parent / name
        return SHIPPED[name] if key == "items" and name in SHIPPED and not beside.is_file() else beside

    def incomplete(self, missing: list[tuple[str, str, str]]) -> ParameterError:
        def listed(lang: Literal["vi", "en"]) -> str:
            line = {"vi": "dòng", "en": "line"}[lang]
            return "".join(
                f"\n  - {name} ({line} {self.lines.get((table, key), '?')}): {getattr(FILES[key], lang)}"
                for table, key, name in missing
            )

        where = self.where(*((table, key) for table, key, _ in missing))
        files = Text(listed("vi"), listed("en"))
        return ParameterError("files-still-missing", where=where, count=len(missing), listed=files)
