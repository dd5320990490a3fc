"""Records that stand in a file twice: rows pasted again, and sheets that repeat others.

Codes that repeat are found by the screening; here nothing but the whole record tells. Whether two records alike are one
is for the office to say, so both are questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np
import pandas as pd

from dvresearch.errors import Answer
from dvresearch.loaders.bodies import SERIAL_TITLES
from dvresearch.loaders.cells import convert_dates
from dvresearch.loaders.declaration import WORDS
from dvresearch.loaders.headers import key
from dvresearch.loaders.reading import Reading
from dvresearch.loaders.sheets import texts

__all__ = ["look_for_repeats"]

#: Share of the rows of a sheet that stand in others, too, from which it repeats them.
_MOST = 0.9
#: Share of different rows in a sheet below which rows alike are chance, not the same record.
_DIFFERENT = 0.7
_FEW = 3  # rows below which nothing is concluded
#: Share of rows that repeat to the minute from which they are more than two people at one counter.
_MINUTES = 0.1


def look_for_repeats(readings: Sequence[Reading]) -> None:
    """Ask about rows and sheets of a file that repeat others; set rows aside where that is declared.

    Parameters
    ----------
    readings : sequence of Reading
        What was read of one file.
    """
    dated = [r for r in readings if any(c.kind in ("date", "time") for c in r.table.columns)]
    for reading in dated:
        rows = _pasted(reading)
        if rows and reading.stated.repeats == "set_aside":
            reading.leave_out("repeat", rows)
        elif rows and not reading.stated.repeats:
            answers = [Answer("repeats", str(word)) for word in WORDS["repeats"]]
            where = reading.where("", rows[:10], len(rows) - 10)
            reading.ask("records-repeat", where=where, answers=answers, blocking=True, count=len(rows))
    _sheets(dated)


def _pasted(reading: Reading) -> list[int]:
    """Return the positions of records without a key that repeat one above in every cell, a time of day among them."""
    frame = reading.frame
    code = reading.table.key[0]
    alike = frame.duplicated(keep=False).to_numpy()
    if code in frame:
        alike = alike & frame[code].isna().to_numpy()
    places = np.flatnonzero(alike).tolist()
    if not places:
        return []
    instants = []
    for name in (c.name for c in reading.table.columns if c.kind in ("date", "time")):
        cells = reading.raw(name)
        zone = reading.stated.timezone or None
        instants.append(convert_dates([cells[p] for p in places], order=reading.date_order, zone=zone).content)
    clocks = pd.concat(instants, axis=1)
    timed = (clocks != clocks.apply(lambda c: c.dt.normalize())) & clocks.notna()
    seen, found = set[tuple[object, ...]](), []
    for place, has_time in zip(places, timed.any(axis=1), strict=True):
        block, row = reading.origin(place)
        cells = [
            c[row]
            for c, title in zip(block.sheet.columns, block.titles, strict=False)
            if key(title) not in SERIAL_TITLES
        ]
        record = (block.sheet.name, *texts(cells))
        if has_time and record in seen:
            found.append(place)
        seen.add(record)
    to_the_second = bool(clocks.apply(lambda c: c.dt.second.gt(0).any()).any())
    return found if to_the_second or len(found) >= max(_FEW, _MINUTES * len(frame)) else []


def _sheets(readings: Sequence[Reading]) -> None:
    """Ask about each sheet nearly all of whose records stand in others."""
    owners = {p.block.sheet.name: r for r in readings for p in r.parts}
    if len(owners) < 2:
        return
    named = [{*p.block.columns} & {*r.frame} for r in readings for p in r.parts]
    shared = [name for name in readings[0].table.names if all(name in names for names in named)]
    dated = any(readings[0].table.column(name).kind in ("date", "time") for name in shared)
    if not dated or readings[0].table.key[0] in shared:
        return
    records = pd.util.hash_pandas_object(pd.concat([r.frame[shared] for r in readings]), index=False)
    sheets = chain.from_iterable((r.parts[n].block.sheet.name for n in r._part) for r in readings)
    rows = {name: Counter(group) for name, group in records.groupby(list(sheets))}
    for name in sorted(rows, key=lambda name: -rows[name].total()):
        mine, reading = rows[name], owners[name]
        others = {other: (mine & rows[other]).total() for other in rows if other != name}
        same = (mine & sum((rows[other] for other in others), Counter())).total()
        if len(mine) < max(_FEW, _DIFFERENT * mine.total()) or same < _MOST * mine.total():
            continue
        del rows[name]
        if reading.stated.repeats:
            continue
        repeated = [other for other, count in others.items() if count]
        unread = [Answer("unread", [*reading.stated.unread, *left]) for left in ([name], repeated)]
        reading.ask(
            "sheets-repeat",
            where=next(p.block.sheet.where() for p in reading.parts if p.block.sheet.name == name),
            answers=[*unread, Answer("repeats", "keep")],
            blocking=True,
            sheet=name,
            count=same,
            others=", ".join(f"“{other}”" for other in repeated),
        )
