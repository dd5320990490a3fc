"""Where a report is made and how it takes its place: one run at a time, whole or not at all, nobody's work lost.

Beside ``reports/<name>`` stands a hidden folder ``.<name>`` with the lock and the report being made. The finished
report takes the place of the old one in a single call where the system has one (Linux), else by two renamings that the
next run completes or undoes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dvresearch.errors import ReportError
from dvresearch.evaluation import manifest

__all__ = ["Desk", "at_desk"]

_AT_FDCWD, _EXCHANGE = -100, 2


@dataclass(frozen=True)
class Desk:
    """The places of one report: where it belongs, and below the hidden folder where it is made.

    `stopped` tells which earlier run, if any, was stopped before its end.
    """

    target: Path
    stopped: str = ""

    @property
    def folder(self) -> Path:
        """The hidden folder."""
        return self.target.with_name(f".{self.target.name}")

    @property
    def fresh(self) -> Path:
        """Where the report is made."""
        return self.folder / "new"

    @property
    def old(self) -> Path:
        """Where the replaced report waits to be deleted or kept."""
        return self.folder / "old"

    @property
    def gone(self) -> Path:
        """What is being deleted."""
        return self.folder / "gone"

    def recover(self) -> None:
        """Complete or undo what a stopped run left."""
        if self.old.exists() and not self.target.exists():
            self.old.rename(self.target)
        for left in (self.fresh, self.gone):
            if left.exists():
                shutil.rmtree(left)
        self.settle()

    def put_in_place(self) -> Path | None:
        """Let the finished report take the place of the one there; return where that one is kept, if it is."""
        _write_through(self.fresh)
        if not self.target.exists():
            self.fresh.replace(self.target)
        else:
            # Under the name `old` from here on: whichever of the two a stopped run leaves there, `settle` knows it.
            self.fresh.rename(self.old)
            if not _exchange(self.old, self.target):
                self.old.rename(self.fresh)
                self.target.rename(self.old)
                try:
                    self.fresh.replace(self.target)
                except OSError:
                    self.old.rename(self.target)
                    raise
        _write_through(self.target.parent, inside=False)
        return self.settle()

    def settle(self) -> Path | None:
        """Delete the replaced report; one that somebody wrote in, or that is fuller than the new one, is kept."""
        if not self.old.exists():
            return None
        if manifest.untouched(self.old) and manifest.complete(self.old) <= manifest.complete(self.target):
            # first out of the way: half deleted, it would look like one in which somebody deleted files
            self.old.rename(self.gone)
            shutil.rmtree(self.gone)
            return None
        numbers = (self.target.with_name(f"{self.target.name}-cu-{i}") for i in range(1, 10_000))
        return self.old.rename(next(path for path in numbers if not path.exists()))


@contextlib.contextmanager
def at_desk(target: Path) -> Iterator[Desk]:
    """Hold the desk of a report; nobody else makes the same report meanwhile.

    Parameters
    ----------
    target : Path
        Folder of the report.

    Raises
    ------
    ReportError
        When another run has it.
    """
    folder = Desk(target).folder
    folder.mkdir(parents=True, exist_ok=True)
    # The file stays: a lock on a file that may be deleted can be held twice. The system lets go of it when a process
    # ends in whatever way, so what is written in a file without a holder tells of a run that was stopped.
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        file.seek(0)
        if not _locked(file):
            pid, _, since = _words(file).partition(" ")
            raise ReportError("report-being-made", name=target.name, pid=pid, since=since)
        stopped = _words(file)
        file.truncate(0)
        file.write(f"{os.getpid()} {time.strftime('%H:%M:%S %d/%m/%Y')}\n")
        file.flush()
        try:
            desk = Desk(target, stopped)
            desk.recover()
            yield desk
        finally:
            with contextlib.suppress(OSError):
                desk.recover()
                file.truncate(0)


def _words(file: IO[str]) -> str:
    try:
        file.seek(0)
        return file.read(200).strip()
    except OSError:  # Windows does not let a locked part be read
        return "?"


def _locked(file: IO[str]) -> bool:
    """Lock a file that is open; False when somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a network drive without locks: better unguarded than not at all
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one call; False where the system or the drive has no such call."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        call = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    return call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0


def _write_through(folder: Path, *, inside: bool = True) -> None:
    """Have the disk write what is in a folder before anything rests on it."""
    paths = folder.rglob("*") if inside else ()
    for path in (*paths, folder):
        if path.is_dir() and os.name == "nt":
            continue
        handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
