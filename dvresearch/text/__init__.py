"""Vietnamese text: letters, numbers, dates and periods as they are printed, and repair of what files do to them.

Functions that read (:func:`number`, :func:`date`, :func:`period`) raise
:class:`dvresearch.errors.DataError` for anything else than what they read; functions
that write (:func:`format_number` and its sisters) are the only place where numbers are rounded.
"""

from dvresearch.text.damage import REPAIRS, Repaired, repair
from dvresearch.text.dates import cell_date, column_date_order, date
from dvresearch.text.formats import format_date, format_number, format_percent
from dvresearch.text.legacy import legacy_font
from dvresearch.text.letters import nfc, plain, shape
from dvresearch.text.numerals import HEDGES, MISSING, SCALES, Number, cell_code, cell_number, column_style, number
from dvresearch.text.periods import Period, format_period, period
from dvresearch.text.targets import Target, TargetRow, read_target, target_direction, target_row

__all__ = [
    "HEDGES", "MISSING", "REPAIRS", "SCALES", "Number", "Period", "Repaired", "Target", "TargetRow", "cell_code",
    "cell_date", "cell_number", "column_date_order", "column_style", "date", "format_date",
    "format_number", "format_percent", "format_period", "legacy_font", "nfc", "number", "period", "plain",
    "read_target", "repair", "shape", "target_direction", "target_row",
]  # fmt: skip
