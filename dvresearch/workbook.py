"""Office files that are the same bytes every time; workbooks that run nothing when opened."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["FIXED", "fix_zip", "safe", "save"]

#: The only time stamp written into files; the manifest tells when a report was really made.
FIXED = datetime(2000, 1, 1)


def safe(value: object) -> object:
    """Return a cell value that a spreadsheet shows and never runs.

    Text from outside that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end could be
    taken for a formula, in Excel itself or after a round through CSV: it gets an
    apostrophe in front.

    Parameters
    ----------
    value : object
        What the cell is to hold; anything but text comes back unchanged.
    """
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return "'" + value
    return value


def save(workbook: Workbook, path: str | Path) -> None:
    """Write a workbook with fixed properties and time stamps.

    Parameters
    ----------
    workbook : openpyxl.Workbook
        The workbook.
    path : str or Path
        Where to.
    """
    workbook.properties.creator = "dvresearch"
    workbook.properties.created = workbook.properties.modified = FIXED
    buffer = io.BytesIO()
    workbook.save(buffer)
    Path(path).write_bytes(fix_zip(buffer.getvalue()))


def fix_zip(data: bytes) -> bytes:
    """Return an office file with every member and both its times fixed.

    Parameters
    ----------
    data : bytes
        A zip archive: a workbook or a Word file.
    """
    out = io.BytesIO()
    stamp = (FIXED.year, FIXED.month, FIXED.day, 0, 0, 0)
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "docProps/core.xml":
                content = _fix_times(content)
            info = zipfile.ZipInfo(member.filename, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            new.writestr(info, content, compresslevel=6)
    return out.getvalue()


def _fix_times(xml: bytes) -> bytes:
    """Openpyxl sets the time of saving while it saves, after every chance to set it from outside."""
    import re

    stamp = FIXED.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, xml)
