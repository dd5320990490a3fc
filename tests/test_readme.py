"""The READMEs and docs: their examples run, the files they name exist, and no public metric lacks its method."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from dvresearch import metrics

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.vi.md")
PAGES = [*READMES, "CONTRIBUTING.md", *(p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "docs").glob("*.md")))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
#: Files and folders named in the text, by their path from the top of the project.
NAMED = re.compile(
    r"`((?:dvresearch|tests|docs|notebooks|data|benchmarks)/[\w./-]*\w/?|[\w.-]+\.(?:md|cff|toml|yml|lock))`"
)
#: Named because they are not kept, or are an office's own.
ABSENT = {"uv.lock", "pylock.toml", "evaluation.toml", "ho-so.xlsx.khai.toml"}


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", READMES)
def test_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    out = capsys.readouterr().out
    # The portal: 788,612 of 1,065,150 dossiers of Hà Nội in time; Quế Sơn: 33,838 of 43,479 in a total not named.
    assert "788612" in out and "1065150" in out and "0.778261" in out
    assert not [*tmp_path.iterdir()], "an example of the README writes nothing"


def test_both_languages_show_the_same_commands() -> None:
    blocks = [re.findall(r"^```(\w+)\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL) for page in READMES]
    shown = [[(kind, re.sub(r"\s*#.*", "", code).replace('"vi"', '"en"')) for kind, code in page] for page in blocks]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    here = (ROOT / page).parent
    missing = [link for link in LINK.findall(text(page)) if "://" not in link and not (here / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_named_files_exist(page: str) -> None:
    named = set(NAMED.findall(text(page))) - ABSENT
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing


@pytest.mark.parametrize("page", READMES)
def test_picture_is_small(page: str) -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+\.png)\)", text(page))
    assert pictures
    for picture in pictures:
        raw = (ROOT / picture).read_bytes()
        assert raw.startswith(b"\x89PNG") and len(raw) < 150_000


def test_every_public_metric_has_its_method() -> None:
    page = text("docs/methods.md")
    named = set(re.findall(r"`(\w+)[`(]", page))
    functions = {name for name in vars(metrics) if inspect.isfunction(getattr(metrics, name))}
    assert functions <= named, sorted(functions - named)
