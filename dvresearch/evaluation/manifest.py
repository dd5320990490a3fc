"""What a report was made from: inputs, versions, checksums, and the call behind every exhibit."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from dvresearch.evaluation.content import Figure, Report
from dvresearch.evaluation.spec import Spec

__all__ = ["NAME", "checksum", "describe", "write"]

NAME = "manifest.json"
#: Every exhibit stands in these.
_PRINTED = ("report.html", "report.docx", "report.pdf")
_LIBRARIES = ("dvresearch", "pandas", "numpy", "scipy", "matplotlib", "openpyxl", "python-docx", "jinja2", "typst")


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(report: Report, spec: Spec, folder: Path, inputs: Iterable[Path]) -> dict[str, Any]:
    """Return the manifest of a report whose files are in `folder`, without the time.

    Parameters
    ----------
    report : Report
        Its content.
    spec : Spec
        Its specification.
    folder : Path
        Where its files have been written.
    inputs : iterable of Path
        Files it was made from; named by file name, never by place.
    """
    return {
        "report": report.name,
        "title": report.title,
        "specification": {**vars(spec), "inputs": {key: path.name for key, path in spec.inputs.items()}},
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in _LIBRARIES}},
        "inputs": [{"file": p.name, "sha256": checksum(p), "bytes": p.stat().st_size} for p in sorted(inputs)],
        "exhibits": [
            {
                "code": b.code,
                "kind": type(b).__name__.lower(),
                "title": b.title,
                "call": b.call,
                "inputs": list(b.inputs),
                "files": [
                    *_PRINTED,
                    f"figures/{b.code}.png" if isinstance(b, Figure) else "tables.xlsx",
                ],
            }
            for b in report.exhibits()
        ],
        "outputs": [
            {"file": p.relative_to(folder).as_posix(), "sha256": checksum(p), "bytes": p.stat().st_size}
            for p in sorted(folder.rglob("*"))
            if p.is_file() and p.name != NAME
        ],
    }


def write(description: dict[str, Any], folder: Path) -> None:
    """Write the manifest; the time of making is its only line that differs between two equal runs."""
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps({"made": made, **description}, ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
