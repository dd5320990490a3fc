"""Checks of a report form: what its sums say, within rows and between them."""

from __future__ import annotations

import pandas as pd

from dvresearch.loaders.form_layouts import Form
from dvresearch.loaders.forms import FormReading, FormSheet
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.metrics.identities import TALLY_IDENTITIES, Identity, check_identities

__all__ = ["check_form"]


def check_form(reading: FormReading) -> list[Finding]:
    """Return what was remarked on reading a form, whether its sums hold, and whether its total rows add up."""
    found = [findings.graded(r.code, r.verdict, r.where, computed=r.seen) for r in reading.remarks]
    for part in reading.sheets:
        labels = part.frame["group"].where(part.frame["group"] != "", part.frame["unit"])
        places = [f"{part.sheet.where(int(row) - part.sheet.first_row)}, {label}" for row, label in labels.items()]
        sums = check_identities(part.frame.assign(where=places), _identities(reading.form), label=("where",))
        found += sums.drop(columns="residual").to_dict("records")
        found += _totals(part, reading.form)
    return found


def _identities(layout: Form) -> tuple[Identity, ...]:
    """Return the sums of a form: those of a tally, or those between its numbered columns."""
    if not layout.numbered:
        return TALLY_IDENTITIES
    totals = [total for total, _ in layout.sums]
    return tuple(
        Identity(check, str(total), tuple(map(str, parts)), role="link" if total in totals[:i] else "sum")
        for i, (check, (total, parts)) in enumerate(zip(layout.checks(), layout.sums, strict=True))
    )


def _totals(part: FormSheet, layout: Form) -> list[Finding]:
    """Compare each total row with the sum of the rows that it adds up."""
    found = []
    for row, parts in part.parts.items():
        place = part.sheet.where(row - part.sheet.first_row)
        total, lines = part.frame.loc[row], part.frame.loc[parts]
        for name in (c.name for c in layout.columns if c.name in part.frame):
            stated, computed = total[name], lines[name].sum(min_count=len(lines))
            known = pd.notna(stated) and pd.notna(computed)
            verdict = "unknown" if not known else "pass" if abs(stated - computed) < 0.5 else "fail"
            told = {"computed": findings.digits(computed), "stated": findings.digits(stated)}
            where = f"{place}, cột/column ({name})" if layout.numbered else f"{place}, {name}"
            found.append(findings.graded("total_row", verdict, where, **told))
    return found
