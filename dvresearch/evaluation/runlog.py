"""The log of the runs of one evaluation, for people: what was done when, and what went wrong."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from dvresearch import __version__

__all__ = ["Progress", "RunLog"]

#: Given the name of a step that begins and the share of the work done, 0-1.
Progress = Callable[[str, float], None]

#: Above this the file is begun anew, in bytes.
_LONGEST = 1 << 20


class RunLog:
    """Append to a log in Vietnamese, with the time of each line; a log that cannot be written stops nothing.

    Parameters
    ----------
    path : Path
        The file; no cell of an input is ever written to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, title: str) -> None:
        """Begin a run."""
        with contextlib.suppress(OSError):
            if self.path.stat().st_size > _LONGEST:
                self.path.unlink()
        now = time.strftime("%d/%m/%Y")
        self._write(f"\n==== {now}: {title} (dvresearch {__version__}, tiến trình {os.getpid()}) ====")

    def say(self, sentence: str) -> None:
        """Write a line."""
        self._write(f"{time.strftime('%H:%M:%S')}  {sentence}")

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line + "\n")
