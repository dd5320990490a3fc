"""What is read and reported today, pinned: `python -m tests.test_pins` writes the pins anew, `changes.md` says why.

A pin says that a value has not moved, not that it is right: that is for the tests with a witness.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import inspect
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import pytest

from dvresearch import examples, loaders
from dvresearch.errors import DvError
from dvresearch.evaluation import annex, spec
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Report
from dvresearch.evaluation.example import write_example
from dvresearch.evaluation.inputs import PETITION_FORMS
from dvresearch.screening import screen
from dvresearch.tables import CASES, MODELS, RUBRIC, TARGETS
from tests import office
from tests.spoilt import broken, tables, ugly

PINS = Path(__file__).parent / "pins"
#: A sheet with more rows than this is pinned by its first two columns and a digest of each row.
LONG = 200


def digest(cells: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(cells).encode()).hexdigest()[:8]


# --- the files and how each is read -----------------------------------------------------------------------------------


class File(NamedTuple):
    """A file, what it holds, how it is loaded, and the name under which it is pinned."""

    name: str
    path: Path
    table: str
    options: Mapping[str, Any] = {}
    spoilt: bool = False


LOAD: dict[str, Callable[..., pd.DataFrame]] = {
    "dossiers": loaders.load_dossiers,
    "cases": loaders.load_cases,
    "responses": loaders.load_responses,
    "models": loaders.load_models,
    "targets": loaders.load_targets,
    "rubric": loaders.load_rubric,
    "figures": loaders.load_figures,
}


def load(file: File) -> pd.DataFrame | DvError:
    """Return what a file is loaded as, or the error that refuses it."""
    return outcome(LOAD.get(file.table, partial(loaders.load_form, form=file.table)), file)


def look(file: File) -> pd.DataFrame | DvError:
    """Return what is found in a file, or the error that refuses to look."""
    return outcome(partial(screen, table=file.table), file)


def outcome(call: Callable[..., pd.DataFrame], file: File) -> pd.DataFrame | DvError:
    """Return what a call makes of a file with those of its options that the call knows."""
    known = inspect.signature(call).parameters
    try:
        return call(file.path, **{k: v for k, v in file.options.items() if k in known})
    except DvError as error:
        return error


def written_in(folder: Path, cases: Iterable[Any]) -> Iterator[tuple[Any, Path]]:
    """Write files, one after another."""
    folder.mkdir()
    for case in cases:
        (folder / case.file).write_bytes(case.content)
        yield case, folder / case.file


def ugly_files(folder: Path) -> Iterator[File]:
    for case, path in written_in(folder / "ugly", ugly.cases()):
        yield File(f"ugly/{case.file}", path, "II.06a" if case.form else "dossiers", case.options)


def broken_files(folder: Path) -> Iterator[File]:
    good, form = folder / "danh-sach.csv", folder / "bieu.xlsx"
    good.write_bytes(broken.text([[*broken.HEADER], *broken.repeated(25)]))
    form.write_bytes(broken.form(broken.GOOD_LINE, ["", "Tổng cộng", *broken.GOOD_LINE[2:]]))
    yield File("good/danh-sach.csv", good, "dossiers")
    yield File("good/bieu.xlsx", form, "II.06a")
    for case, path in written_in(folder / "broken", broken.cases()):
        options = case.options
        if case.use == "declaration":  # stands beside a list of the same name
            name, _, kind = case.file.partition(".")
            path = path.rename(path.with_name(f"{name}.csv.{kind}")).with_name(f"{name}.csv")
            path.write_bytes(broken.text(broken.rows()))
        elif case.use == "corrections":
            options, path = {"corrections": path}, path.with_name(f"danh-sach-{case.file}")
            path.write_bytes(broken.text(broken.rows()))
        yield File(f"broken/{case.file}", path, "II.06a" if "form" in case.use else "dossiers", options, True)


def broken_tables(folder: Path) -> Iterator[File]:
    for table in (*tables.GOOD, *tables.SUMS):
        path = folder / f"{table.replace('/', '-')}.csv"
        path.write_bytes(tables.text(tables.GOOD[table]) if table in tables.GOOD else tables.form(table))
        yield File(f"good/{path.name}", path, table, {"items": tables.ITEMS} if table == "responses" else {})
    for case, path in written_in(folder / "tables", tables.cases()):
        items = {"items": tables.ITEMS} if case.table == "responses" else {}
        yield File(f"tables/{case.file}", path, case.table, items | case.options, True)


def typed_answers(folder: Path) -> Iterator[File]:
    """Answers to the questionnaires of the package, typed as numbers under codes and under wordings."""
    for name in loaders.questionnaires.SHIPPED:
        asked = loaders.questionnaire(name).questions
        numbers = [sorted(q.codes, key=int) for q in asked]
        rows = [[f"Xã Mẫu {'AB'[i % 2]}", *(n[(i + j) % len(n)] for j, n in enumerate(numbers))] for i in range(8)]
        for heads in ([q.code for q in asked], [f"{n}. {q.wording.vi}" for n, q in enumerate(asked, start=1)]):
            path = folder / f"{name}-{'codes' if heads[0] == asked[0].code else 'wordings'}.csv"
            pd.DataFrame(rows, columns=["Đơn vị", *heads]).to_csv(path, index=False)
            yield File(f"questionnaires/{path.name}", path, "responses", {"items": name})


def commune_files(file: Path) -> Iterator[File]:
    """The files of the example of one commune, as its evaluation reads them."""
    for key, path in spec.read(file).inputs.items():
        if key == "form":
            for sheet in ("Tháng 01", "Tháng 12"):
                yield File(f"commune/{path.name}/{sheet}", path, "II.06a", {"sheet": sheet})
        elif key in LOAD or key in PETITION_FORMS:
            items = {"items": spec.read(file).inputs["items"]} if key == "responses" else {}
            yield File(f"commune/{path.name}", path, PETITION_FORMS.get(key, key), items)


Loaded = tuple[File, pd.DataFrame | DvError]


def every_file_loaded(folder: Path, commune: Path) -> list[Loaded]:
    made = (ugly_files(folder), broken_files(folder), broken_tables(folder), typed_answers(folder))
    return [(file, load(file)) for file in chain(*made, commune_files(commune))]


# --- what is pinned: lines of CSV -------------------------------------------------------------------------------------


def in_full(value: Any) -> str:
    """Return a cell of a loaded table as text: floats with all their digits, times as in ISO 8601."""
    if pd.isna(value):
        return ""
    return value.isoformat() if isinstance(value, pd.Timestamp) else repr(value)


def columns_of(name: str, frame: pd.DataFrame) -> Iterator[list[str]]:
    """Yield a line for the size and the columns of a table, for its index, and for each column."""
    yield [name, "", str(len(frame)), " ".join(frame.columns)]
    for column, values in [("(index)", frame.index), *frame.items()]:
        yield [name, str(column), str(values.dtype), digest(map(in_full, values.tolist()))]


def tables_read(loaded: Iterable[Loaded]) -> Iterator[list[str]]:
    for file, end in loaded:
        if isinstance(end, pd.DataFrame):
            yield from columns_of(file.name, end)
    yield from columns_of("published figures", loaders.load_figures())
    yield from columns_of("published tallies", loaders.load_tallies())
    for level in ("province", "commune", "department"):
        yield from columns_of(f"766 index/{level}", loaders.load_index766(level=level))


def verdicts(loaded: Iterable[Loaded]) -> Iterator[list[str]]:
    """Yield what becomes of each spoilt file: whether it is loaded, what it passes, each other verdict of a check."""
    for file, end in loaded:
        if not file.spoilt:
            continue
        yield [file.name, "load", type(end).__name__ if isinstance(end, DvError) else "loaded"]
        found = look(file)
        if isinstance(found, DvError):
            yield [file.name, "screen", type(found).__name__]
            continue
        pairs = sorted(set(zip(found["check"], found["verdict"], strict=True)))
        if passed := [check for check, verdict in pairs if verdict == "pass"]:
            yield [file.name, "pass", " ".join(passed)]
        yield from ([file.name, verdict, check] for check, verdict in pairs if verdict != "pass")


def as_stored(value: Any) -> str:
    """Return a cell of a workbook as text: twelve digits, the last of a float differ from one processor to the next."""
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def report_values(report: Report, folder: Path) -> Iterator[list[str]]:
    """Yield a line for each row of `tables.xlsx`, behind the code of its exhibit: sheets are numbered, codes stay."""
    annex.write(report, folder / "tables.xlsx")
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    codes = {row[0]: row[2] for row in book.worksheets[0].iter_rows(min_row=4, max_col=3, values_only=True)}
    for sheet in book:
        for row in sheet.iter_rows(values_only=True):
            cells = [as_stored(value) for value in row]
            if any(cells):
                short = [*cells[:2], digest(cells)] if sheet.max_row > LONG else cells
                yield [str(codes.get(sheet.title, "contents")), *short]


def province(folder: Path) -> Report:
    """Compose the report of six communes with every table a province can have, compared with the year before."""
    units = examples.communes(6, seed=1)
    inputs: dict[str, dict[str, Path]] = {"inputs": {}, "previous": {}}
    for part, year in (("inputs", 2024), ("previous", 2023)):
        frame, _ = examples.dossiers(
            1500, units, seed=year, first=f"{year - 1}-11-01", last=f"{year}-12-31", as_of=f"{year}-12-31"
        )
        held = frame[(frame["received"].dt.year == year) | ~(frame["resolved"].dt.year < year)]
        inputs[part]["dossiers"] = office.write_office(held, folder / f"ho-so-{year}-gia-lap.xlsx", seed=year)
    frames = {
        "cases": (examples.cases(600, units, seed=1, first="2024-01-01", last="2024-12-31")[0], CASES),
        "models": (examples.models(40, units, seed=1, year=2024)[0], MODELS),
        "targets": (examples.targets(units, seed=1, year=2024)[0], TARGETS),
        "rubric": (examples.rubric(units, seed=1)[0], RUBRIC),
    }
    for seed, (key, (frame, table)) in enumerate(frames.items()):
        path = folder / f"{key}-2024-gia-lap.xlsx"
        inputs["inputs"][key] = office.write_office(frame, path, table=table, seed=seed)
    for key, code in PETITION_FORMS.items():
        lines, path = examples.petition_lines(code, units, seed=1), folder / f"{key}-2024-gia-lap.xlsx"
        inputs["inputs"][key] = examples.write_petition_form(lines, path, code, period="Năm 2024")
    people, _ = examples.province(loaders.questionnaire("one-stop").scales, seed=1)
    answers = people[people["responded"] == 1].drop(columns=["communes", "residents", "responded"])
    inputs["inputs"]["responses"] = folder / "phieu-2024-gia-lap.csv"
    answers.to_csv(inputs["inputs"]["responses"], index=False)
    text = 'name = "tinh"\ntitle_vi = "Tỉnh"\ntitle_en = "Province"\nscope = "province"\nas_of = "2024-12-31"\n'
    text += "compare_with = 2023\n"
    for part, files in inputs.items():
        text += f"[{part}]\n" + "".join(f'{key} = "{path.name}"\n' for key, path in files.items())
        text += 'items = "one-stop"\n' if part == "inputs" else ""
    (folder / "evaluation.toml").write_text(text, encoding="utf-8")
    return compose(spec.read(folder / "evaluation.toml"))[0]


# --- comparing and renewing -------------------------------------------------------------------------------------------

HOW = "If this is meant, type `python -m {maker}` and say why in tests/pins/changes.md, a line for each change."


def lines_of(rows: Iterable[list[str]]) -> list[str]:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().split("\n")


def assert_as_pinned(pins: str, rows: Iterable[list[str]], maker: str = "tests.test_pins") -> None:
    pinned = (PINS / pins).read_text(encoding="utf-8").split("\n")
    _, _, *moved = [*difflib.unified_diff(pinned, lines_of(rows), n=0, lineterm="")] or ["", ""]
    changed = [line for line in moved if not line.startswith("@@")]
    if changed:
        told = [f"Not as pinned in {pins} (- pinned, + today):", *changed, HOW.format(maker=maker)]
        pytest.fail("\n".join(told), pytrace=False)


def write_pins(pins: str, rows: Iterable[list[str]]) -> None:
    (PINS / pins).write_text("\n".join(lines_of(rows)), encoding="utf-8", newline="\n")


@pytest.fixture(scope="module")
def commune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_example(tmp_path_factory.mktemp("commune"), seed=0)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, commune: Path) -> list[Loaded]:
    return every_file_loaded(tmp_path_factory.mktemp("files"), commune)


def test_every_readable_file_is_read_as_pinned(loaded: list[Loaded]) -> None:
    assert_as_pinned("tables.csv", tables_read(loaded))


def test_every_spoilt_file_gets_the_pinned_verdicts(loaded: list[Loaded]) -> None:
    assert_as_pinned("verdicts.csv", verdicts(loaded))


def test_the_report_of_the_nation_holds_the_pinned_values(national: Report, tmp_path: Path) -> None:
    assert_as_pinned("nation.csv", report_values(national, tmp_path))


def test_the_report_of_a_commune_holds_the_pinned_values(commune: Path, tmp_path: Path) -> None:
    assert_as_pinned("commune.csv", report_values(compose(spec.read(commune))[0], tmp_path))


def test_the_report_of_a_province_holds_the_pinned_values(rounds: Callable[[int, int], int], tmp_path: Path) -> None:
    if not rounds(0, 1):
        pytest.skip("a province with every table takes long: run.py campaign compares it")
    assert_as_pinned("province.csv", report_values(province(tmp_path), tmp_path))


def renew() -> None:
    """Write every pin anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commune = write_example(folder / "commune", seed=0)
        loaded = every_file_loaded(folder, commune)
        (folder / "province").mkdir()
        made = {
            "tables.csv": tables_read(loaded),
            "verdicts.csv": verdicts(loaded),
            "nation.csv": report_values(compose(spec.read())[0], folder),
            "commune.csv": report_values(compose(spec.read(commune))[0], folder),
            "province.csv": report_values(province(folder / "province"), folder),
        }
        for pins, rows in made.items():
            write_pins(pins, rows)


if __name__ == "__main__":
    renew()
