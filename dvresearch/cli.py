"""The commands. Heavy libraries load only when a command needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dvresearch import __version__
from dvresearch.errors import DvError

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
    except KeyboardInterrupt:
        print("Đã dừng; báo cáo cũ còn nguyên. / Stopped; the previous report is untouched.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
