"""The commands. Heavy libraries load only when a command needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dvresearch import __version__
from dvresearch.errors import DvError, ParameterError, Text

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Nghiên cứu và đánh giá công tác dân vận chính quyền. / "
    "Research and evaluation of how Vietnamese local government serves and engages citizens.",
)

_STEPS = {
    "read": "Đọc bản khai / reading the specification",
    "estimate": "Nạp, kiểm tra, ước lượng / loading, checking, estimating",
    "draw": "Vẽ hình / drawing",
    "write": "Viết báo cáo / writing",
    "move": "Đặt vào chỗ / moving into place",
    "done": "Xong / done",
}


@app.command()
def evaluate(
    specification: Annotated[
        Path | None, typer.Argument(help="Tệp evaluation.toml; bỏ trống: số liệu công bố 2026. / TOML file.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Thư mục chứa báo cáo. / Folder for reports.")] = Path("reports"),
) -> None:
    """Làm một báo cáo đánh giá. / Make one evaluation report."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from dvresearch.evaluation.job import evaluate as run

    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True))
    with bar:
        task = bar.add_task("", total=1.0)
        folder = run(
            specification, out, lambda code, share: bar.update(task, description=_STEPS[code], completed=share)
        )
    typer.echo(f"Báo cáo / report: {folder / 'report.html'}")
    typer.echo(f"Word, PDF:        {folder / 'report.docx'}, {folder / 'report.pdf'}")
    typer.echo(f"Bảng / tables:    {folder / 'tables.xlsx'}")


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
    from dvresearch.loaders import cite
    from dvresearch.loaders import sources as table

    for row in table().itertuples():
        typer.echo(f"[{row.source}] {cite(row.source)}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Tệp cần kiểm tra. / The file to check.")],
    table: Annotated[str, typer.Option("--as", help="dossiers, cases, II.06a, 01/TCD … / Table or form.")] = "dossiers",
    columns: Annotated[str, typer.Option(help="received=cột,due=cột,… / contract=header,…")] = "",
    as_of: Annotated[str | None, typer.Option(help="Ngày chốt số liệu, năm-tháng-ngày. / Day of the list.")] = None,
    given: Annotated[
        str, typer.Option(help="unit=…,kind=…,period=…: cột tệp không có. / Columns not in the file.")
    ] = "",
    items: Annotated[Path | None, typer.Option(help="Tệp TOML nêu các câu hỏi. / TOML file of the items.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Ghi trang web. / Write a page.")] = False,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Ghi bảng tính. / Write a workbook.")] = False,
    json: Annotated[bool, typer.Option("--json", help="In JSON. / Print JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Tệp sẽ ghi. / The file to write.")] = None,
) -> None:
    """Kiểm tra một tệp, mọi vấn đề trong một lần. / Check a file: every problem in one pass."""
    from dvresearch.evaluation import screened
    from dvresearch.screening import screen

    if html + xlsx + json > 1:
        raise ParameterError(
            Text("Chỉ chọn một trong --html, --xlsx, --json.", "Choose one of --html, --xlsx, --json."),
            hint=Text("Bỏ bớt lựa chọn.", "Leave the others out."),
        )
    stated = _pairs(given)
    unit = stated.pop("unit", None)
    found = screen(path, table, columns=_pairs(columns) or None, unit=unit, given=stated, items=items, as_of=as_of)
    if json:
        typer.echo(screened.as_json(found))
    elif html or xlsx:
        typer.echo(str(screened.write(found, path, "html" if html else "xlsx", out)))
    else:
        typer.echo("\n\n".join(screened.as_text(found)))
    if (found["verdict"] == "fail").any():
        raise typer.Exit(2)


def _pairs(columns: str) -> dict[str, str]:
    """Read ``received=Ngày nhận,due=Ngày hẹn`` as contract column -> header."""
    pairs = [part.partition("=") for part in columns.split(",") if part.strip()]
    if any(not (name.strip() and header.strip()) for name, _, header in pairs):
        raise ParameterError(
            Text("Không đọc được --columns.", "--columns cannot be read."),
            expected=Text("cột=tiêu đề trong tệp, cách nhau bằng dấu phẩy", "column=header, separated by commas"),
            got=columns,
            hint=Text(
                'Ví dụ: --columns "received=Ngày nhận,due=Ngày hẹn"', 'For example: --columns "received=open_dt"'
            ),
        )
    return {name.strip(): header.strip() for name, _, header in pairs}


@app.command()
def template(
    form: Annotated[str, typer.Argument(help="Mã biểu, ví dụ II.06a. / Form, for example II.06a.")],
    path: Annotated[Path, typer.Argument(help="Tệp .xlsx sẽ ghi. / The .xlsx file to write.")],
) -> None:
    """Ghi biểu trống có sẵn công thức. / Write a blank form with its formulas."""
    from dvresearch.loaders import blank_form

    typer.echo(str(blank_form(path, form)))


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


@app.command()
def version() -> None:
    """In phiên bản. / Print the version."""
    typer.echo(f"dvresearch {__version__}")


def main() -> None:
    """Run a command; an error a user can mend is two short messages and status 2, never a traceback."""
    try:
        app()
    except DvError as error:
        print("\n".join(error.lines("vi")), file=sys.stderr)
        print("\n".join(error.lines("en")), file=sys.stderr)
        sys.exit(error.exit_status)
    except OSError as error:
        name, why = error.filename or "", error.strerror or type(error).__name__
        print(f"Không đọc hoặc ghi được: {name} ({why}). Kiểm tra đường dẫn và quyền ghi.", file=sys.stderr)
        print(f"Could not be read or written: {name} ({why}). Check the path and permissions.", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Đã dừng; báo cáo cũ còn nguyên. / Stopped; the previous report is untouched.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
