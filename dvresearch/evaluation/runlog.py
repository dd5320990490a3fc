"""The log of the runs of one evaluation, for people: what was done when, what was kept, what went wrong."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from dvresearch import __version__
from dvresearch.text import format_number

__all__ = ["Pace", "Progress", "RunLog"]

#: Given the name of a step that begins and the share of the work done, 0-1.
Progress = Callable[[str, float], None]

#: Steps a first run is expected to have; each counts as a second as long as no earlier run tells.
_STEPS = 20
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


class Pace:
    """How far a run is, judged by what each step took in earlier runs.

    Parameters
    ----------
    file : Path
        Where the seconds of each step are kept; a file that cannot be read is as good as none.
    log : RunLog
        Is told when a step ends.
    progress : callable
        Is told when a step begins.
    """

    def __init__(self, file: Path, log: RunLog, progress: Progress) -> None:
        self._file, self._log, self._progress = file, log, progress
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}
        try:
            self._expected = {str(k): float(v) for k, v in json.loads(file.read_text(encoding="utf-8")).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._expected = {}

    def begin(self, step: str) -> None:
        """Note that a step begins."""
        self._began = time.monotonic()
        done = sum(self._expected.get(name, 1.0) for name in self._seconds)
        left = sum(s for name, s in self._expected.items() if name not in self._seconds)
        left = left if self._expected else max(1.0, _STEPS - done)
        self._progress(step, done / max(done + left, 0.001))

    def end(self, step: str, *, kept: bool) -> None:
        """Note that a step ended; `kept` is one whose result was there."""
        took = time.monotonic() - self._began
        # what a step that was left out takes is known from when it was done
        self._seconds[step] = self._expected.get(step, took) if kept else took
        how = "không đổi, dùng lại" if kept else "đã làm"
        self._log.say(f"{step}: {how}, {format_number(took, 1, 'vi')} giây")

    def finish(self) -> None:
        """Note that the report stands, and keep what the steps took."""
        with contextlib.suppress(OSError):
            text = json.dumps({step: round(took, 3) for step, took in self._seconds.items()})
            self._file.write_text(text, encoding="utf-8", newline="\n")
        self._progress("report", 1.0)
