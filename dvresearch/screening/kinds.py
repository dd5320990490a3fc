"""Which kinds of table a file holds: what its declaration says, or what its titles, headers and answers tell."""

from __future__ import annotations

from pathlib import Path

from dvresearch.loaders.cells import finder, vocabulary
from dvresearch.loaders.convert import is_long
from dvresearch.loaders.declaration import Declaration, beside, from_toml
from dvresearch.loaders.form_layouts import FORM_CODES, printed_codes
from dvresearch.loaders.headers import find_blocks
from dvresearch.loaders.kinds import KINDS
from dvresearch.loaders.sheets import Sheet, read_sheets, texts
from dvresearch.tables import SCALES, responses_table
from dvresearch.text import plain

__all__ = ["declared_kinds", "likely_kind"]

#: Columns of answers on one scale from which a table holds a survey; rows and answers that are looked at.
_ITEMS, _HEAD, _ANSWERS = 3, 30, 200
#: Title of the first column of what an online form writes.
_ONLINE = ("dau thoi gian", "timestamp")


def declared_kinds(path: str | Path) -> list[str]:
    """Return the kinds of table that the declaration beside a file names, each once; none where it names none."""
    file = beside(path)
    return list(dict.fromkeys(t.kind for t in from_toml(file) if t.kind)) if file.is_file() else []


def likely_kind(path: str | Path) -> str:
    """Return the kind of table a file most likely holds, or the code of a form; ``""`` where nothing tells.

    A form prints its code above its table; a survey has several columns of answers on one scale, or the times of an
    online form; any other table is the one most of whose columns the headers name.
    """
    if is_long(Path(path)):
        return "dossiers"
    sheets = read_sheets(path, rows=_ANSWERS)
    heads = [texts(row) for s in sheets for row in ([s.titles] if s.titles else s.rows(0, _HEAD))]
    printed = (code for head in heads for code in printed_codes(" ".join(head)))
    if form := next((code for code in printed if code in FORM_CODES), ""):
        return form

    def named(kind: str) -> int:
        said = Declaration(kind)
        return max((len(b.names) for s in sheets for b in find_blocks(s, KINDS[kind].table, said)), default=0)

    counts = {kind: named(kind) for kind in KINDS}
    best = max(counts, key=counts.__getitem__)
    online = any(plain(title) in _ONLINE for title in heads[0])
    if online or max(map(_items, sheets)) >= max(_ITEMS, counts[best]):
        return "responses"
    return best if counts[best] else ""


def _items(sheet: Sheet) -> int:
    """Return how many columns of a sheet hold answers on one and the same scale."""
    columns = [[t for t in texts(column[:_ANSWERS]) if t] for column in sheet.columns]

    def on(scale: str) -> int:
        find = finder(vocabulary(responses_table({"item": scale}).column("item")))
        return sum(len(told) > 1 and 2 * sum(map(bool, map(find, told))) > len(told) for told in columns)

    return max(on(scale) for scale in SCALES if scale != "co_khong")
