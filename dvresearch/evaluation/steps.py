"""Steps of an evaluation that are not done twice: what each was made from, and its result on disk.

A step is a section, the summary or one rendered file. While it is made, every file of the office that it asks
for is noted; its result is used again as long as the contents of these files, the settings and the code are the same.
Nothing has to be declared, so nothing can be forgotten.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import pickle
import platform
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from dvresearch import shipped
from dvresearch.loaders.declaration import beside

__all__ = ["LIBRARIES", "Files", "Steps", "checksum", "code_version", "listening", "remembered", "versions"]

T = TypeVar("T")

#: Libraries that numbers, pictures and files come from.
LIBRARIES = (
    *("dvresearch", "pandas", "numpy", "scipy", "statsmodels", "duckdb", "pyarrow"),
    *("matplotlib", "openpyxl", "python-docx", "jinja2", "typst"),
)
_HEAD = b"dvresearch step 1\n"
#: The sets of files asked for by the steps that are being made, the innermost last.
_LISTENING: list[set[Path]] = []


@contextlib.contextmanager
def listening() -> Iterator[set[Path]]:
    """Collect the files asked for inside the block; a block around it gets to know them too."""
    asked: set[Path] = set()
    _LISTENING.append(asked)
    try:
        yield asked
    finally:
        _LISTENING.pop()
        if _LISTENING:
            _LISTENING[-1] |= asked


class Files(Mapping[str, Path]):
    """The office's files by what they hold; asking for one is noted."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)

    def __getitem__(self, key: str) -> Path:
        path = self._files[key]
        if _LISTENING:
            _LISTENING[-1].add(path)
        return path

    def __contains__(self, key: object) -> bool:
        # which files there are is a setting, not a content
        return key in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class remembered(Generic[T]):
    """A property computed once; whoever uses it later has asked for the same files."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self.__doc__ = make, make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_remembered_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> remembered[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> remembered[T] | T:
        if instance is None:
            return self
        if self._name not in vars(instance):
            with listening() as asked:
                value = self._make(instance)
            vars(instance)[self._name] = value, asked
        value, asked = vars(instance)[self._name]
        if _LISTENING:
            _LISTENING[-1] |= asked
        return value


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}}


@cache
def code_version() -> str:
    """Return one checksum of everything in the package that decides what a report says, and of the published files."""
    package = Path(__file__).parent.parent
    ours = [p for p in package.rglob("*") if p.is_file() and p.suffix not in (".pyc", ".pyo")]
    found = hashlib.sha256()
    for folder, paths in ((package, ours), (shipped.folder(), shipped.folder().iterdir())):
        for path in sorted(p for p in paths if p.is_file()):
            found.update(f"{path.relative_to(folder).as_posix()}\0{checksum(path)}\n".encode())
    return found.hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _with_declaration(path: Path) -> str:
    """Return the checksum of a file, and of the declaration that is kept beside it."""
    return ":".join(checksum(p) for p in (path, beside(path)) if p.is_file())


class Steps:
    """The results of earlier runs of one evaluation.

    Parameters
    ----------
    folder : Path or None
        Where they are kept, one file for each step; nothing is kept without it.
    settings : mapping
        What the results depend on besides the files asked for: plain values.
    files : iterable of Path
        The office's files; read once for their checksums, before any step.

    Notes
    -----
    A file that is damaged, cut short or from another version is as good as none: the step is done again. Results are
    read by an unpickler that knows the tables and blocks of a report and nothing else.
    """

    def __init__(self, folder: Path | None, settings: Mapping[str, Any], files: Iterable[Path]) -> None:
        self.folder = folder
        self._settings = json.dumps([settings, versions(), code_version()], sort_keys=True, default=str)
        self._stamps = {path: _stamp(path) for path in files}
        self._checksums = {str(path): _with_declaration(path) for path in self._stamps}
        #: What each step of this run was made from: equal for equal results.
        self.origins: dict[str, str] = {}

    def changed(self) -> list[Path]:
        """Return the office's files that were changed since this run began."""
        return [path for path, stamp in self._stamps.items() if _stamp(path) != stamp]

    def do(self, name: str, make: Callable[[], T], *more: str) -> tuple[T, bool]:
        """Return the result of a step, and whether it was there from an earlier run.

        Parameters
        ----------
        name : str
            Name of the step; a result is kept under it until another one takes its place.
        make : callable
            Makes the result.
        *more : str
            What the result depends on besides settings and files.
        """
        key = hashlib.sha256("\0".join([name, self._settings, *more]).encode()).hexdigest()
        with contextlib.suppress(Exception):  # whatever is wrong with it, it can be made again
            kept_key, files, value = self._read(name)
            if kept_key == key and all(self._checksums[path] == found for path, found in files.items()):
                if _LISTENING:
                    _LISTENING[-1] |= {Path(path) for path in files}
                self._note(name, key, files)
                return value, True
        with listening() as asked:
            value = make()
        files = {str(path): self._checksums[str(path)] for path in sorted(asked)}
        self._note(name, key, files)
        with contextlib.suppress(OSError):  # no room to keep it: the report may still find some
            self._write(name, (key, files, value))
        return value, False

    def _note(self, name: str, key: str, files: Mapping[str, str]) -> None:
        self.origins[name] = hashlib.sha256(f"{key}{sorted(files.values())}".encode()).hexdigest()

    def _read(self, name: str) -> tuple[str, dict[str, str], Any]:
        if self.folder is None:
            raise FileNotFoundError
        data = (self.folder / f"{name}.step").read_bytes()
        at = len(_HEAD)
        if data[:at] != _HEAD or hashlib.sha256(data[at + 32 :]).digest() != data[at : at + 32]:
            raise ValueError("damaged")
        return _Reader(io.BytesIO(data[at + 32 :])).load()

    def _write(self, name: str, entry: tuple[str, dict[str, str], Any]) -> None:
        if self.folder is None:
            return
        body = pickle.dumps(entry, protocol=5)
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{name}.part"
        part.write_bytes(_HEAD + hashlib.sha256(body).digest() + body)
        part.replace(self.folder / f"{name}.step")

    def forget_unused(self, but: Collection[str] = ()) -> None:
        """Delete what this run had no use for, so that the folder never grows; files named in `but` stay."""
        used = {*but, *(f"{name}.step" for name in self.origins)}
        for path in self.folder.iterdir() if self.folder and self.folder.is_dir() else ():
            if path.name not in used:
                with contextlib.suppress(OSError):
                    path.unlink()


#: What a kept result may be made of, by module.
_KNOWN = {
    "builtins": {"slice"},
    "datetime": {"date", "datetime", "timedelta"},
    "dvresearch.evaluation.build": {"Made", "drawn"},
    "dvresearch.evaluation.content": {"Checks", "Column", "Figure", "Paragraph", "Section", "Sheet"},
    "dvresearch.loaders.sheets": {"LoadReport"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "pandas": {"DataFrame", "Index", "MultiIndex", "RangeIndex", "StringDtype", "Timestamp"},
    "pandas._libs.arrays": {"__pyx_unpickle_NDArrayBacked"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pandas._libs.tslibs.timestamps": {"_unpickle_timestamp"},
    "pandas.arrays": {"ArrowStringArray", "BooleanArray", "DatetimeArray", "FloatingArray", "IntegerArray"},
    "pandas.core.indexes.base": {"_new_Index"},
    "pandas.core.internals.managers": {"BlockManager"},
    "pyarrow.lib": {"_restore_array", "py_buffer", "type_for_alias"},
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name not in _KNOWN.get(module, ()):
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)
