"""The commands. Heavy libraries load only when a command needs them."""

from __future__ import annotations

import errno
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dvresearch import __version__
from dvresearch.errors import Dialect, DvError, ParameterError

if TYPE_CHECKING:
    from dvresearch.screening.propose import Choice

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Nghiên cứu và đánh giá công tác dân vận chính quyền. / "
    "Research and evaluation of how Vietnamese local government serves and engages citizens.",
)


#: What is wrong with a command line, by the name of the error; its own words are English.
_MISUSED = {
    "NoSuchOption": "Không có lựa chọn này",
    "MissingParameter": "Thiếu tham số",
    "BadParameter": "Giá trị không dùng được",
    "BadOptionUsage": "Lựa chọn thiếu giá trị",
}
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
_Lang = Annotated[Literal["vi", "en"], typer.Option(help="Ngôn ngữ. / Language.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dvresearch {__version__}")
        raise typer.Exit


@app.callback()
def options(
    shown: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="In phiên bản. / Print the version."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def evaluate(
    specification: Annotated[
        Path | None, typer.Argument(help="Tệp evaluation.toml; bỏ trống: số liệu công bố 2026. / TOML file.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Thư mục chứa báo cáo. / Folder for reports.")] = Path("reports"),
) -> None:
    """Làm một báo cáo đánh giá. / Make one evaluation report."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    from dvresearch.evaluation import manifest
    from dvresearch.evaluation.job import evaluate as run

    columns = ("{task.description}", BarColumn(), TimeElapsedColumn(), "còn / left", TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0)
        folder = run(specification, out, lambda step, share: bar.update(task, description=step, completed=share))
    typer.echo(f"Báo cáo / report: {folder / 'report.html'}")
    typer.echo(f"Word, PDF:        {folder / 'report.docx'}, {folder / 'report.pdf'}")
    typer.echo(f"Tóm tắt / brief:  {folder / 'tom-tat.docx'}, {folder / 'tom-tat.pptx'}")
    typer.echo(f"Bảng / tables:    {folder / 'tables.xlsx'}")
    typer.echo(f"Nhật ký / log:    {folder.with_name(folder.name + '.log')}")
    if failed := manifest.read(folder)["failed"]:
        for line in (line for lang in ("vi", "en") for line in manifest.incomplete(failed, lang)):
            typer.echo(line, err=True)
        raise typer.Exit(3)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="Thư mục báo cáo. / Folder of the report.")],
    spec: Annotated[Path | None, typer.Option(help="Tệp evaluation.toml. / Its specification.")] = None,
    json: Annotated[bool, typer.Option("--json", help="In JSON. / Print JSON.")] = False,
) -> None:
    """Làm lại báo cáo từ manifest và so từng bảng, hình. / Make a report again and compare every exhibit."""
    from dvresearch.evaluation import screened
    from dvresearch.evaluation.verify import verify as run

    found = run(report, spec)
    differing = found[found["verdict"] == "fail"]
    typer.echo(screened.as_json(found) if json else "\n\n".join(screened.as_text(found, words="match")))
    if len(differing):
        typer.echo(f"Khác biệt đầu tiên / first difference: {differing['where'].iloc[0]}", err=True)
        raise typer.Exit(2)


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(help="Thư mục đích. / Target folder.")] = None,
) -> None:
    """Dựng lại data/processed/ từ data/raw/. / Rebuild data/processed/ from data/raw/."""
    from dvresearch.loaders import build_processed

    for path in build_processed(out):
        typer.echo(str(path))


@app.command()
def sources() -> None:
    """Liệt kê nguồn số liệu kèm trích dẫn. / List the sources with citations."""
    from dvresearch import loaders

    for source in loaders.sources()["source"]:
        typer.echo(f"[{source}] {loaders.cite(source)}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Tệp, hoặc thư mục / evaluation.toml. / File, folder or specification.")],
    table: Annotated[
        str, typer.Option("--as", help="dossiers, cases, II.06a …; bỏ trống: theo khai báo, hoặc tự đoán. / Or told.")
    ] = "",
    columns: Annotated[str, typer.Option(help="received=cột,due=cột,… / contract=header,…")] = "",
    sheet: Annotated[str | None, typer.Option(help="Tên trang tính. / Name of the sheet.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Asia/Ho_Chi_Minh …")] = None,
    corrections: Annotated[Path | None, typer.Option(help="Tệp đính chính. / File of corrections.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Ngày chốt số liệu, năm-tháng-ngày. / Day of the list.")] = None,
    given: Annotated[str, typer.Option(help="unit=…,kind=…,period=…: cột tệp không có. / Columns not there.")] = "",
    items: Annotated[Path | None, typer.Option(help="Tệp TOML nêu các câu hỏi. / TOML file of the items.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Ghi trang web. / Write a page.")] = False,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Ghi bảng tính. / Write a workbook.")] = False,
    json: Annotated[bool, typer.Option("--json", help="In JSON. / Print JSON.")] = False,
    lang: _Lang = "vi",
    out: Annotated[Path | None, typer.Option(help="Tệp sẽ ghi. / The file to write.")] = None,
) -> None:
    """Kiểm tra một tệp, hoặc mọi tệp của một đánh giá. / Check a file, or all files of an evaluation."""
    from dvresearch.evaluation import screened, spec
    from dvresearch.loaders.declaration import refuse_otherwise
    from dvresearch.loaders.guard import shown_name
    from dvresearch.screening import screen

    if html + xlsx + json > 1:
        raise ParameterError("one-format-only")
    stated, whole = _pairs(given), path.is_dir() or path.suffix == ".toml"
    unit = stated.get("unit")
    short: dict[str, Any] = {"columns": _pairs(columns) or None, "sheet": sheet, "timezone": timezone, "items": items}
    short |= {"corrections": corrections, "as_of": as_of}
    if whole:
        if said := [name for name, value in {"as": table, "given": stated, **short}.items() if value]:
            raise ParameterError("options-of-one-file", got=", ".join(f"--{name.replace('_', '-')}" for name in said))
        checked = screened.check_inputs(spec.read(path))
    else:
        checked = {}
        for kind in [table] if table else _kinds(path):
            refuse_otherwise(path, kind, stated)
            rest = {name: value for name, value in stated.items() if name != "unit"}
            checked[kind] = screen(path, kind, unit=unit, given=rest, **short)
    found = screened.together(checked.values())
    if json:
        typer.echo(screened.as_json(found))
    elif html or xlsx:
        typer.echo(str(screened.write(found, path, "html" if html else "xlsx", out, lang)))
    else:
        for kind, told in checked.items():
            heading = [f"[{kind or shown_name(path)}]"] if whole or len(checked) > 1 else []
            typer.echo("\n\n".join([*heading, *screened.as_text(told, lang), *([""] if whole else [])]))
        if lang == "vi" and not whole:
            unread = found.loc[found["check"] == "unreadable", "guidance_en"]
            typer.echo("\n".join(dict.fromkeys(unread)) or "(English: --lang en)")
    if screened.must_mend(found):
        raise typer.Exit(2)


def _kinds(path: Path) -> list[str]:
    """Return what a file holds, as declared beside it; what is only likely is told."""
    from dvresearch.errors import DataError
    from dvresearch.loaders.declaration import all_declared
    from dvresearch.screening.propose import likely_kind

    if kinds := [t.kind for t in all_declared(path) if t.kind]:
        return list(dict.fromkeys(kinds))
    try:
        kind = likely_kind(path) or "dossiers"
    except DataError:
        return ["dossiers"]  # the check says what is wrong with the file
    typer.echo(f"Đọc như loại / taken for: {kind} (loại khác / otherwise: --as …)", err=True)
    return [kind]


@app.command()
def declare(
    path: Annotated[Path, typer.Argument(help="Tệp dữ liệu. / The data file.")],
    table: Annotated[str, typer.Option("--as", help="dossiers, cases, models, targets …; bỏ trống: tự đoán.")] = "",
    given: Annotated[str, typer.Option(help="unit=…,period=…")] = "",
    items: Annotated[str | None, typer.Option(help="Phiếu hỏi. / Questionnaire.")] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Ghi câu hỏi ra bảng tính. / Questions as a workbook.")] = False,
    answers: Annotated[Path | None, typer.Option(help="Bảng tính đã trả lời. / The workbook with answers.")] = None,
) -> None:
    """Đề nghị tệp khai báo cạnh một tệp dữ liệu. / Propose the declaration beside a data file."""
    from dvresearch.loaders.declaration import refuse_otherwise
    from dvresearch.loaders.guard import shown_name
    from dvresearch.screening.propose import declare as run

    questions = path.with_name(f"{path.name}.cau-hoi.xlsx") if xlsx else None
    ask = _ask if sys.stdin.isatty() and not (xlsx or answers) else None
    stated = _pairs(given)
    refuse_otherwise(path, table, stated)
    short = {"given": stated, "items": Path(items) if items and Path(items).is_file() else items}
    file, made = run(path, table, ask=ask, answers=answers, questions=questions, **short)
    typer.echo(f"Khai báo / declaration: {file.with_name(shown_name(file))}")
    if made.cells:
        typer.echo(
            f"Có {made.cells} ô cần sửa trong tệp; `dvresearch check` nêu từng ô. / Cells to mend: {made.cells}."
        )
    if count := len(made.questions):
        are = "question is" if count == 1 else "questions are"
        typer.echo(f"Còn {count} câu hỏi (dòng # HỎI). / {count} {are} open (lines # HỎI).")
        if questions:
            typer.echo(f"Câu hỏi / questions: {questions.with_name(shown_name(questions))}")
    if made.cells or made.questions:
        raise typer.Exit(2)


def _ask(question: str, lines: list[Choice]) -> str:
    """Ask one question in the terminal, with numbered choices; an empty answer leaves it for later."""
    typer.echo(f"\n{question}")
    for number, line in enumerate(lines, start=1):
        typer.echo(f"  {number}. {line}" + (f"  ({line.meaning})" if line.meaning else ""))
    while said := str(typer.prompt("Số, hoặc bỏ trống để sau / number, empty for later", default="")).strip():
        if said.isdecimal() and 1 <= int(said) <= len(lines):
            line = lines[int(said) - 1]
            return line.replace("…", str(typer.prompt("… = "))) if "…" in line else line
        typer.echo(f"Gõ một số từ 1 đến {len(lines)}. / Type a number from 1 to {len(lines)}.")
    return ""


def _pairs(columns: str) -> dict[str, str]:
    """Read ``received=Ngày nhận,due=Ngày hẹn`` as contract column -> header."""
    # a comma may stand inside a header: the next pair has an equals sign of its own
    pairs = [part.partition("=") for part in re.split(r",(?=[^,]*=)", columns.strip(", ")) if part.strip()]
    if any(not (name.strip() and header.strip()) for name, _, header in pairs):
        raise ParameterError("pairs-not-read", got=columns)
    return {name.strip(): header.strip() for name, _, header in pairs}


@app.command()
def template(
    form: Annotated[str, typer.Argument(help="Mã biểu, ví dụ II.06a. / Form, for example II.06a.")],
    path: Annotated[Path, typer.Argument(help="Tệp .xlsx sẽ ghi. / The .xlsx file to write.")],
) -> None:
    """Ghi biểu trống có sẵn công thức. / Write a blank form with its formulas."""
    from dvresearch.loaders import blank_form

    typer.echo(str(blank_form(path, form)))


@app.command("questionnaire")
def print_questionnaire(
    name: Annotated[str, typer.Argument(help="five-factors, one-stop, village-meeting, hoặc tệp TOML. / or a file.")],
    path: Annotated[Path, typer.Argument(help="Tệp .docx sẽ ghi. / The .docx file to write.")],
    lang: _Lang = "vi",
) -> None:
    """Ghi phiếu hỏi để in. / Write a questionnaire to print."""
    from dvresearch.evaluation.slip import questionnaire_form

    typer.echo(str(questionnaire_form(path, name, lang=lang)))


@app.command()
def example(
    folder: Annotated[Path, typer.Argument(help="Thư mục mới. / A new folder.")],
    seed: Annotated[int, typer.Option(help="Hạt giống. / Seed.")] = 0,
) -> None:
    """Ghi ví dụ GIẢ LẬP của một xã kèm evaluation.toml. / Write the SYNTHETIC example of one commune."""
    from dvresearch.evaluation.example import write_example

    file = write_example(folder, seed=seed)
    typer.echo(f"Ví dụ giả lập / synthetic example: {file}")
    typer.echo(f"dvresearch evaluate {file}")


@app.command("new")
def new_evaluation(
    folder: Annotated[Path, typer.Argument(help="Thư mục mới. / A new folder.")],
    unit: Annotated[str, typer.Option(help="Tên đơn vị. / Name of the unit.")] = "",
    scope: Annotated[str, typer.Option(help="commune, province, nation")] = "",
    period: Annotated[str, typer.Option(help="year, half-year, quarter, three-years")] = "",
    as_of: Annotated[str, typer.Option(help="Ngày cuối kỳ, năm-tháng-ngày. / Last day of the period.")] = "",
    language: Annotated[str, typer.Option(help="vi, en")] = "vi",
    privacy_threshold: Annotated[int, typer.Option(help="Ngưỡng ẩn số nhỏ. / Least count shown.")] = 10,
    compare_with: Annotated[int, typer.Option(help="Năm so sánh; 0: không. / Year compared with; 0: none.")] = -1,
) -> None:
    """Bắt đầu một đánh giá: bản khai, biểu trống, việc cần làm. / Begin an evaluation; asks what no option says."""
    from dvresearch.evaluation.new import new

    def ask(question: str, given: str, default: str) -> str:
        return given or (str(typer.prompt(question, default=default)) if sys.stdin.isatty() else default)

    unit = ask("Tên đơn vị / unit", unit, "[tên đơn vị]")
    scope = ask("Phạm vi / scope (commune, province, nation)", scope, "commune")
    period = ask("Kỳ / period (year, half-year, quarter, three-years)", period, "year")
    end = ask("Ngày cuối kỳ, năm-tháng-ngày / last day, year-month-day", as_of, f"{date.today().year}-12-31")
    with_year = ask(
        "So với năm (0: không) / compare with (0: none)", "" if compare_with < 0 else str(compare_with), "0"
    )
    file = new(
        folder,
        unit=unit,
        as_of=end,
        scope=scope,
        period=period,
        language=language,
        privacy_threshold=privacy_threshold,
        compare_with=with_year,
    )
    typer.echo(f"Bản khai / specification: {file}")
    typer.echo(f"Việc cần làm / checklist: {file.parent / 'VIEC-CAN-LAM.md'}")
    typer.echo(f"dvresearch evaluate {folder}")


@app.command()
def plan(
    specification: Annotated[Path, typer.Argument(help="Tệp evaluation.toml hoặc thư mục chứa. / File or folder.")],
) -> None:
    """Ghi kế hoạch đánh giá có ngày, trước khi có số liệu. / Write a dated plan before the data come in."""
    from dvresearch.evaluation import spec
    from dvresearch.evaluation.compose import wanted_sections
    from dvresearch.evaluation.plan import write_plan

    planned = spec.read(specification, files="later")
    folder = specification if specification.is_dir() else specification.parent
    path = write_plan(planned, wanted_sections(planned), folder, made=date.today())
    typer.echo(f"Kế hoạch / plan: {path}")
    typer.echo(f'Thêm dưới [inputs] / add below [inputs]: plan = "{path.name}"')


@app.command()
def backtest(
    specification: Annotated[Path, typer.Argument(help="evaluation.toml của lần đã công bố. / Of the frozen one.")],
    frozen: Annotated[Path, typer.Argument(help="Thư mục báo cáo đã công bố. / Folder of the published report.")],
    revisions: Annotated[
        Path | None, typer.Option(help="Danh sách số được sửa, kèm lý do. / Revised figures with reasons.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Ghi thêm số đã đổi vào danh sách. / Add moves.")] = False,
) -> None:
    """Làm lại báo cáo cũ bằng mã hiện nay; số nào đổi mà không có lý do thì hỏng. / Fail on unexplained moves."""
    from dvresearch.evaluation.backtest import backtest as run

    rest = run(specification, frozen, revisions=revisions, record=date.today() if record else None)
    for row in rest.to_dict("records"):
        place = " | ".join(str(row[c]) for c in rest.columns if row[c] and c not in ("old", "new"))
        typer.echo(f"{place}: {row['old']} -> {row['new'] or 'không còn in / no longer printed'}")
    if count := int((rest["new"] != "").sum()):
        typer.echo(f"{count} số đã đổi, chưa nêu lý do. / {count} numbers moved without a recorded reason.")
        raise typer.Exit(2)
    typer.echo("Mọi số đã công bố giữ nguyên, hoặc có lý do. / Every published number stands, or has its reason.")


#: What the system says of a file or folder, by its number -> the message.
_OS = {
    errno.ENOENT: "path-not-there",
    errno.EACCES: "path-not-permitted",
    errno.EPERM: "path-not-permitted",
    errno.EEXIST: "path-there-already",
    errno.ENOTDIR: "path-is-no-folder",
    errno.EISDIR: "path-is-a-folder",
    errno.ENOSPC: "disk-is-full",
    errno.EROFS: "disk-is-read-only",
}


def main() -> None:
    """Run a command; an error a user can mend is two short messages and status 2, never a traceback."""
    try:
        status = app(standalone_mode=False)
    except _UsageError as error:
        _explain(error)
        sys.exit(2)
    except (DvError, OSError) as error:
        fault = error if isinstance(error, DvError) else _of_system(error)
        # only this command takes what is missing as an option; the others read the declaration
        dialect: Dialect = "terminal" if sys.argv[1:2] == ["check"] else "declaration"
        for lang in ("vi", "en"):
            print("\n".join(fault.lines(lang, dialect)), file=sys.stderr)
        sys.exit(fault.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        print("Đã dừng; báo cáo cũ còn nguyên. / Stopped; the previous report is untouched.", file=sys.stderr)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _of_system(error: OSError) -> DvError:
    """Return what the system refused as an error of this package."""
    code, where = _OS.get(error.errno or 0), str(error.filename or "") or None
    return DvError(code, where=where) if code else DvError("path-cannot-be-used", where=where, got=str(error.strerror))


def _explain(error: Exception) -> None:
    """Say in both languages what is wrong with the command line; a command without words shows its help."""
    context = getattr(error, "ctx", None)
    words = error.format_message()  # type: ignore[attr-defined]
    if not words:
        print(context.get_help() if context else "", file=sys.stderr)
        return
    helped = f"{context.command_path if context else 'dvresearch'} --help"
    what = _MISUSED.get(type(error).__name__) or (
        "Không có lệnh này" if words.startswith("No such command") else "Dòng lệnh không đúng"
    )
    param = getattr(error, "param", None)
    name = getattr(error, "option_name", None) or (param.opts[-1] if param else "")
    print(f"{what}{f': {name}' if name else ''}. Xem cách dùng: {helped}", file=sys.stderr)
    print(f"{words.rstrip('.')}. See how to use it: {helped}", file=sys.stderr)


if __name__ == "__main__":
    main()
