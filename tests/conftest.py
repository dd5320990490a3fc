"""Fixtures and settings shared by the tests."""

from __future__ import annotations

import importlib
import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from html import unescape
from pathlib import Path
from typing import NamedTuple

import matplotlib
import pytest
import typer.testing
from hypothesis import settings
from PIL import Image

from dvresearch.evaluation import pdf, spec
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Figure, Report

# Not the variable MPLBACKEND: the kernels of the notebooks would inherit it and draw nothing.
matplotlib.use("Agg")

# Its runner builds the whole command line anew for every call, a thirtieth of a second each time.
typer.testing._get_command = cache(typer.testing._get_command)

CAMPAIGN = os.environ.get("DVRESEARCH_CAMPAIGN") == "1"

# In a normal run the same examples every time; `run.py campaign` looks for new ones.
settings.register_profile("normal", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("campaign", max_examples=2000, deadline=None)
settings.load_profile("campaign" if CAMPAIGN else "normal")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "campaign: has a long random form, run by `run.py campaign`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "rounds" in getattr(item, "fixturenames", ()):
            item.add_marker("campaign")


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], int]:
    """Return `rounds(small, full)`: how many random rounds a test does, `full` in a campaign."""
    return lambda small, full: full if CAMPAIGN else small


@pytest.fixture(scope="session")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return `spoilt(kind)`: the folder of the files that ``tests/spoilt/<kind>.py`` makes: broken, tables or ugly."""

    @cache
    def folder(kind: str) -> Path:
        made = tmp_path_factory.mktemp(kind)
        for case in importlib.import_module(f"tests.spoilt.{kind}").cases():
            (made / case.file).write_bytes(case.content)
        return made

    return folder


@pytest.fixture(scope="session")
def validation() -> Callable[[str], Path]:
    """Return `validation(case)`: the folder of a case worked out elsewhere; skips the test when it is not there."""

    def case(name: str) -> Path:
        root = os.environ.get("DVRESEARCH_VALIDATION")
        if not root:
            pytest.skip("DVRESEARCH_VALIDATION is not set: no outside results to compare with")
        folder = Path(root) / name
        if not folder.is_dir():
            pytest.skip(f"DVRESEARCH_VALIDATION has no case {name}")
        return folder

    return case


@pytest.fixture(scope="session")
def national() -> Report:
    """Return the report of the published figures, its pictures not drawn."""
    return compose(spec.read())[0]


@pytest.fixture(scope="session")
def blank_pictures(national: Report) -> dict[str, bytes]:
    """Return an empty picture of the usual width, 20 cm high, for every figure of the national report."""
    buffer = io.BytesIO()
    Image.new("L", (1260, 1575), 255).save(buffer, "PNG", dpi=(200, 200))
    return {b.code: buffer.getvalue() for b in national.exhibits() if isinstance(b, Figure)}


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return `program(name)`: where a program of the system is; skips the test when it is not installed."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if not found:
            pytest.skip(f"{name} is not installed (.ci/run installs it)")
        return found

    return find


@pytest.fixture(scope="session")
def shipped_fonts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return variables under which a program knows the fonts of the package and no others."""
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "fonts.conf").write_text(
        f"""<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
        <dir>{pdf.FONTS}</dir><cachedir>{folder / "cache"}</cachedir>
        <alias binding="same"><family>Times New Roman</family><prefer><family>Liberation Serif</family></prefer></alias>
        </fontconfig>""",
        encoding="utf-8",
    )
    return {**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf"), "HOME": str(folder)}


class Word(NamedTuple):
    """A word on a page of a PDF; its box in mm from the left and the top."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class Page(NamedTuple):
    """A page of a PDF; its size in mm."""

    width: float
    height: float
    words: list[Word]

    def squeezed(self) -> str:
        """Return its text below the top margin without any space."""
        return "".join(w.text for w in self.words if w.top > 19).replace("\u00a0", "")


@pytest.fixture(scope="session")
def read_pdf(program: Callable[[str], str]) -> Callable[[Path], list[Page]]:
    """Return `read_pdf(path)`: the pages as poppler reads them."""

    def pages(path: Path) -> list[Page]:
        command = [program("pdftotext"), "-bbox", str(path), "-"]
        text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
        found = []
        for part in text.split("<page ")[1:]:
            mm = [float(x) / 72 * 25.4 for x in re.findall(r'(?:width|height|[xy]M\w+)="([\d.-]+)"', part)]
            words = re.findall(r">([^<]*)</word>", part)
            boxes = [mm[i : i + 4] for i in range(2, len(mm), 4)]
            found.append(Page(mm[0], mm[1], [Word(unescape(w), *b) for w, b in zip(words, boxes, strict=True)]))
        return found

    return pages


@pytest.fixture(scope="session")
def fonts_in(program: Callable[[str], str]) -> Callable[[Path], set[str]]:
    """Return `fonts_in(path)`: the names of the fonts in a PDF; fails when one is not inside the file."""

    def names(path: Path) -> set[str]:
        listed = subprocess.run([program("pdffonts"), str(path)], capture_output=True, check=True, text=True).stdout
        rows = listed.splitlines()[2:]
        assert rows and all(row.split()[-5] == "yes" for row in rows), listed
        return {row.split()[0].split("+")[-1] for row in rows}

    return names
