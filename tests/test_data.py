"""The published data are what their description says, and the processed tables are built from them."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest

from dvresearch import shipped
from dvresearch.loaders import build_processed, datapackage
from dvresearch.loaders.figures import PUBLISHED

RAW = shipped.folder()
ROOT = RAW.parent.parent
PACKAGE = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES = {r["path"]: r for r in PACKAGE["resources"]}
#: Rows of each file, pinned by hand.
ROWS = {
    "sources.csv": 53,
    "units-34.csv": 34,
    "units-63.csv": 63,
    "units-63-districts.csv": 11,
    "q766-provinces-2026-10-10.csv": 34 * 17,
    "q766-national-2026.csv": 27,
    "q766-gialai-communes-2026-10-10.csv": 135 * 7 + 3 * 5,
    "sipas.csv": 80,
    "par-index.csv": 47,
    "dossier-tallies.csv": 24,
    "dossier-rates.csv": 22,
    "petitions.csv": 53,
    "models.csv": 26,
    "source-articles.csv": 61,
}


def table(name: str) -> list[dict[str, str]]:
    with (RAW / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_is_described() -> None:
    assert {p.name for p in RAW.glob("*.csv")} == set(RESOURCES) == set(ROWS)
    assert set(PUBLISHED) <= set(RESOURCES)


def test_description_is_the_one_written_from_the_files() -> None:
    assert (RAW / "datapackage.json").read_text(encoding="utf-8") == datapackage()


@pytest.mark.parametrize("name", ROWS)
def test_file_and_its_description_agree(name: str) -> None:
    resource, raw = RESOURCES[name], (RAW / name).read_bytes()
    assert resource["bytes"] == len(raw)
    assert resource["hash"] == "sha256:" + hashlib.sha256(raw).hexdigest()
    header, *rows = csv.reader(raw.decode("utf-8").splitlines())
    assert [f["name"] for f in resource["schema"]["fields"]] == header
    assert resource["rows"] == len(rows) == ROWS[name]
    assert resource["synthetic"] is False
    assert resource["licence_note"] and resource["accessed"] and resource["sources"]


@pytest.mark.parametrize("name", ROWS)
def test_file_is_plain(name: str) -> None:
    raw = (RAW / name).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw and raw.endswith(b"\n")
    for row in table(name):
        assert all(cell == cell.strip() for cell in row.values())


@pytest.mark.parametrize("name", PUBLISHED)
def test_values_have_no_more_decimals_than_are_said_to_be_printed(name: str) -> None:
    for row in table(name):
        if row["value"]:
            assert len(row["value"].rstrip("0").partition(".")[2]) <= int(row["decimals"])
        else:
            assert row["numerator"] and row["denominator"]


def test_every_source_is_used_and_every_use_has_a_source() -> None:
    listed = {row["source"] for row in table("sources.csv")}
    used = {row["source"] for name in ROWS if name != "sources.csv" for row in table(name)}
    assert listed == used


def test_sums_of_columns() -> None:
    shares = [r for r in table("q766-provinces-2026-10-10.csv") if r["indicator"] == "dossiers_in_time_share"]
    assert sum(int(r["denominator"]) for r in shares) == 14_666_757
    assert sum(int(r["communes"]) for r in table("units-34.csv")) == 3_321
    assert sum(int(r["population"]) for r in table("units-34.csv")) == 112_093_848
    assert sum(float(r["value"]) for r in table("sipas.csv") if r["indicator"] == "sipas") == pytest.approx(1898.49)


def test_nothing_names_a_person_or_a_machine() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in [*RAW.glob("*"), *(ROOT / "data/processed").glob("*")])
    assert not re.search(r"/(home|root|work|tmp)/", text)
    assert not re.search(r"\b0\d{9}\b|\b\d{12}\b|[\w.]+@[\w.]+", text)


def test_processed_tables_are_rebuilt_byte_for_byte(tmp_path: Path) -> None:
    built = {p.name: p.read_bytes() for p in build_processed(tmp_path)}
    pages = {name: built.pop(name) for name in ("glossary.md", "errors.md")}
    assert built == {p.name: p.read_bytes() for p in (ROOT / "data" / "processed").glob("*.csv")}
    assert pages == {name: (ROOT / "docs" / name).read_bytes() for name in pages}
