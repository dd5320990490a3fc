"""Load spoilt files and report the worst: `python tests/fuzz.py SEED COUNT FOLDER` prints one JSON object.

A process of its own, so that its memory can be measured; tests/test_hostile.py judges the report.
"""

from __future__ import annotations

import io
import json
import random
import resource
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from dvresearch.errors import DataError
from dvresearch.loaders import load_dossiers, load_form

MAGIC = (
    b"",
    b"",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"PAR1",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x09\x08",
)


def noise(rng: random.Random) -> tuple[str, bytes]:
    """Return random bytes, some behind the first bytes of a known kind, some of the letters of a table only."""
    size = int(rng.expovariate(1 / 400)) + 1
    alphabet = rng.choice((bytes(range(256)), b'Aa0,;\t"\r\n', 'Ngày tiếp nhận,Đơn vị\n05/01/2026"'.encode()))
    return "noise.csv", rng.choice(MAGIC) + bytes(rng.choice(alphabet) for _ in range(size))


def scratch(rng: random.Random, data: bytes) -> bytes:
    """Change, cut, repeat or insert some bytes."""
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at, size = rng.randrange(len(spoilt) + 1), rng.randint(1, 40)
        match rng.randrange(5):
            case 0:
                spoilt[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del spoilt[at : at + size]
            case 2:
                spoilt[at:at] = spoilt[at : at + size] * rng.randint(1, 50)
            case 3:
                spoilt[at:at] = rng.choice((b"\0", b"\xff" * 8, b"999999999", b"-1", b"1e999", b"<", b'"', b"]]>"))
            case 4:
                del spoilt[rng.randrange(max(1, len(spoilt) // 2), len(spoilt) + 1) :]
    return bytes(spoilt)


def mutant(rng: random.Random, files: list[Path]) -> tuple[str, bytes]:
    """Return a file spoilt from outside, or an archive with one spoilt member and everything else in order."""
    source = rng.choice(files)
    data = source.read_bytes()
    if data[:2] != b"PK" or rng.random() < 0.3:
        return source.name, scratch(rng, data)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        target = rng.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, scratch(rng, content) if name == target else content)
    return source.name, out.getvalue()


def peak(who: int) -> float:
    """Return the most memory a process has had, MiB."""
    return resource.getrusage(who).ru_maxrss / 1024


def run(seed: int, count: int, good: Path) -> dict[str, object]:
    """Load `count` files, made by chance or from those of a folder."""
    rng = random.Random(seed)
    files = sorted(good.iterdir())
    load_dossiers(good / "tab.tsv")  # everything imported
    start, slowest, tables, refused = peak(resource.RUSAGE_SELF), 0.0, 0, 0
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            name, data = noise(rng) if i % 2 else mutant(rng, files)
            path = Path(folder) / name
            path.write_bytes(data)
            load: Callable[[Path], pd.DataFrame] = load_form if name.startswith("bieu") else load_dossiers
            began = time.perf_counter()
            try:
                tables += isinstance(load(path), pd.DataFrame)
            except DataError:
                refused += 1
            except BaseException:
                faults.append(f"{seed}/{i} {name}\n{traceback.format_exc()[-1500:]}")
            slowest = max(slowest, time.perf_counter() - began)
    return {
        "tables": tables,
        "refused": refused,
        "faults": faults,
        "slowest": slowest,
        "above_start": peak(resource.RUSAGE_SELF) - start,
        "reader": peak(resource.RUSAGE_CHILDREN),
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
