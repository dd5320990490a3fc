"""The published data as a whole: where they come from, their description, and the tables built from them."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from dvresearch import codebook, errors, places, shipped
from dvresearch.errors import ParameterError
from dvresearch.loaders.figures import FIGURES_FILE, load_figures, load_index766, load_tallies
from dvresearch.tables import TALLY, UNITS, Column

__all__ = ["build_processed", "cite", "datapackage", "sources"]

_CONTRACTS = {"figures": FIGURES_FILE, "tally": TALLY, "units": UNITS}
_TYPES = {"count": "number", "number": "number", "share": "number", "date": "date", "time": "datetime"}

_WORDS = {"vi": ("không ghi ngày", "Truy cập"), "en": ("no date", "Accessed")}
_ARTICLE = {"vi": "bài ", "en": "article "}


def sources() -> pd.DataFrame:
    """Return the sources of the published figures.

    Returns
    -------
    DataFrame
        One row per document or page: ``source`` (its identifier in every table), ``title`` (in quotation marks the
        title it bears, in square brackets a description of what was taken from it), ``publisher``, ``published`` and
        ``accessed`` (year, month or day, empty when not recorded), ``address``, ``locator``, ``licence_note``,
        ``reliability`` (A to C, see ``data/raw/README.md``), ``note``.
    """
    return shipped.cells("sources.csv")


def cite(source: str, lang: Literal["vi", "en"] = "vi") -> str:
    """Return the citation of one source.

    Parameters
    ----------
    source : str
        Identifier, as in the column ``source`` of every table.
    lang : {"vi", "en"}, default "vi"
        Language of the connecting words; the title stays as it is.

    Raises
    ------
    ParameterError
        When there is no such source.
    """
    table = sources().set_index("source")
    if source not in table.index:
        raise ParameterError("source-not-known", got=source, source=source)
    entry = table.loc[source]
    undated, accessed = _WORDS[lang]
    published, read = (_day(entry[c], lang) for c in ("published", "accessed"))
    parts = [f"{entry['publisher']} ({published or undated}). {entry['title']}"]
    parts += [", ".join(part for part in (entry["address"], _locator(entry["locator"], lang)) if part)]
    parts += [f"{accessed} {read}" if read else ""]
    return ". ".join(part for part in parts if part) + "."


def _locator(locator: str, lang: str) -> str:
    """Return where in the source, in words; the name of a file says nothing to a reader and stays in the table."""
    if "_" in locator or "/" in locator:
        return ""
    return re.sub(r"\b(?:bài |post|ItemID |ID |p=)(?=\d)", _ARTICLE[lang], locator)


def _day(day: str, lang: str) -> str:
    """Return a year, month or day as it is written in the language."""
    return "/".join(reversed(day.split("-"))) if lang == "vi" else day


def datapackage() -> str:
    """Return ``data/raw/datapackage.json``: what each published file is, where it comes from and its checksum.

    Titles and days of access are in ``cards.toml`` beside the files; columns come from the contracts and the codebook,
    sources from the files themselves.

    Returns
    -------
    str
        A Frictionless Data Package (version 1), JSON.
    """
    with (shipped.folder() / "cards.toml").open("rb") as file:
        cards = tomllib.load(file)
    package = {
        "profile": "tabular-data-package",
        "name": "dvresearch-published",
        "title": "Số liệu công bố dùng trong dvresearch / Published figures used by dvresearch",
        **cards.pop("package"),
        "resources": [_resource(name, card) for name, card in cards.items()],
    }
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _resource(name: str, card: dict[str, Any]) -> dict[str, Any]:
    path = shipped.folder() / f"{name}.csv"
    raw = path.read_bytes()
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    contract = _CONTRACTS.get(card["table"])
    known = {c.name: c for c in contract.columns} if contract else {}
    cited = sources().set_index("source")
    if card["table"] != "sources":
        at = header.index("source")
        cited = cited.loc[list(dict.fromkeys(row[at] for row in rows))]
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": path.name,
        "title": card["title"],
        "description": card["description"],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(raw),
        "hash": "sha256:" + hashlib.sha256(raw).hexdigest(),
        "rows": len(rows),
        "accessed": card["accessed"].isoformat(),
        "synthetic": False,
        "licence_note": "; ".join(dict.fromkeys(cited["licence_note"])),
        "sources": [
            {"title": f"{row.publisher}: {row.title}"} | ({"path": row.address} if row.address else {})
            for row in cited.itertuples()
        ],
        "schema": {"fields": [_field(name, known.get(name)) for name in header]},
    }


def _field(name: str, column: Column | None) -> dict[str, Any]:
    entry = codebook.get("column", name)
    field: dict[str, Any] = {"name": name, "type": _TYPES.get(column.kind, "string") if column else "string"}
    field["title"] = f"{entry.label_vi} / {entry.label_en}"
    if column and column.words:
        field["constraints"] = {"enum": list(column.words)}
    return field


def build_processed(target: str | Path | None = None) -> list[Path]:
    """Build the processed tables, the glossary and the page of messages, the same bytes every time.

    Parameters
    ----------
    target : path, optional
        Folder to write into; ``data/processed`` of the checkout (and ``docs`` for the pages) when not given.

    Returns
    -------
    list of Path
        The files written: ``figures.csv``, ``tallies.csv``, ``index766.csv``, ``units.csv``,
        ``crosswalk-63-34.csv``, ``glossary.md``, ``errors.md``.

    Raises
    ------
    ParameterError
        When no target is given and the package is not in a checkout.
    """
    data = shipped.folder().parent
    if target is None and data.name != "data":
        raise ParameterError("no-folder-for-processed-data")
    folder = Path(target) if target is not None else data / "processed"
    docs = folder if target is not None else data.parent / "docs"
    tables = {
        "figures.csv": load_figures(),
        "tallies.csv": load_tallies(),
        "index766.csv": pd.concat(load_index766(level=level) for level in ("province", "commune", "department")),
        "units.csv": pd.concat([places.units("34"), places.units("63"), places.units("63", "district")]),
        "crosswalk-63-34.csv": places.crosswalk("63", "34"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        (folder / name).write_text(_as_csv(table), encoding="utf-8", newline="\n")
    pages = {docs / "glossary.md": codebook.glossary(), docs / "errors.md": errors.page()}
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return [*(folder / name for name in tables), *pages]


def _as_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV with whole numbers without a decimal point and all digits of the others."""
    written = {n: column.map(_digits, na_action="ignore") for n, column in table.select_dtypes("float").items()}
    return table.assign(**written).to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
